// SPDX-License-Identifier: GPL-2.0-or-later
//
// How slices begin and end, of InstructionTime; instruction_time_test.cpp has what they add up to.
#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <thread>

#include "guests/qemu/agent/threaded/testing/instruction_time_run.hpp"

namespace fermata::qemu {
namespace {

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

// A reset lets the vCPUs go while the agent waits for them to stand: one that waits for the others must not go on
// waiting.
TEST_F(InstructionTimeTest, AVcpuThatWaitsForItsSliceGoesWhereItIsBarred) {
  std::atomic<bool> is_other_let_on{false};
  std::atomic<bool> has_gone{false};
  machine_.on_block = [&](int vcpu) {
    while (vcpu == 1 && machine_.executed(1) == 105 && !is_other_let_on) {
      std::this_thread::yield();
    }
  };
  boot();
  begin(1_ms);
  std::thread agent([this] { EXPECT_TRUE(time_.run([] { return false; })); });
  while (machine_.executed(0) < 500 || !machine_.has_work(0)) {
    std::this_thread::yield();
  }
  machine_.lock();
  machine_.vcpus().bar([&] { has_gone = has_gone || machine_.this_vcpu() == 0; });
  machine_.unlock();
  while (!has_gone) {
    std::this_thread::yield();
  }
  is_other_let_on = true;
  agent.join();
  end();
  EXPECT_EQ(time_.reading(), 1_ms);
}

// Another's thread is held up while it is about to.
TEST_F(InstructionTimeTest, AVcpuAtItsEndWaitsForNobodyToTellIt) {
  std::atomic<bool> has_asked{false};
  machine_.on_block = [&](int vcpu) {
    if (vcpu == 0 && machine_.executed(0) == 105) {
      time_.armed(20_us);
    }
  };
  machine_.on_queue_wait = [&](int vcpu) {
    has_asked = has_asked || (vcpu == 1 && machine_.this_vcpu() == 1 && machine_.executed(1) > 0);
    while (vcpu == 1 && machine_.this_vcpu() == 0 && !has_asked && machine_.executed(1) < 10'000) {
      std::this_thread::yield();
    }
  };
  boot();
  run_to(50_us);
  EXPECT_TRUE(has_asked);
  expect_executed(1, 500);
  machine_.power_off();  // its threads ask for the last time: what is called for that must still be there
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

// As QEMU's main thread has a vCPU's thread do at a reset before the start, with the clock on.
TEST_F(InstructionTimeTest, WhileTheMachineIsStoppedAVcpusThreadWaitsForNobody) {
  machine_.boot(nullptr);
  for (int i = 0; i < 3; ++i) {
    machine_.run_on_vcpu(0, [] {});
  }
  machine_.lock();
  time_.started({}, {});
  machine_.unlock();
  machine_.start();
  end();
  run_to(1_ms);
  expect_executed(0, 10'000);
}

TEST_F(InstructionTimeTest, AVcpuThatIsWokenByAnotherGoesOnFromThatOnesTime) {
  machine_.on_kick = [this](int vcpu) { time_.kicked(vcpu); };
  machine_.halt(1);
  machine_.on_block = [this](int vcpu) {
    if (vcpu == 0 && machine_.executed(0) == 35 * 7) {
      while (!machine_.is_asleep(1)) {  // again, since the hold
        std::this_thread::yield();
      }
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

}  // namespace
}  // namespace fermata::qemu
