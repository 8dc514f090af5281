// SPDX-License-Identifier: MIT
#include "fermata/clock/timer_list_group.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "fermata/clock/testing/set_time.hpp"
#include "fermata/clock/timer.hpp"

namespace fermata::clock {
namespace {

using testing::at_ns;
using ::testing::ElementsAre;
using testing::SetHost;
using time::Duration;

class TimerListGroupTest : public ::testing::Test {
 protected:
  SetHost host;
  InstructionTime instructions{0};
  Clocks by_host{host.sources()};
  Clocks by_instructions{host.sources(), &instructions};
};

TEST_F(TimerListGroupTest, HasAListForEachClock) {
  TimerListGroup group(by_host);
  for (const ClockKind kind : {ClockKind::realtime, ClockKind::virtual_time, ClockKind::host, ClockKind::virtual_rt}) {
    EXPECT_EQ(&group.list(kind).clock(), &by_host.at(kind));
  }
  EXPECT_EQ(&group.virtual_time(), &group.list(ClockKind::virtual_time));
  EXPECT_EQ(&group.clocks(), &by_host);
}

TEST_F(TimerListGroupTest, NotifiesWithTheClockThatIsConcerned) {
  std::vector<ClockKind> told;
  TimerListGroup group(by_host, [&](ClockKind kind) { told.push_back(kind); });
  Timer a(group.list(ClockKind::host), [] {});
  Timer b(group.virtual_time(), [] {});
  a.arm(at_ns(5));
  b.arm(at_ns(5));
  EXPECT_THAT(told, ElementsAre(ClockKind::host, ClockKind::virtual_time));
}

TEST_F(TimerListGroupTest, WithoutNotifyTheDefaultIsTold) {
  std::vector<ClockKind> told;
  by_host.set_default_notify([&](ClockKind kind) { told.push_back(kind); });
  TimerListGroup group(by_host);
  Timer a(group.list(ClockKind::realtime), [] {});
  a.arm(at_ns(5));
  EXPECT_THAT(told, ElementsAre(ClockKind::realtime));
}

TEST_F(TimerListGroupTest, HostDeadlineIsTheSoonestOfAllListsWhereVirtualTimeIsTheHosts) {
  TimerListGroup group(by_host);
  EXPECT_EQ(group.host_deadline(), std::nullopt);
  by_host.resume();
  Timer realtime(group.list(ClockKind::realtime), [] {});
  Timer virtual_time(group.virtual_time(), [] {});
  Timer wall(group.list(ClockKind::host), [] {});
  Timer virtual_rt(group.list(ClockKind::virtual_rt), [] {});
  realtime.arm(at_ns(400));
  EXPECT_EQ(group.host_deadline(), Duration::nanoseconds(400));
  wall.arm(at_ns(300));
  EXPECT_EQ(group.host_deadline(), Duration::nanoseconds(300));
  virtual_rt.arm(at_ns(200));
  EXPECT_EQ(group.host_deadline(), Duration::nanoseconds(200));
  virtual_time.arm(at_ns(100));
  EXPECT_EQ(group.host_deadline(), Duration::nanoseconds(100));
  host.pass_ns(150);
  EXPECT_EQ(group.host_deadline(), Duration::zero());
}

TEST_F(TimerListGroupTest, HostDeadlineLeavesInstructionDrivenVirtualTimeOut) {
  TimerListGroup group(by_instructions);
  by_instructions.resume();
  Timer virtual_time(group.virtual_time(), [] {});
  virtual_time.arm(at_ns(0));  // even due
  EXPECT_EQ(group.host_deadline(), std::nullopt);
  Timer virtual_rt(group.list(ClockKind::virtual_rt), [] {});
  virtual_rt.arm(at_ns(70));
  EXPECT_EQ(group.host_deadline(), Duration::nanoseconds(70));
  EXPECT_TRUE(group.run_due());
  EXPECT_FALSE(virtual_time.is_pending());
}

TEST_F(TimerListGroupTest, AStoppedMachinesClocksCountOnlyForWhatIsDue) {
  TimerListGroup group(by_host);
  Timer virtual_rt(group.list(ClockKind::virtual_rt), [] {});
  virtual_rt.arm(at_ns(70));
  EXPECT_EQ(group.host_deadline(), std::nullopt);
  virtual_rt.arm(at_ns(0));
  EXPECT_EQ(group.host_deadline(), Duration::zero());
  EXPECT_TRUE(group.run_due());
}

TEST_F(TimerListGroupTest, HostDeadlineOfAScaledVirtualClockIsInHostTime) {
  TimerListGroup group(by_host);
  by_host.resume();
  by_host.set_speed_factor(SpeedFactor(3));
  Timer virtual_time(group.virtual_time(), [] {});
  virtual_time.arm(at_ns(100));
  EXPECT_EQ(group.host_deadline(), Duration::nanoseconds(34));
  host.pass_ns(33);
  EXPECT_FALSE(group.run_due());
  EXPECT_EQ(group.host_deadline(), Duration::nanoseconds(1));
  host.pass_ns(1);
  EXPECT_TRUE(group.run_due());
}

TEST_F(TimerListGroupTest, OnePassRunsTheDueTimersOfAllFourLists) {
  TimerListGroup group(by_host);
  std::vector<ClockKind> ran;
  std::vector<std::unique_ptr<Timer>> timers;
  for (const ClockKind kind : {ClockKind::realtime, ClockKind::virtual_time, ClockKind::host, ClockKind::virtual_rt}) {
    timers.push_back(std::make_unique<Timer>(group.list(kind), [&ran, kind] { ran.push_back(kind); }));
    timers.back()->arm(at_ns(0));
  }
  EXPECT_TRUE(group.run_due());
  EXPECT_EQ(ran.size(), 4U);
  EXPECT_FALSE(group.run_due());
}

}  // namespace
}  // namespace fermata::clock
