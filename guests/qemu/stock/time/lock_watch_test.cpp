// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/lock_watch.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>

namespace fermata::qemu {
namespace {

// QEMU's lock, and a condition that is waited for with it; the functions behind the hooks carry no context.
std::mutex* big_lock = nullptr;
std::condition_variable_any* condition = nullptr;
std::atomic<bool> is_signalled = false;
thread_local bool is_in_vcpu_thread = false;

class LockWatchTest : public ::testing::Test {
 protected:
  LockWatchTest() {
    big_lock = &lock_;
    condition = &condition_;
    is_signalled = false;
  }
  [[nodiscard]] Symbols symbols() {
    Symbols s;
    s.bql_mutex_lock_func = &lock_hook_;
    s.qemu_in_vcpu_thread = [] { return is_in_vcpu_thread; };
    return s;
  }
  [[nodiscard]] TimeSymbols time_symbols() {
    TimeSymbols s;
    s.qemu_cond_wait_func = &sleep_hook_;
    return s;
  }
  void lock() { lock_hook_(&lock_, "", 0); }
  void unlock() { lock_.unlock(); }
  void wait_with(void* mutex) { sleep_hook_(&condition_, mutex, "", 0); }
  static void wait_for(const std::function<bool()>& what) {
    while (!what()) {
      std::this_thread::yield();
    }
  }

  std::mutex lock_;
  std::condition_variable_any condition_;
  LockFunction lock_hook_ = [](void* mutex, const char*, int) {
    ASSERT_EQ(mutex, big_lock);
    big_lock->lock();
  };
  SleepFunction sleep_hook_ = [](void*, void* mutex, const char*, int) {
    if (mutex == big_lock) {
      condition->wait(*big_lock, [] { return is_signalled.load(); });
    }
  };
  LockWatch watch_{symbols(), time_symbols()};
};

TEST_F(LockWatchTest, NeedsBothHooks) {
  EXPECT_TRUE(watch_.sees_all());
  EXPECT_FALSE(LockWatch(symbols(), TimeSymbols{}).sees_all());
  EXPECT_FALSE(LockWatch(Symbols{}, time_symbols()).sees_all());
}

TEST_F(LockWatchTest, AThreadWaitsFromWhenItAsksUntilItHasTheLock) {
  LockWatch::Thread vcpu;
  int asked = 0;
  vcpu.on_ask = [&asked] { ++asked; };
  lock();
  std::atomic<bool> has_lock{false};
  std::thread thread([&] {
    LockWatch::attach(vcpu);
    lock();
    has_lock = true;
    EXPECT_FALSE(vcpu.is_waiting());
    unlock();
  });
  wait_for([&vcpu] { return vcpu.is_waiting(); });
  EXPECT_FALSE(has_lock);
  unlock();
  thread.join();
  EXPECT_FALSE(vcpu.is_waiting());
  EXPECT_EQ(asked, 1) << "for its own thread only";
}

TEST_F(LockWatchTest, OneThatSleepsWithoutTheLockWaits) {
  LockWatch::Thread vcpu;
  std::thread thread([&] {
    LockWatch::attach(vcpu);
    std::mutex another;
    wait_with(&another);
    EXPECT_FALSE(vcpu.is_waiting());
    lock();
    wait_with(&lock_);
    EXPECT_FALSE(vcpu.is_waiting());
    unlock();
  });
  wait_for([&vcpu] { return vcpu.is_waiting(); });
  lock();
  EXPECT_TRUE(vcpu.is_waiting());
  is_signalled = true;
  condition_.notify_all();
  unlock();
  thread.join();
}

TEST_F(LockWatchTest, OthersAreKeptFromTheLockWhileItIsClosed) {
  watch_.close();
  std::atomic<bool> has_lock{false};
  std::thread other([&] {
    lock();
    has_lock = true;
    unlock();
  });
  std::thread vcpu([&] {
    is_in_vcpu_thread = true;
    lock();
    EXPECT_FALSE(has_lock) << "which the other has not for 100 ms";
    unlock();
    watch_.open();
  });
  vcpu.join();
  other.join();
  EXPECT_TRUE(has_lock);
}

TEST_F(LockWatchTest, WhoHasClosedItIsNotKeptOut) {
  watch_.close();
  lock();
  unlock();
  EXPECT_FALSE(HasFailure());
  std::atomic<bool> has_lock{false};
  std::thread other([&] {
    lock();
    has_lock = true;
    unlock();
  });
  EXPECT_FALSE(has_lock) << "for 100 ms";
  watch_.open();
  other.join();
}

// Somebody may wait for it who has the lock.
TEST_F(LockWatchTest, AGateThatNobodyOpensDoesNotStayClosed) {
  watch_.close();
  std::thread([this] {
    lock();
    unlock();
  }).join();
}

}  // namespace
}  // namespace fermata::qemu
