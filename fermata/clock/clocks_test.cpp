// SPDX-License-Identifier: MIT
#include "fermata/clock/clocks.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "fermata/clock/testing/set_time.hpp"
#include "fermata/clock/timer.hpp"

namespace fermata::clock {
namespace {

using testing::at_ns;
using testing::SetHost;

class ClocksTest : public ::testing::Test {
 protected:
  ClocksTest() {
    host.monotonic.ns = 1'000;
    host.wall.ns = 5'000'000;
    host.cycles.count = 77;
  }
  time::Instant now(Clocks& clocks, ClockKind kind) { return clocks.at(kind).now(); }

  SetHost host;
};

TEST_F(ClocksTest, EachClockIsOfItsKind) {
  Clocks clocks(host.sources());
  for (const ClockKind kind : {ClockKind::realtime, ClockKind::virtual_time, ClockKind::host, ClockKind::virtual_rt}) {
    EXPECT_EQ(clocks.at(kind).kind(), kind);
    EXPECT_TRUE(clocks.at(kind).is_enabled());
  }
  EXPECT_EQ(&clocks.virtual_time(), &clocks.at(ClockKind::virtual_time));
}

TEST_F(ClocksTest, RealtimeIsTheHostsMonotonicTimeAndHostItsWallClock) {
  Clocks clocks(host.sources());
  EXPECT_EQ(now(clocks, ClockKind::realtime), at_ns(1'000));
  EXPECT_EQ(now(clocks, ClockKind::host), at_ns(5'000'000));
  host.pass_ns(10);  // while the machine is stopped
  EXPECT_EQ(now(clocks, ClockKind::realtime), at_ns(1'010));
  EXPECT_EQ(now(clocks, ClockKind::host), at_ns(5'000'010));
  host.wall.ns = 3;  // it can jump
  EXPECT_EQ(now(clocks, ClockKind::host), at_ns(3));
}

TEST_F(ClocksTest, HostDrivenVirtualTimeIsMonotonicTimeLessAllStops) {
  Clocks clocks(host.sources());
  EXPECT_EQ(clocks.virtual_time_kind(), VirtualTimeKind::host_driven);
  host.pass_ns(100);
  EXPECT_EQ(now(clocks, ClockKind::virtual_time), at_ns(0));
  clocks.resume();
  host.pass_ns(30);
  EXPECT_EQ(now(clocks, ClockKind::virtual_time), at_ns(30));
  EXPECT_EQ(now(clocks, ClockKind::virtual_rt), at_ns(30));
  clocks.stop();
  host.pass_ns(1'000);
  EXPECT_EQ(now(clocks, ClockKind::virtual_time), at_ns(30));
  EXPECT_EQ(now(clocks, ClockKind::virtual_rt), at_ns(30));
  clocks.resume();
  host.pass_ns(5);
  EXPECT_EQ(now(clocks, ClockKind::virtual_time), at_ns(35));
  EXPECT_EQ(now(clocks, ClockKind::virtual_rt), at_ns(35));
}

TEST_F(ClocksTest, InstructionDrivenVirtualTimeIsTheInstructionsAndVirtualRtTheHosts) {
  InstructionTime instructions(3);
  Clocks clocks(host.sources(), &instructions);
  EXPECT_EQ(clocks.virtual_time_kind(), VirtualTimeKind::instruction_driven);
  clocks.resume();
  host.pass_ns(1'000);
  EXPECT_EQ(now(clocks, ClockKind::virtual_time), at_ns(0));
  EXPECT_EQ(now(clocks, ClockKind::virtual_rt), at_ns(1'000));
  instructions.set_executed(10);
  EXPECT_EQ(now(clocks, ClockKind::virtual_time), at_ns(80));
  instructions.warp_to(at_ns(500));
  EXPECT_EQ(now(clocks, ClockKind::virtual_time), at_ns(500));
}

TEST_F(ClocksTest, TheThreeReadingsFreezeTogetherAndGoOnWithoutAJump) {
  Clocks clocks(host.sources());
  EXPECT_FALSE(clocks.are_ticks_enabled());
  EXPECT_EQ(clocks.cpu_ticks(), 0);
  EXPECT_EQ(clocks.cpu_clock(), at_ns(0));
  clocks.enable_ticks();
  clocks.enable_ticks();  // again is harmless
  host.pass_ns(40);
  EXPECT_TRUE(clocks.are_ticks_enabled());
  EXPECT_EQ(clocks.cpu_ticks(), 120);
  EXPECT_EQ(clocks.cpu_clock(), at_ns(40));
  clocks.disable_ticks();
  host.pass_ns(500);
  clocks.disable_ticks();
  host.pass_ns(500);
  EXPECT_EQ(clocks.cpu_ticks(), 120);
  EXPECT_EQ(clocks.cpu_clock(), at_ns(40));
  clocks.enable_ticks();
  EXPECT_EQ(clocks.cpu_ticks(), 120);
  EXPECT_EQ(clocks.cpu_clock(), at_ns(40));
  host.pass_ns(1);
  EXPECT_EQ(clocks.cpu_ticks(), 123);
  EXPECT_EQ(clocks.cpu_clock(), at_ns(41));
}

TEST_F(ClocksTest, WhereInstructionsAreCountedTheCyclesAreTheInstructionTime) {
  InstructionTime instructions(3);
  Clocks clocks(host.sources(), &instructions);
  clocks.enable_ticks();
  host.pass_ns(40);
  instructions.set_executed(6);
  EXPECT_EQ(clocks.cpu_ticks(), 48);
  EXPECT_EQ(clocks.instruction_time(), at_ns(48));
  EXPECT_EQ(clocks.cpu_clock(), at_ns(40));
  clocks.disable_ticks();
  host.pass_ns(40);
  EXPECT_EQ(clocks.cpu_ticks(), 48);
  EXPECT_EQ(clocks.instruction_time(), at_ns(48));
  clocks.enable_ticks();
  EXPECT_EQ(clocks.cpu_ticks(), 48);
  EXPECT_EQ(clocks.instruction_time(), at_ns(48));
}

TEST_F(ClocksTest, StoppingDisablesTheVirtualClockAloneAndResumingEnablesIt) {
  Clocks clocks(host.sources());
  clocks.resume();
  clocks.stop();
  EXPECT_FALSE(clocks.virtual_time().is_enabled());
  EXPECT_FALSE(clocks.are_ticks_enabled());
  EXPECT_TRUE(clocks.at(ClockKind::realtime).is_enabled());
  EXPECT_TRUE(clocks.at(ClockKind::host).is_enabled());
  EXPECT_TRUE(clocks.at(ClockKind::virtual_rt).is_enabled());
  clocks.resume();
  EXPECT_TRUE(clocks.virtual_time().is_enabled());
  EXPECT_TRUE(clocks.are_ticks_enabled());
}

TEST_F(ClocksTest, SaysWhichClocksRunWithTheHost) {
  InstructionTime instructions(3);
  Clocks by_host(host.sources());
  Clocks by_instructions(host.sources(), &instructions);
  for (Clocks* clocks : {&by_host, &by_instructions}) {
    EXPECT_TRUE(clocks->does_run_with_host(ClockKind::realtime));
    EXPECT_TRUE(clocks->does_run_with_host(ClockKind::host));
    EXPECT_FALSE(clocks->does_run_with_host(ClockKind::virtual_rt));  // stopped
    EXPECT_FALSE(clocks->does_run_with_host(ClockKind::virtual_time));
    clocks->resume();
    EXPECT_TRUE(clocks->does_run_with_host(ClockKind::virtual_rt));
  }
  EXPECT_TRUE(by_host.does_run_with_host(ClockKind::virtual_time));
  EXPECT_FALSE(by_instructions.does_run_with_host(ClockKind::virtual_time));
}

TEST_F(ClocksTest, EnablingTicksNotifiesTheClocksThatStood) {
  InstructionTime instructions(3);
  Clocks by_host(host.sources());
  Clocks by_instructions(host.sources(), &instructions);
  std::vector<ClockKind> told;
  by_host.set_default_notify([&](ClockKind kind) { told.push_back(kind); });
  by_instructions.set_default_notify([&](ClockKind kind) { told.push_back(kind); });
  TimerList host_virtual(by_host.virtual_time());
  TimerList host_virtual_rt(by_host.at(ClockKind::virtual_rt));
  TimerList host_realtime(by_host.at(ClockKind::realtime));
  TimerList counted_virtual(by_instructions.virtual_time());
  TimerList counted_virtual_rt(by_instructions.at(ClockKind::virtual_rt));
  by_host.enable_ticks();
  EXPECT_EQ(told, (std::vector{ClockKind::virtual_rt, ClockKind::virtual_time}));
  told.clear();
  by_instructions.enable_ticks();
  EXPECT_EQ(told, std::vector{ClockKind::virtual_rt});
}

TEST_F(ClocksTest, AJumpOfTheWallClockIsToldAndNotifiesItsLists) {
  Clocks clocks(host.sources());
  int notified = 0;
  std::vector<std::int64_t> jumps;
  TimerList list(clocks.at(ClockKind::host), [&] { ++notified; });
  const auto subscription = clocks.on_host_clock_jump([&](time::Duration jump) { jumps.push_back(jump.ns()); });
  host.pass_ns(1'000);
  clocks.look_for_host_clock_jump();
  EXPECT_EQ(notified, 0);
  host.wall.ns -= 2'000'000'000;
  clocks.look_for_host_clock_jump();
  clocks.look_for_host_clock_jump();
  EXPECT_EQ(notified, 1);
  EXPECT_EQ(jumps, std::vector<std::int64_t>{-2'000'000'000});
}

TEST_F(ClocksTest, ASpeedFactorScalesTheVirtualClockWithoutAJumpAndNotifies) {
  InstructionTime instructions(0);
  Clocks clocks(host.sources(), &instructions);
  int notified = 0;
  TimerList list(clocks.virtual_time(), [&] { ++notified; });
  instructions.set_executed(100);
  clocks.set_speed_factor(SpeedFactor(1, 2));
  EXPECT_EQ(notified, 1);
  EXPECT_EQ(now(clocks, ClockKind::virtual_time), at_ns(100));
  instructions.set_executed(120);
  EXPECT_EQ(now(clocks, ClockKind::virtual_time), at_ns(110));
  EXPECT_EQ(clocks.virtual_scale().source_instant_of(at_ns(115)), at_ns(130));
  EXPECT_EQ(clocks.instruction_time(), at_ns(120));
}

TEST_F(ClocksTest, OneMachinesClocksAreNotAnothers) {
  Clocks one(host.sources());
  Clocks other(host.sources());
  one.resume();
  host.pass_ns(9);
  EXPECT_EQ(now(one, ClockKind::virtual_time), at_ns(9));
  EXPECT_EQ(now(other, ClockKind::virtual_time), at_ns(0));
}

using ClocksDeathTest = ClocksTest;

TEST_F(ClocksDeathTest, ThereIsNoInstructionTimeWhereNoneIsCounted) {
  const Clocks clocks(host.sources());
  EXPECT_DEATH((void)clocks.instruction_time(), "broken precondition.*instructions are counted");
}

TEST_F(ClocksDeathTest, StoppingFromACallbackOfTheVirtualClockIsAProgrammingError) {
  Clocks clocks(host.sources());
  TimerList list(clocks.virtual_time());
  Timer timer(list, [&] { clocks.stop(); });
  timer.arm(at_ns(0));
  EXPECT_DEATH(list.run_due(), "broken precondition in disable");
}

}  // namespace
}  // namespace fermata::clock
