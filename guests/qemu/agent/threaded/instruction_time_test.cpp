// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/threaded/instruction_time.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "guests/qemu/agent/threaded/testing/instruction_time_run.hpp"

namespace fermata::qemu {
namespace {

class TwoRatesTest : public InstructionTimeTest {
 protected:
  TwoRatesTest() : InstructionTimeTest({100, 250}) {}
};

TEST_F(InstructionTimeTest, EachVcpuExecutesWhatTheTimeIsGoodFor) {
  boot();
  for (int i = 1; i <= 10; ++i) {
    run_to(i * 1_ms);
    expect_executed(0, i * 10'000);
    expect_executed(1, i * 10'000);
  }
}

TEST_F(TwoRatesTest, EachVcpuHasItsOwnRate) {
  boot();
  run_to(10_ms);
  expect_executed(0, 100'000);
  expect_executed(1, 40'000);
}

TEST_F(InstructionTimeTest, NoVcpuIsFurtherAheadThanASlice) {
  std::atomic<std::int64_t> faults{0};
  machine_.on_block = [&](int vcpu) {
    const std::int64_t ahead = machine_.executed(vcpu) - machine_.executed(1 - vcpu);
    faults += ahead > 500 + 3 * 7 ? 1 : 0;
  };
  boot();
  run_to(3_ms);
  EXPECT_EQ(faults, 0);
}

TEST_F(InstructionTimeTest, AVcpusOwnTimeGoesOnWithItsInstructionsAndNeverBack) {
  machine_.halt(1);
  Duration last{};
  std::atomic<std::int64_t> faults{0};
  machine_.on_block = [&](int vcpu) {
    const Duration now = time_.reading();
    faults += now < last || now > std::min(2_ms, machine_.executed(vcpu) * 100_ns) ? 1 : 0;
    last = now;
  };
  boot();
  run_to(1_ms);
  run_to(2_ms);
  EXPECT_EQ(faults, 0);
  EXPECT_GT(last, 2_ms - 1_us);
}

TEST_F(InstructionTimeTest, WhatABlockWasTooLongCountsForTheNextSlices) {
  machine_.set_block(0, 1300);  // nearly three slices
  boot();
  run_to(10_ms);
  expect_executed(0, 100'000, 1300);
  expect_executed(1, 100'000);
}

TEST_F(InstructionTimeTest, AnIdleVcpuIsNotWaitedFor) {
  machine_.halt(1);
  boot();
  run_to(2_ms);
  expect_executed(0, 20'000);
  EXPECT_EQ(machine_.executed(1), 0);
}

TEST_F(InstructionTimeTest, WhereAllAreAsleepTimeGoesOnAtOnce) {
  machine_.halt(0);
  machine_.halt(1);
  boot();
  run_to(3600_s);
  EXPECT_EQ(machine_.executed_by_all(), 0);
  EXPECT_LT(machine_.timer_runs(), 10) << "not slice by slice";
}

TEST_F(InstructionTimeTest, ATimerIsRunAtItsVeryTimeAndMayWakeAVcpuUp) {
  machine_.halt(0);
  machine_.halt(1);
  Duration run_at{};
  machine_.on_timer = [&] {
    run_at = time_.reading();
    machine_.wake_locked(0);
  };
  machine_.set_timer(3_ms + 1_us);
  boot();
  run_to(4_ms + 1_us);
  EXPECT_EQ(run_at, 3_ms + 1_us);
  expect_executed(0, 10'000);
  EXPECT_EQ(machine_.executed(1), 0);
}

TEST_F(InstructionTimeTest, ATimerEndsASlice) {
  Duration run_at{};
  std::int64_t executed = 0;
  machine_.on_timer = [&] {
    run_at = time_.reading();
    executed = machine_.executed(0);
  };
  machine_.set_timer(123_us);
  boot();
  run_to(1_ms);
  EXPECT_EQ(run_at, 123_us);
  EXPECT_GE(executed, 1230);
  EXPECT_LT(executed, 1230 + 2 * 7);
  expect_executed(0, 10'000);
}

// The main thread's own, or that of an I/O thread: time does not jump over it.
TEST_F(InstructionTimeTest, ATimerOfAnotherThreadIsWaitedForWhereAllAreAsleep) {
  machine_.halt(0);
  machine_.halt(1);
  int looks = 0;
  std::vector<Duration> readings;
  machine_.on_look = [&] {
    readings.push_back(time_.reading());
    if (++looks == 10) {
      machine_.lock();
      machine_.set_timer(std::nullopt);
      machine_.unlock();
    }
  };
  machine_.set_timer(2_ms, true);
  boot();
  run_to(5_ms);
  EXPECT_EQ(readings, std::vector<Duration>(10, 2_ms));
}

// vCPU 0 is in mid-slice when QEMU wants it to stand, with 707 instructions executed.
class StopTest : public InstructionTimeTest {
 protected:
  void run_to_the_stop() {
    std::atomic<bool> must_stop{false};
    machine_.on_block = [&](int vcpu) {
      if (vcpu == 0 && machine_.executed(0) == 700) {
        while (machine_.executed(1) < executed_by_the_other) {
          std::this_thread::yield();
        }
        must_stop = true;
        while (machine_.is_running()) {
          std::this_thread::yield();
        }
      }
    };
    boot();
    begin(1_ms);
    EXPECT_FALSE(time_.run([&] { return must_stop.load(); }));
    machine_.stop();
    machine_.lock();
    EXPECT_TRUE(time_.stopped());
    machine_.unlock();
    EXPECT_EQ(machine_.executed(0), 707);
  }
  void go_on_from(Duration reading) {
    machine_.lock();
    time_.started(reading, 1_ms);
    machine_.unlock();
    machine_.start();
    EXPECT_TRUE(time_.run([] { return false; }));
    end();
    EXPECT_EQ(time_.reading(), 1_ms);
  }

  std::int64_t executed_by_the_other = 0;
};

TEST_F(StopTest, AStopInMidSliceStopsTheClockThere) {
  machine_.halt(1);
  run_to_the_stop();
  EXPECT_EQ(time_.reading(), 70'700_ns);
  go_on_from(70'700_ns);
  expect_executed(0, 10'000);
}

TEST_F(StopTest, WhatAVcpuIsBehindAtAStopIsNotMadeUpFor) {
  executed_by_the_other = 1000;
  run_to_the_stop();
  EXPECT_EQ(time_.reading(), 100_us);
  go_on_from(100_us);
  expect_executed(0, 707 + 9000);
  expect_executed(1, 10'000);
}

TEST_F(InstructionTimeTest, ALimitMayBeRaisedOnTheWay) {
  boot();
  begin(100_us);
  bool is_raised = false;
  EXPECT_TRUE(time_.run([&] {
    if (!is_raised) {
      is_raised = true;
      time_.raise(700_us);
    }
    return false;
  }));
  end();
  EXPECT_EQ(time_.reading(), 700_us);
  expect_executed(0, 7000);
}

TEST_F(InstructionTimeTest, ASnapshotsClockIsReadWhileTheMachineIsStopped) {
  boot();
  run_to(1_ms);
  machine_.stop();
  machine_.lock();
  EXPECT_TRUE(time_.stopped());
  machine_.unlock();
  EXPECT_EQ(machine_.vcpus().running_clock(), 1_ms);
  machine_.vcpus().set_running_clock(7_s);
  EXPECT_EQ(time_.reading(), 7_s);
  machine_.lock();
  time_.started(7_s, 7_s);
  machine_.unlock();
  machine_.start();
  end();
  run_to(7_s + 1_ms);
  EXPECT_GE(machine_.executed(0), 20'000);
  EXPECT_LT(machine_.executed(0), 20'000 + 4 * 7) << "what it was beyond is of another time";
}

}  // namespace
}  // namespace fermata::qemu
