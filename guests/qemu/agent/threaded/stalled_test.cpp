// SPDX-License-Identifier: GPL-2.0-or-later
//
// Loads that the simulator answers, of a fake machine whose vCPUs have a thread each. On real ones:
// tests/qemu/threads/windows_test.cpp.
#include <array>
#include <atomic>
#include <functional>
#include <thread>

#include "fermata/base/error.hpp"
#include "guests/qemu/agent/threaded/testing/held_threads.hpp"
#include "guests/qemu/agent/threaded/testing/linked_threads.hpp"

namespace fermata::qemu {
namespace {

// A vCPU reads the word at its number, where it is asked to.
class StalledTest : public LinkedThreads {
 protected:
  struct Read {
    std::atomic<bool> is_due{false};
    std::atomic<std::int64_t> value{-1};
    std::atomic<std::int64_t> at_ns{0};  // the clock after it
  };

  StalledTest() {
    machine_.on_block = [this](int vcpu) {
      Read& read = reads_.at(static_cast<std::size_t>(vcpu));
      if (read.is_due.exchange(is_reading_always_)) {
        read.value = static_cast<std::int64_t>(load(static_cast<std::uint64_t>(vcpu) * 4));
        read.at_ns = time_.reading().ns();
      }
    };
  }
  ~StalledTest() override { is_reading_always_ = false; }

  // Within the next grant, of which the clock shows no more than 1 ms before that.
  void have_it_read(int vcpu) {
    time_.set_gate(time_.own_reading() + 1_ms);
    reads_.at(static_cast<std::size_t>(vcpu)).is_due = true;
  }
  // Its word is 100 more than its number, and comes after `latency`.
  void answer(
      time::Duration latency, const std::function<void(Instant at)>& meanwhile = [](Instant) {}) {
    guest_->mmio("board").on_read([this, latency, meanwhile](Instant at, std::uint64_t offset, unsigned) {
      meanwhile(at);
      time_.open_gate();
      return sim::MmioValue(100 + offset / 4, at + latency);
    });
  }
  void start_at_1_ms() {
    start();
    guest_->run_until(Instant::at(1_ms), limit);
  }

  std::array<Read, 2> reads_;
  std::atomic<bool> is_reading_always_{false};
};

INSTANTIATE_TEST_SUITE_P(Vcpus, StalledTest, both_holds(), hold_name);

TEST_P(StalledTest, TheOtherVcpuExecutesNothingUntilTheAnswer) {
  start_at_1_ms();
  std::int64_t executed_meanwhile = -1;
  answer(0_ns, [&](Instant at) {
    EXPECT_LE(at, Instant::at(2_ms));
    EXPECT_EQ(time_.reading(), at.since_origin());
    const std::int64_t before = machine_.executed_by_all();
    for (int i = 0; i < 2000; ++i) {
      std::this_thread::yield();
    }
    executed_meanwhile = machine_.executed_by_all() - before;
  });
  have_it_read(0);
  EXPECT_EQ(guest_->run_until(Instant::at(5_ms), limit).reason, wire::StopReason::horizon);
  EXPECT_EQ(reads_[0].value, 100);
  EXPECT_EQ(executed_meanwhile, 0);
}

// With a timer and an input of the guest's on the way, and across horizons.
TEST_P(StalledTest, TimePassesUntilTheAnswer) {
  time::Duration timer_ran_at{};
  machine_.timer_clock = [this] { return time_.reading(); };
  machine_.on_timer = [&] { timer_ran_at = time_.reading(); };
  start_at_1_ms();
  for (const time::Duration quantum : {10_ms, 300_us}) {
    Instant read_at{};
    answer(2_ms, [&](Instant at) {
      read_at = at;
      machine_.lock();
      machine_.set_timer(at.since_origin() + 500_us);
      machine_.unlock();
      guest_->serial("console").send(at + 700_us, "x");
    });
    serial_.log.clear();
    have_it_read(0);
    const Instant end = guest_->now() + 10_ms;
    while (guest_->now() < end) {
      const Instant at = std::min(end, guest_->now() + quantum);
      EXPECT_EQ(guest_->run_until(at, limit).now, at);
    }
    EXPECT_EQ(reads_[0].value.exchange(-1), 100);
    EXPECT_GE(reads_[0].at_ns, (read_at + 2_ms).since_origin().ns());
    EXPECT_EQ(timer_ran_at, read_at.since_origin() + 500_us);
    EXPECT_EQ(serial_.log, "x@" + std::to_string((read_at + 700_us).since_origin().ns()) + " ");
  }
}

TEST_P(StalledTest, VcpusReadOneAfterTheOther) {
  start_at_1_ms();
  answer(1_us);
  is_reading_always_ = true;
  for (int i = 1; i <= 40; ++i) {
    have_it_read(0);
    reads_[1].is_due = true;
    const Instant at = Instant::at(1_ms + i * 50_us);
    EXPECT_EQ(guest_->run_until(at, limit).now, at);
  }
  is_reading_always_ = false;
  while (reads_[0].value < 0 || reads_[1].value < 0) {
    guest_->run_until(guest_->now() + 1_ms, limit);
  }
  EXPECT_EQ(reads_[0].value, 100);
  EXPECT_EQ(reads_[1].value, 101);
}

// The machine's user has it stop while it waits: that takes effect once it is done.
TEST_P(StalledTest, AStopWaitsForTheAnswer) {
  start_at_1_ms();
  std::thread user;
  answer(0_ns, [&](Instant) {
    user = std::thread([this] { machine_.stop(); });
    while (machine_.is_running()) {
      std::this_thread::yield();
    }
  });
  have_it_read(0);
  guest_->grant(Instant::at(3'600_s));
  const wire::Stop stop = guest_->wait(limit);
  user.join();
  EXPECT_EQ(stop.reason, wire::StopReason::user);
  EXPECT_EQ(reads_[0].value, 100);
}

// QEMU's pause of the vCPUs, at a horizon, waits for one that reads.
TEST_P(StalledTest, AReadWhileTheVcpusArePausedIsFinishedFirst) {
  if (machine_.can_be_caught) {
    GTEST_SKIP() << "of a pause";
  }
  std::atomic<bool> is_due{false};
  machine_.on_block = [&](int vcpu) {
    if (vcpu == 0 && is_due.exchange(false)) {
      time_.open_gate();
      while (machine_.is_clock_enabled()) {
        std::this_thread::yield();
      }
      reads_[0].value = static_cast<std::int64_t>(load(0));
    }
  };
  start_at_1_ms();
  for (const time::Duration latency : {0_ns, 300_us}) {
    answer(latency);
    reads_[0].value = -1;
    time_.set_gate(time_.own_reading() + 1_ms);
    is_due = true;
    const Instant end = guest_->now() + 2_ms;
    EXPECT_EQ(guest_->run_until(end, limit).now, end);
    EXPECT_EQ(guest_->run_until(end + 1_ms, limit).now, end + 1_ms);
    EXPECT_EQ(reads_[0].value, 100);
  }
  machine_.power_off();
}

TEST_P(StalledTest, ARestoreForgetsTheReadThatWaits) {
  start_at_1_ms();
  guest_->checkpoint("here", limit);
  have_it_read(0);
  EXPECT_THROW(guest_->run_until(Instant::at(3_ms), limit), base::Error) << "nobody answers";
  EXPECT_THROW(guest_->checkpoint("within", limit), base::Error);
  guest_->restore("here", limit);
  EXPECT_EQ(guest_->now(), Instant::at(1_ms));
  answer(0_ns);
  have_it_read(0);
  EXPECT_EQ(guest_->run_until(Instant::at(3_ms), limit).now, Instant::at(3_ms));
  EXPECT_EQ(reads_[0].value, 100);
}

TEST_P(StalledTest, TheSimulatorMayGoWithinARead) {
  start_at_1_ms();
  have_it_read(0);
  EXPECT_THROW(guest_->run_until(Instant::at(3_ms), limit), base::Error) << "nobody answers";
  guest_.reset();
  while (!machine_.was_asked_to_quit() || reads_[0].value < 0) {
    std::this_thread::yield();
  }
  EXPECT_EQ(reads_[0].value, 0xffff'ffff) << "as an empty bus gives";
}

}  // namespace
}  // namespace fermata::qemu
