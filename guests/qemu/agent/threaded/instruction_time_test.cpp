// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/threaded/instruction_time.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <vector>

#include "guests/qemu/agent/threaded/testing/fake_machine.hpp"

namespace fermata::qemu {
namespace {

using namespace time::literals;
using time::Duration;

// Two vCPUs with a thread each; the agent's is the test's. An instruction takes 100 ns, a slice 50 us: 500 of them.
class InstructionTimeTest : public ::testing::Test {
 protected:
  explicit InstructionTimeTest(std::vector<std::int64_t> instruction_ns = {100})
      : time_(machine_, machine_.vcpus(), machine_,
              {.instruction_ns = std::move(instruction_ns), .longest_slice = 50_us}) {
    machine_.counters_listener = &time_;
    machine_.timer_clock = [this] { return time_.reading(); };
    machine_.set_block(0, 7);
    machine_.set_block(1, 7);
  }
  ~InstructionTimeTest() override { machine_.power_off(); }

  // Held at 0. Machine running, as QEMU sees it.
  void boot() {
    machine_.boot(nullptr);
    machine_.lock();
    time_.started({}, {});
    machine_.unlock();
    machine_.start();
    machine_.lock();
    time_.end();
    machine_.unlock();
  }
  void begin(Duration limit) {
    machine_.lock();
    ASSERT_TRUE(time_.begin(limit));
    machine_.vcpus().resume();
    time_.resumed();
    machine_.unlock();
  }
  void end() {
    machine_.lock();
    time_.end();
    machine_.unlock();
  }
  void run_to(Duration limit) {
    begin(limit);
    EXPECT_TRUE(time_.run([] { return false; }));
    end();
    EXPECT_EQ(time_.reading(), limit);
  }
  // Up to two blocks more: the one that finds none left is executed, too.
  void expect_executed(int vcpu, std::int64_t count, std::int64_t block = 7) const {
    EXPECT_GE(machine_.executed(vcpu), count);
    EXPECT_LT(machine_.executed(vcpu), count + 2 * block);
  }

  FakeMachine machine_{2};
  InstructionTime time_;
};

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

// As on a real machine: what one vCPU has read is past for all, and for QEMU's other threads.
TEST_F(InstructionTimeTest, AllSeeOneClock) {
  std::atomic<std::int64_t> seen_ns{0};
  std::atomic<std::int64_t> faults{0};
  const auto look = [&] {
    const std::int64_t before = seen_ns.load();
    const std::int64_t now = time_.reading().ns();
    faults += now < before ? 1 : 0;
    for (std::int64_t seen = seen_ns.load(); seen < now && !seen_ns.compare_exchange_weak(seen, now);) {
    }
  };
  machine_.on_block = [&](int vcpu) {
    look();
    const std::int64_t own_ns = machine_.executed(vcpu) * 100;
    faults += seen_ns < own_ns - 2 * 7 * 100 || seen_ns > std::min<std::int64_t>(3'000'000, own_ns + 51'400) ? 1 : 0;
  };
  machine_.on_timer = look;
  machine_.set_timer(1'234_us);
  boot();
  begin(3_ms);
  EXPECT_TRUE(time_.run([&] {
    look();
    return false;
  }));
  end();
  EXPECT_EQ(time_.reading(), 3_ms);
  EXPECT_EQ(faults, 0);
}

// The agent's thread is busy elsewhere: the vCPU that arrives last opens the next slice.
TEST_F(InstructionTimeTest, SlicesGoOnByThemselves) {
  boot();
  begin(1_ms);
  EXPECT_TRUE(time_.run([&] {
    while (machine_.executed(0) < 9000 || machine_.executed(1) < 9000) {
      std::this_thread::yield();
    }
    return false;
  }));
  end();
  expect_executed(0, 10'000);
  expect_executed(1, 10'000);
}

// Block after block is executed as a whole, and one more before the vCPU can be stopped: 2600 for 500.
TEST_F(InstructionTimeTest, AVcpuInDebtExecutesNothing) {
  machine_.set_block(0, 1300);
  boot();
  for (int i = 1; i <= 5; ++i) {
    run_to(i * 50_us);
    EXPECT_EQ(machine_.executed(0), 2600);
    expect_executed(1, i * 500);
  }
  run_to(300_us);
  EXPECT_EQ(machine_.executed(0), 5200);
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

// vCPU 0 arms a timer for 20 us when it has executed 105 instructions: it gets no further until that has run.
class ArmingTest : public InstructionTimeTest {
 protected:
  ArmingTest() {
    machine_.on_block = [this](int vcpu) {
      if (vcpu == 0 && machine_.executed(0) == 105) {
        before_arming();
        machine_.lock();
        machine_.set_timer(20_us);
        time_.armed(20_us);
        machine_.unlock();
      }
    };
    machine_.on_timer = [this] {
      run_at_ = time_.reading();
      executed_ = {machine_.executed(0), machine_.executed(1)};
    };
  }

  std::function<void()> before_arming = [] {};
  Duration run_at_{};
  std::array<std::int64_t, 2> executed_{};
};

TEST_F(ArmingTest, ATimerThatIsArmedWithinASliceEndsIt) {
  machine_.halt(1);
  boot();
  run_to(100_us);
  EXPECT_EQ(run_at_, 20_us);
  EXPECT_GE(executed_[0], 200);
  EXPECT_LT(executed_[0], 200 + 2 * 7);
  expect_executed(0, 1000);
}

TEST_F(ArmingTest, OtherVcpusAreCalledBack) {
  std::atomic<bool> is_armed{false};
  before_arming = [&] {
    while (machine_.executed(1) < 105) {
      std::this_thread::yield();
    }
    is_armed = true;
  };
  const auto arm = machine_.on_block;
  machine_.on_block = [&, arm](int vcpu) {
    while (vcpu == 1 && machine_.executed(1) == 112 && !is_armed) {
      std::this_thread::yield();
    }
    arm(vcpu);
  };
  boot();
  run_to(100_us);
  EXPECT_GE(run_at_, 20_us);
  EXPECT_LE(run_at_, 50_us);
  EXPECT_LT(executed_[0], 200 + 2 * 7);
  expect_executed(0, 1000);
  expect_executed(1, 1000);
}

// What is past for it is past: it waits until vCPU 0 has made up for it.
TEST_F(ArmingTest, AVcpuThatIsFurtherLosesNoTimeAndGainsNone) {
  std::atomic<std::int64_t> seen_ns{0};
  before_arming = [&] {
    while (machine_.executed(1) < 500) {
      std::this_thread::yield();
    }
    seen_ns = time_.reading().ns();
  };
  const auto arm = machine_.on_block;
  machine_.on_block = [&, arm](int vcpu) {
    arm(vcpu);
    static_cast<void>(time_.reading());
  };
  boot();
  run_to(100_us);
  EXPECT_GE(run_at_.ns(), 49'000) << "so far vCPU 1 had seen the clock";
  EXPECT_GE(seen_ns, 49'000);
  EXPECT_GE(executed_[0], 200);
  EXPECT_LT(executed_[0], 200 + 2 * 7);
  expect_executed(0, 1000);
  expect_executed(1, 1000);
}

TEST_F(InstructionTimeTest, ATimerThatIsArmedForLaterOrInNoSliceChangesNothing) {
  machine_.on_block = [this](int vcpu) {
    if (vcpu == 0) {
      time_.armed(50_us);
    }
  };
  boot();
  time_.armed(1_us);
  run_to(50_us);
  time_.armed(1_us);
  expect_executed(0, 500);
  run_to(100_us);
  expect_executed(0, 1000);
  expect_executed(1, 1000);
}

TEST_F(InstructionTimeTest, AVcpuThatIsWokenByAnotherGoesOnFromThatOnesTime) {
  machine_.on_kick = [this](int vcpu) { time_.kicked(vcpu); };
  machine_.halt(1);
  machine_.on_block = [this](int vcpu) {
    if (vcpu == 0 && machine_.executed(0) == 35 * 7) {
      machine_.wake(1);
    }
  };
  boot();
  run_to(50_us);
  expect_executed(0, 500);
  expect_executed(1, 500 - 35 * 7);
  run_to(100_us);
  expect_executed(1, 1000 - 35 * 7);
}

TEST_F(InstructionTimeTest, AVcpuThatWakesUpInMidSliceHasTheWholeOfIt) {
  machine_.halt(1);
  machine_.on_block = [&](int vcpu) {
    if (vcpu == 0 && machine_.executed(0) == 35 * 7) {
      machine_.wake(1);
    }
  };
  boot();
  run_to(50_us);
  expect_executed(0, 500);
  expect_executed(1, 500);
  run_to(100_us);
  expect_executed(1, 1000);
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
    time_.stopped();
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
  time_.stopped();
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
