// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/threaded/host_time.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace fermata::qemu {
namespace {

using namespace time::literals;
using time::Duration;

// A host whose time passes when the test says so, and by a step at each look.
class HeldVcpus final : public Vcpus {
 public:
  mutable Duration host = 1000_us;
  Duration step{};
  std::array<host::HostDuration, 2> used{};  // by each vCPU
  Duration pause_takes{};
  std::array<Duration, 2> used_in_pause{};
  int pauses = 0;
  int watched_at_pauses = -1;
  std::array<host::HostDuration, 2> standing_takes{};  // of what it used: after it had left guest code
  bool can_be_saved = true;
  bool can_be_caught = false;
  int catches = 0;

  void run(int vcpu, Duration span) { used.at(static_cast<std::size_t>(vcpu)) += host::HostDuration(span.ns()); }

  void pause() override {
    ++pauses;
    come_to_stand();
  }
  bool catch_at_lock() override {
    if (can_be_caught) {
      ++catches;
      come_to_stand();
    }
    return can_be_caught;
  }
  void resume() override {}
  void run_timers() override {}
  void listen(Listener& /*listener*/) override {}
  [[nodiscard]] bool is_reset_due() const override { return false; }
  void turn_clock_off() override {}
  void stop_this() override {}
  void bar(const std::function<void()>& /*wait*/) override {}
  [[nodiscard]] bool is_barred(int /*vcpu*/) const override { return false; }
  [[nodiscard]] Duration running_clock() const override {
    const Duration now = host;
    host = host + step;
    return now;
  }
  bool set_running_clock(Duration reading) override {
    host = reading;
    return can_be_saved;
  }
  [[nodiscard]] int count() const override { return 2; }
  [[nodiscard]] host::HostDuration cpu_time(int vcpu) const override { return used.at(static_cast<std::size_t>(vcpu)); }
  void watch_exits() override { watched_at_pauses = pauses; }
  [[nodiscard]] host::HostDuration cpu_time_at_exit(int vcpu) const override {
    return cpu_time(vcpu) - standing_takes.at(static_cast<std::size_t>(vcpu));
  }

 private:
  void come_to_stand() {
    host = host + pause_takes;
    run(0, used_in_pause[0]);
    run(1, used_in_pause[1]);
  }
};

class ToldGuestClocks final : public GuestClocks {
 public:
  std::string told;
  void hold() override { told += "hold "; }
  void show(Duration reading) override { told += "show " + std::to_string(reading.ns()) + " "; }
  void adopt(Duration reading) override { told += "adopt " + std::to_string(reading.ns()) + " "; }
};

bool never() { return false; }

class HostTimeTest : public ::testing::Test {
 protected:
  explicit HostTimeTest(clock::SpeedFactor factor = clock::SpeedFactor::nominal())
      : time_(vcpus_, {.factor = factor, .guest_clocks = &guest_clocks_, .statistics = &statistics_}) {
    time_.started({}, {});
    guest_clocks_.told.clear();
  }

  // A grant in which vCPU 0 runs all the time, until `late` after the limit, and for `stopping` until it stands.
  void run_on(Duration limit, Duration late, Duration stopping) {
    ASSERT_TRUE(time_.begin(limit));
    const Duration span = limit - time_.reading() + late;
    vcpus_.host = vcpus_.host + span;
    vcpus_.run(0, span);
    EXPECT_TRUE(time_.run(never));
    vcpus_.pause_takes = stopping;
    vcpus_.used_in_pause[0] = stopping;
    time_.end();
  }
  [[nodiscard]] std::uint64_t counted_run_ons() const {
    std::uint64_t sum = 0;
    for (const auto& bucket : statistics_.run_on_us) {
      sum += bucket.load();
    }
    return sum;
  }

  HeldVcpus vcpus_;
  ToldGuestClocks guest_clocks_;
  guest::Statistics statistics_;
  HostTime time_;
};

class DilatedTimeTest : public HostTimeTest {
 protected:
  DilatedTimeTest() : HostTimeTest(clock::SpeedFactor(1, 10)) {}
};

// A guest of TCG has no clocks of its own.
TEST_F(HostTimeTest, VcpusAreCaughtWhereTheyCanBeAndOwnWhatTheyRanOnAllTheSame) {
  HostTime time(vcpus_, {.factor = clock::SpeedFactor::nominal(), .statistics = &statistics_});
  time.started({}, {});
  vcpus_.can_be_caught = true;
  ASSERT_TRUE(time.begin(200_us));
  vcpus_.host = vcpus_.host + 203_us;
  vcpus_.run(0, 203_us);
  EXPECT_TRUE(time.run(never));
  vcpus_.pause_takes = 4_us;
  vcpus_.used_in_pause[0] = 4_us;
  time.end();
  EXPECT_EQ(vcpus_.catches, 1);
  EXPECT_EQ(vcpus_.pauses, 0);
  EXPECT_EQ(time.reading(), 200_us);
  EXPECT_TRUE(time.begin(400_us));
  EXPECT_EQ(time.reading(), 207_us);
}

TEST_F(HostTimeTest, VcpusWhoseClocksAreToBeHeldArePaused) {
  vcpus_.can_be_caught = true;
  run_on(200_us, 3_us, 4_us);
  EXPECT_EQ(vcpus_.catches, 0);
  EXPECT_EQ(vcpus_.pauses, 1);
}

TEST_F(HostTimeTest, FollowsTheHostUpToItsLimit) {
  ASSERT_TRUE(time_.begin(200_us));
  EXPECT_EQ(time_.reading(), 0_us);
  vcpus_.host = 1150_us;
  EXPECT_EQ(time_.reading(), 150_us);
  vcpus_.host = 1700_us;
  EXPECT_EQ(time_.reading(), 200_us);
  EXPECT_TRUE(time_.run(never));
  time_.end();
  EXPECT_EQ(vcpus_.pauses, 1);
  EXPECT_EQ(time_.reading(), 200_us);
}

TEST_F(HostTimeTest, RunsUntilTheHostHasGotThere) {
  ASSERT_TRUE(time_.begin(5_ms));
  vcpus_.step = 900_us;  // longer sleeps than one first, a punctual wait at last
  EXPECT_TRUE(time_.run(never));
  vcpus_.step = {};
  EXPECT_EQ(vcpus_.host,
            1000_us + 8 * 900_us);  // seven looks while it ran, of which the last was at the limit; one more
  EXPECT_EQ(time_.reading(), 5_ms);
}

TEST_F(HostTimeTest, EndsARunThatIsToStop) {
  ASSERT_TRUE(time_.begin(1_s));
  int asked = 0;
  EXPECT_FALSE(time_.run([&asked] { return ++asked == 3; }));
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(time_.reading(), 0_us);
}

TEST_F(HostTimeTest, ALimitMayBeRaisedOnTheWay) {
  ASSERT_TRUE(time_.begin(200_us));
  vcpus_.host = 1190_us;
  time_.raise(300_us);
  vcpus_.host = 1250_us;
  EXPECT_EQ(time_.reading(), 250_us);
  vcpus_.step = 50_us;
  EXPECT_TRUE(time_.run(never));
  EXPECT_EQ(time_.reading(), 300_us);
}

TEST_F(HostTimeTest, WhatTheGuestRanOnIsTakenOffWhatItIsGivenNext) {
  run_on(200_us, 30_us, 15_us);
  EXPECT_EQ(time_.reading(), 200_us);
  ASSERT_TRUE(time_.begin(400_us));
  EXPECT_EQ(time_.reading(), 245_us);
  vcpus_.host = vcpus_.host + 100_us;
  EXPECT_EQ(time_.reading(), 345_us);
}

TEST_F(HostTimeTest, ADebtThatCoversAGrantLeavesNothingToRun) {
  run_on(200_us, 30_us, 15_us);
  guest_clocks_.told.clear();
  EXPECT_FALSE(time_.begin(220_us));
  EXPECT_EQ(time_.reading(), 220_us);
  EXPECT_EQ(guest_clocks_.told, "");
  EXPECT_FALSE(time_.begin(245_us)) << "the rest of it, to the very end";
  ASSERT_TRUE(time_.begin(300_us));
  EXPECT_EQ(time_.reading(), 245_us) << "paid";
}

TEST_F(HostTimeTest, AnIdleGuestOwesNothing) {
  ASSERT_TRUE(time_.begin(200_us));
  vcpus_.host = 1900_us;
  EXPECT_TRUE(time_.run(never));
  vcpus_.pause_takes = 50_us;
  time_.end();
  ASSERT_TRUE(time_.begin(400_us));
  EXPECT_EQ(time_.reading(), 200_us);
  EXPECT_EQ(statistics_.run_on_us[0].load(), 1U);
}

// Another process had its core.
TEST_F(HostTimeTest, AVcpuThatGotLittleOwesNoMoreThanThat) {
  ASSERT_TRUE(time_.begin(200_us));
  vcpus_.host = 1900_us;
  vcpus_.run(0, 5_us);
  EXPECT_TRUE(time_.run(never));
  time_.end();
  ASSERT_TRUE(time_.begin(400_us));
  EXPECT_EQ(time_.reading(), 205_us);
}

TEST_F(HostTimeTest, TheVcpuThatRanLongestCounts) {
  ASSERT_TRUE(time_.begin(200_us));
  vcpus_.host = 1230_us;
  vcpus_.run(0, 10_us);
  vcpus_.run(1, 220_us);
  EXPECT_TRUE(time_.run(never));
  vcpus_.pause_takes = 20_us;
  vcpus_.used_in_pause = {12_us, 3_us};
  time_.end();
  ASSERT_TRUE(time_.begin(400_us));
  EXPECT_EQ(time_.reading(), 233_us);  // 30 + 3, beside 10 + 12
}

// QEMU takes a while to have it stand, in its own thread.
TEST_F(HostTimeTest, AVcpuOwesNothingForWhatItDidOutsideGuestCode) {
  vcpus_.standing_takes = {std::chrono::microseconds(11), {}};
  run_on(200_us, 30_us, 15_us);
  EXPECT_EQ(vcpus_.watched_at_pauses, 0) << "before the pause";
  ASSERT_TRUE(time_.begin(400_us));
  EXPECT_EQ(time_.reading(), 234_us);
}

// Its clock may tell more than has passed: it counts from a little before.
TEST_F(HostTimeTest, NoGuestOwesMoreThanHasPassed) {
  ASSERT_TRUE(time_.begin(200_us));
  vcpus_.host = 1230_us;
  vcpus_.run(0, 230_us);
  EXPECT_TRUE(time_.run(never));
  vcpus_.pause_takes = 20_us;
  vcpus_.used_in_pause[0] = 90_us;
  time_.end();
  ASSERT_TRUE(time_.begin(400_us));
  EXPECT_EQ(time_.reading(), 250_us);
}

TEST_F(HostTimeTest, OwesNothingForWhatItRanBeforeItsLimit) {
  for (int i = 1; i <= 100; ++i) {
    run_on(i * 200_us, 0_us, 0_us);
  }
  ASSERT_TRUE(time_.begin(101 * 200_us));
  EXPECT_EQ(time_.reading(), 100 * 200_us);
}

// In the long run the guest has as much processor time as virtual time.
TEST_F(HostTimeTest, DebtsDoNotAddUp) {
  for (int i = 1; i <= 1000; ++i) {
    run_on(i * 200_us, 30_us, 15_us);
  }
  EXPECT_EQ(vcpus_.used[0], std::chrono::microseconds(1000 * 200 + 45));
}

TEST_F(DilatedTimeTest, LimitsAndDebtsAreOfVirtualTime) {
  ASSERT_TRUE(time_.begin(20_us));
  vcpus_.host = 1100_us;
  EXPECT_EQ(time_.reading(), 10_us);
  vcpus_.host = 1230_us;
  vcpus_.run(0, 230_us);
  EXPECT_EQ(time_.reading(), 20_us);
  EXPECT_TRUE(time_.run(never));
  time_.end();
  ASSERT_TRUE(time_.begin(40_us));
  EXPECT_EQ(time_.reading(), 23_us);
  EXPECT_EQ(statistics_.run_on_us[30].load(), 1U) << "in the host's time";
}

TEST_F(HostTimeTest, RunOnsAreCountedByMicroseconds) {
  run_on(200_us, 30_us, 15_us);
  run_on(400_us, 30_us, 15_us);
  run_on(600_us, 0_us, 999_ns);
  run_on(800_us, 0_us, 5_ms);
  EXPECT_EQ(statistics_.run_on_us[45].load(), 2U);
  EXPECT_EQ(statistics_.run_on_us[0].load(), 1U);
  EXPECT_EQ(statistics_.run_on_us[1023].load(), 1U);
  EXPECT_EQ(counted_run_ons(), 4U);
}

TEST_F(HostTimeTest, AStopPutsItsReadingIntoQemusClockAndAStartGoesOnFromThere) {
  ASSERT_TRUE(time_.begin(200_us));
  vcpus_.host = 1120_us;
  EXPECT_TRUE(time_.stopped());
  EXPECT_EQ(vcpus_.host, 120_us);
  EXPECT_EQ(time_.reading(), 120_us);
  vcpus_.host = 125_us;  // enabled a moment ago
  time_.started(120_us, 200_us);
  EXPECT_EQ(time_.reading(), 120_us);
  vcpus_.host = 195_us;
  EXPECT_EQ(time_.reading(), 190_us);
  vcpus_.host = 1_s;
  EXPECT_EQ(time_.reading(), 200_us);
}

TEST_F(HostTimeTest, AClockThatASnapshotCannotHaveIsSaid) {
  ASSERT_TRUE(time_.begin(200_us));
  vcpus_.host = 1120_us;
  vcpus_.can_be_saved = false;
  EXPECT_FALSE(time_.stopped());
  EXPECT_EQ(time_.reading(), 120_us);
}

TEST_F(HostTimeTest, ASnapshotsClockIsReadWhileTheMachineIsStopped) {
  ASSERT_TRUE(time_.begin(200_us));
  EXPECT_TRUE(time_.stopped());
  vcpus_.host = 7_s;
  EXPECT_EQ(time_.reading(), 7_s);
  time_.started(7_s, 7_s + 50_us);
  vcpus_.host = 7_s + 20_us;
  EXPECT_EQ(time_.reading(), 7_s + 20_us);
  vcpus_.host = 8_s;
  EXPECT_EQ(time_.reading(), 7_s + 50_us);
}

TEST_F(HostTimeTest, TheGuestsOwnClocksAreShownWhatTheVirtualClockShows) {
  run_on(200_us, 30_us, 15_us);
  EXPECT_EQ(guest_clocks_.told, "show 0 hold ");
  guest_clocks_.told.clear();
  ASSERT_TRUE(time_.begin(400_us));
  EXPECT_EQ(guest_clocks_.told, "show 245000 ");
  guest_clocks_.told.clear();
  vcpus_.host = vcpus_.host + 55_us;
  EXPECT_TRUE(time_.stopped());
  EXPECT_EQ(guest_clocks_.told, "hold show 300000 ");
  guest_clocks_.told.clear();
  time_.started(300_us, 400_us);
  EXPECT_EQ(guest_clocks_.told, "adopt 300000 ");
}

}  // namespace
}  // namespace fermata::qemu
