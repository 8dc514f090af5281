// SPDX-License-Identifier: MIT
//
// docs/protocol.md, "Running": where a guest stands, why, and what comes next.
#include <gmock/gmock.h>

#include "tests/link_conformance/target.hpp"

namespace fermata::conformance_test {
namespace {

using wire::StopReason;

constexpr std::int64_t instruction_ns = 8;

class Running : public Conformance {};
INSTANTIATE_TEST_SUITE_P(Each, Running, each_target(), target_name);

TEST_P(Running, OutputsHaveTheSameInstantsWhateverTheQuantum) {
  const auto outputs_by = [](Duration quantum) {
    Guest guest(target(), {.program = "time"});
    guest.run_in_quanta(after(40_ms), quantum);
    return guest.take_outputs();
  };
  const Outputs reference = outputs_by(200_ms);
  ASSERT_FALSE(reference.empty());
  for (const Duration quantum : {37_us, 1_ms, 10_ms}) {
    EXPECT_EQ(outputs_by(quantum), reference) << quantum.ns();
  }
  if (target().arch == "riscv64") {  // the very instants that the embedded machine and each QEMU agree on
    EXPECT_EQ(text_of(reference), "t=10005200\nt=20002000\nt=30000800\n");
    EXPECT_EQ(reference.front().first, 10'005'440);
    EXPECT_EQ(reference.back().first, 30'003'064);
  }
}

TEST_P(Running, ABusyGuestStandsLessThanAnInstructionBeyondItsHorizonAndAnIdleOneAtIt) {
  Guest busy(target(), {.program = "spin"});
  for (const std::int64_t horizon_ns : {1, 9, 17, 24, 1'000'001}) {
    const wire::Stop stop = busy->run_until(Instant::at(Duration::nanoseconds(horizon_ns)), limit);
    EXPECT_EQ(stop.reason, StopReason::horizon);
    EXPECT_EQ(stop.now.since_origin().ns(), (horizon_ns + instruction_ns - 1) / instruction_ns * instruction_ns);
    EXPECT_FALSE(stop.next.is_idle);
  }
  Guest idle(target(), {.program = "echo"});
  idle->run_until(after(10_ms), limit);
  for (const Duration horizon : {12'345'671_ns, 12'345'672_ns, 20_ms}) {
    const wire::Stop stop = idle->run_until(after(horizon), limit);
    EXPECT_EQ(stop.now, after(horizon));
    EXPECT_TRUE(stop.next.is_idle);
  }
}

TEST_P(Running, ReportsTellTheNextTimerOfAnIdleGuest) {
  Guest guest(target(), {.program = "idle"});
  const wire::Stop stop = guest->run_until(after(10'500_us), limit);
  EXPECT_TRUE(stop.next.is_idle);
  ASSERT_TRUE(stop.next.timer.has_value());
  EXPECT_GT(*stop.next.timer, stop.now);
  EXPECT_LE(*stop.next.timer, after(11'500_us)) << "it sleeps a millisecond at a time";
  EXPECT_EQ(guest->next_activity(), stop.next.timer);
  const Instant timer = *stop.next.timer;
  EXPECT_EQ(guest->run_until(timer - 1_ns, limit).next.timer, timer) << "nothing happens before it";
}

// However many grants are under way when it gets somewhere.
TEST_P(Running, AHorizonIsRaisedWhileTheGuestRuns) {
  SKIP_IF_IT_LACKS({.program = "echo"}, wire::link::ability_raise);
  const auto outputs_by = [](bool is_raised) {
    Guest guest(target(), {.program = "echo"});
    auto serial = guest->serial("serial0");
    for (int i = 1; i <= 20; ++i) {
      serial.send(after(i * 1_ms - 500_us), std::string(1, static_cast<char>('a' + i)));
      guest->grant(after(i * 1_ms));
      while ((!is_raised || i == 20) && guest->wait(limit).now < after(i * 1_ms)) {
      }
    }
    EXPECT_FALSE(guest->is_running());
    return guest.take_outputs();
  };
  const Outputs reference = outputs_by(false);
  EXPECT_EQ(text_of(reference), "bcdefghijklmnopqrstu");
  EXPECT_EQ(outputs_by(true), reference);
}

// A grant of the present instant delivers, and executes nothing beyond it.
TEST_P(Running, TheInstantMayBeIterated) {
  SKIP_IF_IT_LACKS({.program = "echo"}, wire::link::ability_present);
  Guest guest(target(), {.program = "echo"});
  EXPECT_EQ(guest->run_until(Instant::origin(), limit).now, Instant::origin()) << "before anything else";
  guest->run_until(after(10_ms), limit);
  for (int i = 0; i < 5; ++i) {
    guest->serial("serial0").send(guest->now(), "x");
    EXPECT_EQ(guest->run_until(after(10_ms), limit).now, after(10_ms));
    EXPECT_EQ(guest.take_outputs(), Outputs{});
  }
  guest->run_until(after(11_ms), limit);
  const Outputs iterated = guest.take_outputs();
  EXPECT_EQ(text_of(iterated), "xxxxx");
  Guest other(target(), {.program = "echo"});
  other->serial("serial0").send(after(10_ms), "xxxxx");
  other->run_until(after(11_ms), limit);
  EXPECT_EQ(other.take_outputs(), iterated);
}

TEST_P(Running, AReactiveOutputIsAnsweredAtItsOwnInstant) {
  SKIP_IF_IT_LACKS({.program = "time"}, wire::link::ability_reactive);
  Guest guest(target(), {.program = "time", .link = {.reactive = {"serial0"}}});
  Outputs plain = [] {
    Guest unasked(target(), {.program = "time"});
    unasked->run_until(after(40_ms), limit);
    return unasked.take_outputs();
  }();
  ASSERT_GT(plain.size(), 5U);
  plain.resize(5);
  for (const auto& expected : plain) {
    const wire::Stop stop = guest->run_until_output(after(40_ms), limit);
    ASSERT_EQ(stop.reason, StopReason::output);
    EXPECT_EQ(stop.now.since_origin().ns(), expected.first);
    EXPECT_EQ(guest->earliest_input(), stop.now);
    guest->serial("serial0").send(stop.now, "x");
    EXPECT_EQ(guest.take_outputs(), Outputs{expected}) << "standing there does not show in the guest";
  }
}

TEST_P(Running, PowerOffIsToldWithItsStatus) {
  SKIP_IF_IT_LACKS({.program = "exit3"});
  Guest guest(target(), {.program = "exit3"});
  const wire::Stop stop = guest->run_until(after(1_s), limit);
  EXPECT_EQ(stop.reason, StopReason::powered_off);
  EXPECT_EQ(stop.exit_status, 3);
  if (target().is_program()) {
    EXPECT_EQ(guest->close(limit), (host::ExitStatus{.code = 3})) << guest.messages();
  }
}

TEST_P(Running, AResetIsToldAndTheGuestRunsOn) {
  Guest guest(target(), {.program = "reset"});
  guest->grant(after(2'500_us));
  wire::Stop stop = guest->wait(limit);
  EXPECT_EQ(stop.reason, StopReason::reset);
  while (stop.reason == StopReason::reset) {
    stop = guest->wait(limit);
  }
  EXPECT_EQ(stop.reason, StopReason::horizon);
  EXPECT_GE(stop.now, after(2'500_us));
  EXPECT_FALSE(guest.take_outputs().empty()) << "it prints when it starts again";
}

}  // namespace
}  // namespace fermata::conformance_test
