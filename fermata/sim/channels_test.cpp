// SPDX-License-Identifier: MIT
// Windows whose model is the simulator's; the other channels are tested with the guest's handle. Real guests:
// tests/machine.
#include "fermata/sim/channels.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/sim/testing/fake_guest.hpp"

namespace fermata::sim {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using namespace time::literals;
using time::Instant;
using wire::Stop;
using wire::StopReason;
using wire::link::MmioAnswer;
using wire::link::MmioRequest;
using wire::link::testing::at_ns;

constexpr auto long_enough = 30s;
constexpr std::uint16_t adc = 3;

// Writes to the window at 100 ns, reads at 200 and 300 ns, and so on, and goes on when it may.
struct Accesses {
  std::int64_t next_ns = 100;
  void operator()(wire::link::GuestSession& session, Instant horizon) {
    while (at_ns(next_ns) <= horizon && next_ns <= 400) {
      const Instant at = at_ns(next_ns);
      const bool is_write = next_ns == 100;
      next_ns += 100;
      const MmioRequest request{.offset = static_cast<std::uint64_t>(next_ns),
                                .value = is_write ? 0xabcdU : 0U,
                                .width = 4,
                                .is_write = static_cast<std::uint8_t>(is_write ? 1 : 0)};
      const bool is_to_stop = session.output(adc, at, request.bytes()) == wire::link::GuestSession::After::stop;
      if (!is_write || is_to_stop) {
        stop_at(session, at, is_write ? session.stop_wanted() : StopReason::mmio);
        return;
      }
    }
    stop_at(session, horizon);
  }
};

std::string text_of(Instant at, std::uint64_t offset, unsigned size) {
  return std::to_string(at.since_origin().ns()) + ":" + std::to_string(offset) + "/" + std::to_string(size);
}

MmioAnswer answer_of(const wire::link::testing::RecordingPort::Input& input) {
  return MmioAnswer::from(wire::link::testing::bytes_of(input.payload));
}

TEST(MmioChannel, ReadsAreAnsweredAndTheGuestGoesOn) {
  FakeGuest fake(Accesses{});
  MmioChannel channel = fake.guest->mmio("adc");
  EXPECT_EQ(channel.declared().base, 0x4000'0000U);
  EXPECT_FALSE(channel.is_reactive());
  std::vector<std::string> seen;
  channel.on_write([&](Instant at, std::uint64_t offset, unsigned size, std::uint64_t value) {
    seen.push_back(text_of(at, offset, size) + "=" + std::to_string(value));
  });
  channel.on_read([&](Instant at, std::uint64_t offset, unsigned size) {
    seen.push_back(text_of(at, offset, size));
    return MmioValue(7 * offset);
  });
  EXPECT_EQ(fake.guest->run_until(at_ns(350), long_enough), (Stop{.now = at_ns(350)}));
  EXPECT_EQ(seen, (std::vector<std::string>{"100:200/4=43981", "200:300/4", "300:400/4"}));
  ASSERT_EQ(fake.port.inputs.size(), 2U);
  EXPECT_EQ(fake.port.inputs[0].at_ns, 200);
  EXPECT_EQ(answer_of(fake.port.inputs[0]).value, 2100U);
  EXPECT_EQ(answer_of(fake.port.inputs[0]).request, 2U) << "the channel's second output";
  EXPECT_EQ(answer_of(fake.port.inputs[1]).request, 3U);
}

TEST(MmioChannel, AnAnswerMayComeLaterAndOtherInputsBeforeIt) {
  FakeGuest fake(Accesses{});
  fake.guest->mmio("adc").on_read([&](Instant at, std::uint64_t, unsigned) {
    EXPECT_EQ(fake.guest->now(), at) << "the guest stands";
    fake.guest->serial("console").send(at, "a");
    return MmioValue(1, at + 70_ns);
  });
  fake.guest->run_until(at_ns(250), long_enough);
  ASSERT_EQ(fake.port.inputs.size(), 2U);
  EXPECT_EQ(fake.port.inputs[0].payload, "a");
  EXPECT_EQ(fake.port.inputs[1].at_ns, 270);
}

TEST(MmioChannel, AHandlerKeepsWhatItCountsAndMaySetAnother) {
  FakeGuest fake(Accesses{});
  MmioChannel channel = fake.guest->mmio("adc");
  std::vector<int> given;
  channel.on_read([&, next = 1, me = channel](Instant, std::uint64_t, unsigned) mutable {
    given.push_back(next++);
    if (next == 3) {
      me.on_read([&](Instant, std::uint64_t, unsigned) { return given.emplace_back(100); });
    }
    return next;
  });
  fake.guest->run_until(at_ns(1000), long_enough);
  EXPECT_EQ(given, (std::vector<int>{1, 2, 100}));
}

TEST(MmioChannel, APollAnswersToo) {
  FakeGuest fake(Accesses{});
  int reads = 0;
  fake.guest->mmio("adc").on_read(
      [&](Instant, std::uint64_t, unsigned) { return MmioValue(static_cast<unsigned>(++reads)); });
  fake.guest->grant(at_ns(1000));
  std::optional<Stop> stop;
  for (int i = 0; i < 10 && !stop; ++i) {
    stop = fake.guest->poll();
  }
  EXPECT_EQ(stop, (Stop{.now = at_ns(1000)}));
  EXPECT_EQ(reads, 3);
}

TEST(MmioChannel, AReadThatNobodyAnswersIsAnErrorAndNotAHang) {
  FakeGuest fake(Accesses{});
  const std::string why = refusal([&] { fake.guest->run_until(at_ns(1000), long_enough); });
  EXPECT_NE(why.find("board reads 4 bytes at offset 0x12c of adc at 0.000000200 s, and nobody answers"),
            std::string::npos)
      << why;
  EXPECT_NE(refusal([&] { fake.guest->wait(long_enough); }).find("whose handler has failed"), std::string::npos);
}

TEST(MmioChannel, AHandlerThatFailsLeavesTheReadWithoutAnAnswer) {
  FakeGuest fake(Accesses{});
  fake.guest->mmio("adc").on_read(
      [](Instant, std::uint64_t, unsigned) -> MmioValue { throw std::runtime_error("the model is broken"); });
  EXPECT_EQ(refusal([&] { fake.guest->run_until(at_ns(1000), long_enough); }), "the model is broken");
  EXPECT_NE(refusal([&] { fake.guest->wait(long_enough); }).find("whose handler has failed"), std::string::npos);
  EXPECT_TRUE(fake.port.inputs.empty());
  fake.answer_named = [](wire::link::GuestSession& session) { session.done(at_ns(0)); };
  fake.guest->restore("one", long_enough);
  fake.guest->mmio("adc").on_read([](Instant, std::uint64_t, unsigned) { return 5; });
  fake.run = Accesses{.next_ns = 300};
  EXPECT_EQ(fake.guest->run_until(at_ns(1000), long_enough), (Stop{.now = at_ns(1000)})) << "taken back, it goes on";
}

TEST(MmioChannel, AnAnswerInThePastIsABadArgument) {
  FakeGuest fake(Accesses{});
  fake.guest->mmio("adc").on_read([](Instant at, std::uint64_t, unsigned) { return MmioValue(1, at - 1_ns); });
  EXPECT_NE(refusal([&] {
              fake.guest->run_until(at_ns(1000), long_enough);
            }).find("an input of adc cannot be earlier than 0.000000200 s"),
            std::string::npos);
}

TEST(MmioChannel, AWriteOfAReactiveChannelStopsTheGuestAtItsInstant) {
  FakeGuest fake(Accesses{}, {.reactive = {"adc"}});
  MmioChannel channel = fake.guest->mmio("adc");
  EXPECT_TRUE(channel.is_reactive());
  channel.on_write(
      [&](Instant at, std::uint64_t, unsigned, std::uint64_t) { fake.guest->serial("console").send(at, "x"); });
  channel.on_read([](Instant, std::uint64_t, unsigned) { return 0; });
  EXPECT_EQ(fake.guest->run_until_output(at_ns(1000), long_enough),
            (Stop{.now = at_ns(100), .reason = StopReason::output}));
  EXPECT_EQ(fake.guest->run_until_output(at_ns(1000), long_enough), (Stop{.now = at_ns(1000)}))
      << "reads are no outputs to come back for";
  EXPECT_EQ(fake.port.inputs.size(), 4U);
}

}  // namespace
}  // namespace fermata::sim
