// SPDX-License-Identifier: GPL-2.0-or-later
//
// StockVcpus that are caught at QEMU's lock.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <condition_variable>
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
    generation = 7;
    with_sleep.cpu_list_generation_id_get = [] { return generation; };
    qemu_.is_running = true;
    is_asleep = is_awake = false;
    asks_from_.fill("accel/tcg/tcg-accel-ops-mttcg.c");
    with_sleep.qemu_cpu_kick = [](QemuCpu* cpu) {
      for (std::size_t i = 0; i < VcpuFunctions::count; ++i) {
        if (vcpu_functions->cpu(i) == cpu) {
          kick(i);
        }
      }
    };
    with_lock_ = with_lock;
    with_sleep_ = with_sleep;
    make_vcpus(std::chrono::seconds(30));
  }
  void make_vcpus(host::HostDuration longest_catch) {
    lock_ = take_lock;
    sleep_ = fall_asleep;
    qemu_.queue.clear();
    vcpus_.emplace(with_lock_, with_sleep_, longest_catch);
    vcpus_->bar([] {});
  }
  ~CaughtVcpusTest() override { end_vcpus(); }

  void end_vcpus() {
    is_over_ = true;
    for (std::size_t i = 0; i < VcpuFunctions::count; ++i) {
      kick(i);
    }
    for (std::thread& thread : threads_) {
      thread.join();
    }
    threads_.clear();
  }

  static void kick(std::size_t vcpu) {
    kicked.at(vcpu) = true;
    kicked.at(vcpu).notify_one();
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
          if (i > 0 && !sleeps_.at(i)) {  // there may be more of them than cores
            kicked.at(i).wait(false);
          }
          if (sleeps_.at(i)) {
            lock_(&big_lock_, asks_from_.at(i), 0);
            sleep_(nullptr, &big_lock_, "system/cpus.c", 0);
            big_lock_.unlock();
            sleeps_.at(i) = false;
          }
          if (kicked.at(i).exchange(false)) {
            lock_(&big_lock_, asks_from_.at(i), 0);
            big_lock_.unlock();
          }
        }
      });
      while (running_ <= static_cast<int>(i)) {  // each runs what is queued for its own vCPU
        std::this_thread::yield();
      }
    }
  }
  // Catching is left out for a while where the host is busy.
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
  static inline std::condition_variable_any wake_up;
  static inline std::atomic<bool> is_asleep = false;
  static inline std::atomic<bool> is_awake = false;
  static inline unsigned generation = 0;
  static inline std::array<std::atomic<bool>, VcpuFunctions::count> kicked{};
  static inline thread_local bool is_in_vcpu_thread = false;
  std::mutex big_lock_;
  static void take_lock(void* /*mutex*/, const char* /*file*/, int /*line*/) { lock_of_qemu->lock(); }
  static void fall_asleep(void* /*condition*/, void* /*mutex*/, const char* /*file*/, int /*line*/) {
    is_asleep = true;
    wake_up.wait(*lock_of_qemu, [] { return is_awake.load(); });
  }
  LockFunction lock_ = take_lock;
  SleepFunction sleep_ = fall_asleep;
  Symbols with_lock_;
  TimeSymbols with_sleep_;
  std::array<const char*, VcpuFunctions::count> asks_from_{};
  std::array<std::atomic<bool>, VcpuFunctions::count> sleeps_{};
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

TEST_F(CaughtVcpusTest, OnesThatDoNotComeAreLeftAlone) {
  make_vcpus(std::chrono::milliseconds(1));
  run_vcpus();
  end_vcpus();
  EXPECT_FALSE(vcpus_->catch_at_lock());
  EXPECT_FALSE(vcpus_->are_caught());
}

// What it does in the rest of it would be done after the report.
TEST_F(CaughtVcpusTest, AreNotInTheMidstOfAnInstruction) {
  asks_from_.at(1) = "accel/tcg/cputlb.c";
  run_vcpus();
  big_lock_.lock();
  EXPECT_FALSE(vcpus_->catch_at_lock());
  while (kicked.at(1)) {
  }
  EXPECT_FALSE(vcpus_->catch_at_lock());
  big_lock_.unlock();
}

TEST_F(CaughtVcpusTest, ThoseThatSleepNeedNoKick) {
  sleeps_.at(2) = true;
  run_vcpus();
  while (!is_asleep) {
  }
  kicked.at(2) = false;
  catch_all();
  EXPECT_FALSE(kicked.at(2));
  vcpus_->resume();
  is_awake = true;
  wake_up.notify_all();
  big_lock_.unlock();
}

TEST_F(CaughtVcpusTest, AreNotWhereSomebodyWouldMissAPause) {
  run_vcpus();
  catch_all();
  vcpus_->resume();
  qemu_.is_running = false;
  EXPECT_FALSE(vcpus_->catch_at_lock()) << "the main thread stops the machine";
  qemu_.is_running = true;
  ++generation;
  EXPECT_FALSE(vcpus_->catch_at_lock()) << "a vCPU was plugged in";
  --generation;
  big_lock_.unlock();
  std::thread main([this] {
    lock_(&big_lock_, "", 0);
    sleep_(nullptr, &big_lock_, "cpus-common.c", 0);
    big_lock_.unlock();
  });
  while (!is_asleep) {
  }
  big_lock_.lock();
  EXPECT_FALSE(vcpus_->catch_at_lock()) << "the main thread waits for a vCPU";
  is_awake = true;
  wake_up.notify_all();
  big_lock_.unlock();
  main.join();
}

}  // namespace
}  // namespace fermata::qemu
