// SPDX-License-Identifier: GPL-2.0-or-later
//
// StockVcpus that are caught at QEMU's lock.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "guests/qemu/stock/time/testing/stock_vcpus_fixture.hpp"

namespace fermata::qemu {
namespace {

// QEMU with its lock and three vCPUs' threads, which take it whenever they are kicked.
class CaughtVcpusTest : public StockVcpusTest {
 protected:
  CaughtVcpusTest() {
    lock_of_qemu = &big_lock_;
    for (std::size_t i = 0; i < VcpuFunctions::count; ++i) {
      kicked.at(i) = false;
    }
    Symbols with_lock = symbols();
    with_lock.bql_mutex_lock_func = &lock_;
    with_lock.qemu_in_vcpu_thread = [] { return is_in_vcpu_thread; };
    TimeSymbols with_sleep = time_symbols();
    with_sleep.qemu_cond_wait_func = &sleep_;
    with_sleep.qemu_cpu_kick = [](QemuCpu* cpu) {
      for (std::size_t i = 0; i < VcpuFunctions::count; ++i) {
        kicked.at(i) = kicked.at(i) || vcpu_functions->cpu(i) == cpu;
      }
    };
    vcpus_.emplace(with_lock, with_sleep);
    vcpus_->bar([] {});
  }
  ~CaughtVcpusTest() override {
    is_over_ = true;
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  void run_vcpus() {
    for (std::size_t i = 0; i < VcpuFunctions::count; ++i) {
      threads_.emplace_back([this, i] {
        is_in_vcpu_thread = true;
        {
          const std::lock_guard guard(big_lock_);
          qemu_.run_one();
        }
        ++running_;
        while (!is_over_) {
          executed_.at(i) += 1;
          if (kicked.at(i).exchange(false)) {
            lock_(&big_lock_, "", 0);
            big_lock_.unlock();
          }
        }
      });
    }
    while (running_ < 3) {
    }
  }
  // Catching may find that the host is busy.
  void catch_all() {
    big_lock_.lock();
    while (!vcpus_->catch_at_lock()) {
      EXPECT_FALSE(vcpus_->are_caught());
      big_lock_.unlock();
      std::this_thread::yield();
      big_lock_.lock();
    }
    EXPECT_TRUE(vcpus_->are_caught());
  }
  [[nodiscard]] std::array<std::int64_t, 3> executed() const { return {executed_[0], executed_[1], executed_[2]}; }

  static inline std::mutex* lock_of_qemu = nullptr;
  static inline std::array<std::atomic<bool>, VcpuFunctions::count> kicked{};
  static inline thread_local bool is_in_vcpu_thread = false;
  std::mutex big_lock_;
  LockFunction lock_ = [](void* /*mutex*/, const char*, int) { lock_of_qemu->lock(); };
  SleepFunction sleep_ = [](void* /*condition*/, void* /*mutex*/, const char*, int) {};
  std::optional<StockVcpus> vcpus_;
  std::atomic<bool> is_over_{false};
  std::atomic<int> running_{0};
  std::array<std::atomic<std::int64_t>, 3> executed_{};
  std::vector<std::thread> threads_;
};

TEST_F(CaughtVcpusTest, AreNotWhileTheirThreadsAreUnknown) { EXPECT_FALSE(vcpus_->catch_at_lock()); }

TEST_F(CaughtVcpusTest, StandUntilTheyAreLetGo) {
  run_vcpus();
  for (int i = 0; i < 100; ++i) {
    catch_all();
    const auto before = executed();
    for (int look = 0; look < 100; ++look) {
      std::this_thread::yield();
    }
    EXPECT_EQ(executed(), before);
    vcpus_->resume();
    EXPECT_FALSE(vcpus_->are_caught());
    big_lock_.unlock();
  }
  EXPECT_EQ(qemu_.calls, "") << "nothing of QEMU's is called but to kick";
}

TEST_F(CaughtVcpusTest, ArePausedByQemuAsOthers) {
  run_vcpus();
  catch_all();
  vcpus_->pause();
  EXPECT_FALSE(vcpus_->are_caught());
  big_lock_.unlock();
  vcpus_->resume();
  EXPECT_EQ(qemu_.calls, "pause resume ");
}

TEST_F(CaughtVcpusTest, WhoAsksForTheLockGetsItAfterThat) {
  run_vcpus();
  catch_all();
  std::atomic<bool> has_lock{false};
  std::thread other([&] {
    lock_(&big_lock_, "", 0);
    has_lock = true;
    big_lock_.unlock();
  });
  big_lock_.unlock();  // as within a pause
  EXPECT_FALSE(has_lock);
  big_lock_.lock();
  vcpus_->pause();
  big_lock_.unlock();
  other.join();
}

TEST_F(CaughtVcpusTest, OnesThatDoNotComeAreLeftAlone) {
  run_vcpus();
  is_over_ = true;
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
  EXPECT_FALSE(vcpus_->catch_at_lock());
  EXPECT_FALSE(vcpus_->are_caught());
  std::thread([this] {
    lock_(&big_lock_, "", 0);
    big_lock_.unlock();
  }).join();
}

}  // namespace
}  // namespace fermata::qemu
