// SPDX-License-Identifier: MIT
//
// docs/protocol.md, "Clocks that guests share": two guests that a serial cable with a delay joins keep to each other's
// clocks, and do what they do when the simulator grants each of them a delay at a time.
#include <gmock/gmock.h>

#include <array>
#include <csignal>
#include <optional>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/sim/together.hpp"
#include "fermata/time/units.hpp"
#include "tests/link_conformance/recorded.hpp"

namespace fermata::conformance_test {
namespace {

class Together : public RecordedConformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    if (!IsSkipped()) {
      SKIP_IF_IT_LACKS({.program = "echo", .link = {.clocks = sim::share_clocks(1)}}, wire::link::ability_clocks);
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Each, Together, each_program(), target_name);

constexpr Duration instruction = 8_ns;  // by less than one a QEMU stands beyond its horizon

struct CableOptions {
  Duration delay = 50_us;
  bool keeps_checkpoints = false;
  std::array<std::string, 2> recordings{};
};

Wanted sharing(const std::shared_ptr<transport::SharedClocks>& clocks, const CableOptions& options = {},
               std::size_t index = 0) {
  return {.program = "echo",
          .keeps_checkpoints = options.keeps_checkpoints,
          .link = {.name = index == 0 ? "the first" : "the second",
                   .reactive = {"serial0"},
                   .clocks = clocks,
                   .record = options.recordings[index]}};
}

// Two guests that send back what they are sent, over a cable. From when both have booted there are bytes on it.
class Cable {
 public:
  Cable(const Target& one, const Target& other, const CableOptions& options = {})
      : delay_(options.delay),
        start_(std::max(one.booted(), other.booted())),
        guests_{Guest(one, sharing(clocks_, options, 0)), Guest(other, sharing(clocks_, options, 1))} {
    for (Guest& guest : guests_) {
      guest->run_until(start_, limit);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      guests_[i]->serial("serial0").on_output([this, i](Instant at, std::string_view bytes) {
        seen_[i] += std::string(bytes) + '@' + std::to_string(at.since_origin().ns()) + ' ';
        all_ += std::string(1, i == 0 ? '<' : '>') + std::to_string(at.since_origin().ns());
        guests_[1 - i]->serial("serial0").send(at + delay_, bytes);
      });
      guests_[i]->serial("serial0").send(start_ + 40_us, i == 0 ? "a" : "xy");
    }
  }

  void follow() {
    guests_[0]->follow(*guests_[1], delay_);
    guests_[1]->follow(*guests_[0], delay_);
  }
  void run_together(Duration span, host::HostDuration patience = limit) {
    ends_ = sim::run_together(std::array{&*guests_[0], &*guests_[1]}, start_ + span, patience);
  }
  // No guest comes further than the delay, less an instruction, beyond where the other stands.
  void run_by_grants(Duration span) {
    for (Instant at = std::max(guests_[0]->now(), guests_[1]->now()); at < start_ + span;) {
      at = std::min(at + (delay_ - instruction), start_ + span);
      for (Guest& guest : guests_) {
        guest->run_until(at, limit);
      }
    }
  }

  [[nodiscard]] const std::array<std::string, 2>& seen() const { return seen_; }
  [[nodiscard]] const std::string& all() const { return all_; }  // in the order of the calls
  [[nodiscard]] const std::vector<wire::Stop>& ends() const { return ends_; }
  Guest& guest(std::size_t i) { return guests_[i]; }
  [[nodiscard]] Instant start() const { return start_; }

 private:
  Duration delay_;
  Instant start_;
  std::shared_ptr<transport::SharedClocks> clocks_ = sim::share_clocks(2);
  std::array<Guest, 2> guests_;
  std::array<std::string, 2> seen_;
  std::string all_;
  std::vector<wire::Stop> ends_;
};

TEST_P(Together, GuestsDoWhatTheyDoByGrants) {
  for (const auto& [delay, span] : {std::pair{2_us, 1_ms}, std::pair{50_us, 3_ms}}) {
    Cable granted(target(), target(), {.delay = delay});
    granted.run_by_grants(span);
    ASSERT_THAT(granted.seen()[0], ::testing::ContainsRegex("a@.*x@.*y@.*a@"));
    std::optional<std::string> order;
    for (int run = 0; run < 2; ++run) {
      Cable cable(target(), target(), {.delay = delay});
      cable.follow();
      cable.run_together(span);
      EXPECT_EQ(cable.seen(), granted.seen()) << time::to_string(delay);
      EXPECT_EQ(cable.all(), order.value_or(cable.all())) << "handlers are called in one order";
      order = cable.all();
      EXPECT_THAT(cable.ends(), ::testing::Each(::testing::Field(&wire::Stop::now, ::testing::Ge(after(span)))));
    }
  }
}

// In pieces, at some of whose ends they stand, and go by grants for a while.
TEST_P(Together, FollowingBeginsAndEndsWhereTheyStand) {
  Cable granted(target(), target());
  granted.run_by_grants(3_ms);
  Cable cable(target(), target());
  cable.run_by_grants(500_us);
  cable.follow();
  cable.run_together(1_ms);
  cable.run_together(1_ms);
  cable.run_together(1700_us);
  for (std::size_t i = 0; i < 2; ++i) {
    cable.guest(i)->follow(*cable.guest(1 - i), 0_ns);
  }
  cable.run_by_grants(3_ms);
  EXPECT_EQ(cable.seen(), granted.seen());
}

TEST_P(Together, TheyGoBackToACheckpointTogether) {
  Cable cable(target(), target(), {.keeps_checkpoints = true});
  cable.follow();
  cable.run_together(1_ms);
  for (std::size_t i = 0; i < 2; ++i) {
    cable.guest(i)->checkpoint("one", limit);
  }
  const auto before = cable.seen();
  cable.run_together(2_ms);
  const auto once = cable.seen();
  for (std::size_t i = 0; i < 2; ++i) {
    cable.guest(i)->restore("one", limit);
  }
  cable.run_together(2_ms);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(cable.seen()[i].substr(once[i].size()), once[i].substr(before[i].size()));
  }
}

TEST_P(Together, OneThatPowersItselfOffHoldsNobodyUp) {
  const auto clocks = sim::share_clocks(2);
  SKIP_IF_IT_LACKS({.program = "exit3"});
  Guest ends(target(), {.program = "exit3", .link = {.clocks = clocks}});
  Guest goes_on(target(), sharing(clocks));
  ends->follow(*goes_on, 5_us);
  goes_on->follow(*ends, 5_us);
  const auto stops = sim::run_together(std::array{&*goes_on, &*ends}, after(5_ms), limit);
  if (!target().is_machine()) {
    EXPECT_EQ(stops[1].now, after(5_ms)) << "where its grant ends, not where it stood for clocks";
  }
  EXPECT_EQ(stops[0].reason, wire::StopReason::horizon);
  EXPECT_EQ(stops[1].reason, wire::StopReason::powered_off);
  EXPECT_EQ(stops[1].exit_status, 3);
}

TEST_P(Together, AProgramThatIsKilledIsNamed) {
  Cable cable(target(), target(), {.delay = 2_us});
  cable.follow();
  ASSERT_EQ(::kill(*cable.guest(1)->pid(), SIGKILL), 0);
  try {
    cable.run_together(10'000_ms);
    ADD_FAILURE() << "it ran";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::peer_gone) << error.what();
  }
}

TEST_P(Together, AProgramThatHangsIsNamedAtTheLimit) {
  Cable cable(target(), target(), {.delay = 2_us});
  cable.follow();
  ASSERT_EQ(::kill(*cable.guest(1)->pid(), SIGSTOP), 0);
  try {
    cable.run_together(1000_ms, 500ms);
    ADD_FAILURE() << "it ran";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::timed_out) << error.what();
    EXPECT_THAT(error.what(),
                ::testing::StartsWith("the second did not report, nor did any guest's clock move, within 0.5 s"));
  }
  ASSERT_EQ(::kill(*cable.guest(1)->pid(), SIGCONT), 0);
}

TEST_P(Together, EachIsReplayedAlone) {
  const TempFolder folder;
  const auto recordings_of = [&](const std::string& name) {
    return std::array{folder.path(name + "0"), folder.path(name + "1")};
  };
  {
    Cable granted(target(), target(), {.recordings = recordings_of("granted")});
    granted.run_by_grants(2_ms);
    Cable cable(target(), target(), {.recordings = recordings_of("together")});
    cable.follow();
    cable.run_together(2_ms);
    for (std::size_t i = 0; i < 2; ++i) {
      granted.guest(i)->close(limit);
      cable.guest(i)->close(limit);
    }
  }
  for (std::size_t i = 0; i < 2; ++i) {
    expect_equal(recordings_of("granted")[i], recordings_of("together")[i]);
    expect_replayed(recordings_of("together")[i], {.program = "echo"});
  }
}

// The other side of what is said in the guide: it is found, and nobody is late in silence.
TEST_P(Together, AnInputThatComesTooLateIsRefused) {
  Cable cable(target(), target(), {.delay = 2_us});
  cable.follow();
  cable.guest(0)->serial("serial0").on_output(
      [&](Instant at, std::string_view bytes) { cable.guest(1)->serial("serial0").send(at + 1_us, bytes); });
  EXPECT_THROW(cable.run_together(3_ms), base::BadArgument);
}

}  // namespace
}  // namespace fermata::conformance_test
