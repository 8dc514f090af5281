// SPDX-License-Identifier: MIT
//
// Simulators that break the protocol: each breach is refused in words, the stream closed, the machine ended.
#include <gmock/gmock.h>

#include "tests/link_conformance/raw_link.hpp"

namespace fermata::conformance_test {
namespace {

using namespace wire::link;

using Bytes = std::vector<std::byte>;

// What is said to a guest that stands at 1 ms, and what it finds wrong with it.
struct Breach {
  const char* name;
  Bytes message;
  const char* complaint;
};

template <typename Body>
Bytes message(Body body, std::uint16_t channel = 0) {
  Bytes bytes;
  append(bytes, body, channel);
  return bytes;
}

Bytes input(Instant at, std::uint64_t sequence, std::size_t count, std::uint16_t channel = 1, std::uint32_t zero = 0) {
  Bytes bytes;
  const Bytes payload(count, std::byte{'x'});
  append(bytes, MessageType::input, channel,
         Data{.header = {}, .at_ns = at.since_origin().ns(), .sequence = sequence, .zero = zero}, payload);
  return bytes;
}

Bytes changed(Bytes bytes, std::size_t offset, std::uint8_t value) {
  bytes.at(offset) = std::byte{value};
  return bytes;
}

Bytes named(MessageType type, std::string_view name) {
  Bytes bytes;
  append(bytes, type, 0, Named{}, std::as_bytes(std::span(name)));
  return bytes;
}

Bytes operator+(Bytes bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
  return bytes;
}

std::vector<Breach> breaches(Instant now) {
  const std::int64_t now_ns = now.since_origin().ns();
  Bytes beyond_bound;
  for (std::uint64_t i = 1; i <= 17; ++i) {
    beyond_bound = beyond_bound + input(now + 1_s, i, max_payload);
  }
  const Bytes grant = message(Grant{.header = {}, .horizon_ns = now_ns + 1000, .reports = 1});
  return {
      {"an_unknown_channel", input(now, 1, 1, 99), "channel 99: there are 1 to"},
      {"channel_0", input(now, 1, 1, 0), "channel 0"},
      {"an_input_in_the_past", input(now - 1_ns, 1, 1), "where the guest may be at"},
      {"an_input_before_the_horizon_of_a_running_guest",
       message(Grant{.header = {}, .horizon_ns = 1'000'000'000'000, .reports = 1}) + input(now + 1_ms, 1, 1),
       "where the guest may be at"},
      {"a_gap_in_the_sequence", input(now, 2, 1), "input 2 of serial0 after input 0"},
      {"an_instant_before_that_of_the_input_before", input(now + 9_ns, 1, 1) + input(now + 8_ns, 2, 1),
       "out of order in time"},
      {"no_payload", input(now, 1, 0), "an input of serial0"},
      {"more_than_the_input_bound", beyond_bound, "bytes on their way to serial0"},
      {"an_oversize_payload", input(now, 1, max_payload + 1), "65576"},
      {"a_field_that_must_be_0", input(now, 1, 1, 1, 7), "out of order"},
      {"a_filling_that_is_not_0", changed(input(now, 1, 1), 39, 1), "filled up"},
      {"a_length_that_does_not_fit", changed(input(now, 1, 1), 28, 9), "a message of type 16 with 40 bytes"},
      {"a_size_of_12", changed(message(Bye{}), 0, 12) + Bytes(4), "12"},
      {"a_size_of_0", Bytes(8), "0"},
      {"a_lesser_horizon", message(Grant{.header = {}, .horizon_ns = now_ns - 1, .reports = 1}), "a horizon of"},
      {"a_grant_that_counts_too_many_reports", message(Grant{.header = {}, .horizon_ns = now_ns + 1, .reports = 2}),
       "counts 2 reports of 1"},
      {"a_grant_on_a_channel", changed(grant, 6, 1), "channel"},
      {"milestones_while_it_runs",
       message(Grant{.header = {}, .horizon_ns = 1'000'000'000'000, .reports = 1}) +
           message(AskMilestones{.header = {}, .first_ns = 5, .interval_ns = 5}),
       "milestones"},
      {"a_negative_milestone", message(AskMilestones{.header = {}, .first_ns = -5, .interval_ns = 5}), "-"},
      {"a_checkpoint_without_a_name", named(MessageType::checkpoint, ""), "a name that is none"},
      {"a_checkpoint_in_another_folder", named(MessageType::checkpoint, "../x"), "a name that is none"},
      {"a_checkpoint_while_it_runs",
       message(Grant{.header = {}, .horizon_ns = 1'000'000'000'000, .reports = 1}) +
           named(MessageType::checkpoint, "one"),
       "runs"},
      {"a_selection_after_the_handshake", message(Select{.header = {}, .flags = 1}, 1), "SELECT after the hand-shake"},
      {"a_second_hello",
       [] {
         Bytes bytes;
         append(bytes, Hello{}, "x");
         return bytes;
       }(),
       "type 1"},
      {"a_guests_message", message(Report{}), "type 19"},
      {"an_unknown_type", changed(message(Bye{}), 4, 99), "type 99"},
  };
}

class Refusal : public Conformance {};
INSTANTIATE_TEST_SUITE_P(Each, Refusal, each_target(), target_name);

TEST_P(Refusal, OfEachBreachInWords) {
  if (target().arch != "riscv64") {
    GTEST_SKIP() << "the same agent as on riscv64, which is tested";
  }
  for (const Breach& breach : breaches(after(1_ms))) {
    RawLink link(target(), {.program = "spin"});
    link.open();
    ASSERT_EQ(link.run_until(after(1_ms)).now, after(1_ms));
    link.say(breach.message);
    EXPECT_THAT(link.refusal(),
                ::testing::AllOf(::testing::HasSubstr("refuses: "), ::testing::HasSubstr(breach.complaint)))
        << breach.name;
    if (target().is_program()) {
      EXPECT_EQ(link.end(), (host::ExitStatus{.code = target().guest == "7.2" ? 0 : 1})) << breach.name;
    }
  }
}

// To a guest that waits for the answer to its first read.
class Answers : public Conformance {
 protected:
  static constexpr std::uint16_t window = 2;

  void SetUp() override {
    Conformance::SetUp();
    if (IsSkipped()) {
      return;
    }
    const Wanted wanted{.program = "commands", .has_window = true};
    SKIP_IF_IT_LACKS(wanted);
    link_.emplace(target(), wanted);
    link_->open();
    link_->run_until(after(1_ms));
    link_->session().input(1, after(2_ms), std::as_bytes(std::span("rr", 2)));
    stop_ = link_->run_until(after(20_ms));
    ASSERT_EQ(stop_.reason, wire::StopReason::mmio);
    ASSERT_EQ(link_->outputs().size(), 1U);
    ASSERT_EQ(link_->outputs()[0].at, stop_.now);
    ASSERT_EQ(link_->outputs()[0].channel, window);
  }
  static Bytes answer(Instant at, std::uint64_t sequence, std::uint64_t request) {
    Bytes bytes;
    const MmioAnswer body{.value = 5, .request = request};
    append(bytes, MessageType::input, window, Data{.header = {}, .at_ns = at.since_origin().ns(), .sequence = sequence},
           body.bytes());
    return bytes;
  }
  std::string refusal_of(const Bytes& bytes) {
    link_->say(bytes);
    return link_->refusal();
  }

  std::optional<RawLink> link_;
  wire::Stop stop_;
};
INSTANTIATE_TEST_SUITE_P(Each, Answers, each_target(), target_name);

TEST_P(Answers, InThePastAreRefused) {
  EXPECT_THAT(refusal_of(answer(stop_.now - 1_ns, 1, 1)), ::testing::HasSubstr("where the guest may be at"));
}

TEST_P(Answers, ToAnotherRequestAreRefused) {
  EXPECT_THAT(refusal_of(answer(stop_.now, 1, 2)),
              ::testing::HasSubstr("an answer to request 2 of board, which waits for that to request 1"));
}

TEST_P(Answers, BeforeTheFirstIsTakenAreRefused) {
  EXPECT_THAT(refusal_of(answer(stop_.now + 1_us, 1, 1) + answer(stop_.now + 1_us, 2, 1)),
              ::testing::HasSubstr("an answer to request 1 of board, which waits for none"));
}

TEST_P(Answers, ToAReadThatWasAnsweredAreRefused) {
  link_->session().input(window, stop_.now, MmioAnswer{.value = 5, .request = 1}.bytes());
  const wire::Stop next = link_->run_until(after(20_ms));
  ASSERT_EQ(next.reason, wire::StopReason::mmio);
  EXPECT_THAT(refusal_of(answer(next.now, 2, 1)),
              ::testing::HasSubstr("an answer to request 1 of board, which waits for that to request 2"));
}

// The guest stalls until its horizon.
TEST_P(Answers, MayComeAfterAGrant) {
  const wire::Stop stalled = link_->run_until(after(20_ms));
  EXPECT_EQ(stalled.reason, wire::StopReason::horizon);
  EXPECT_EQ(stalled.now, after(20_ms));
  EXPECT_TRUE(stalled.next.is_idle);
  link_->session().input(window, after(21_ms), MmioAnswer{.value = 5, .request = 1}.bytes());
  const wire::Stop next = link_->run_until(after(30_ms));
  EXPECT_EQ(next.reason, wire::StopReason::mmio) << "the next read";
  EXPECT_GT(next.now, after(21_ms));
  EXPECT_LT(next.now, after(22_ms));
}

}  // namespace
}  // namespace fermata::conformance_test
