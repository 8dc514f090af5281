// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/lock_watch.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace fermata::qemu {
namespace {

// QEMU's lock, and a condition that is waited for with it; the functions behind the hooks carry no context.
std::mutex* big_lock = nullptr;
std::condition_variable_any* condition = nullptr;
std::atomic<bool> is_signalled = false;
std::function<void()> in_other_sleep;  // on a condition that goes with another mutex
thread_local bool is_in_vcpu_thread = false;

using Wait = LockWatch::Wait;

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
    s.semihosting_enabled = [](bool) { return false; };
    s.qemu_mutex_unlock_impl = [](void* /*mutex*/, const char* /*file*/, int /*line*/) { big_lock->unlock(); };
    return s;
  }
  void lock(const char* file = "") { lock_hook_(&lock_, file, 0); }
  void unlock() { lock_.unlock(); }
  void wait_with(void* mutex, const char* file) { sleep_hook_(&condition_, mutex, file, 0); }
  void wake_sleepers() {
    is_signalled = true;
    condition_.notify_all();
  }
  static void wait_for(const std::function<bool()>& what) {
    while (!what()) {
      std::this_thread::yield();
    }
  }

  std::mutex lock_;
  std::condition_variable_any condition_;
  static void take_lock(void* mutex, const char* /*file*/, int /*line*/) {
    ASSERT_EQ(mutex, big_lock);
    big_lock->lock();
  }
  static void sleep_with(void* /*condition*/, void* mutex, const char* /*file*/, int /*line*/) {
    if (mutex == big_lock) {
      condition->wait(*big_lock, [] { return is_signalled.load(); });
    } else if (in_other_sleep) {
      in_other_sleep();
    }
  }
  LockFunction lock_hook_ = take_lock;
  SleepFunction sleep_hook_ = sleep_with;
  LockWatch watch_{symbols(), time_symbols(), std::chrono::hours(1)};
};

TEST_F(LockWatchTest, NeedsBothHooks) {
  EXPECT_TRUE(watch_.sees_all());
  EXPECT_FALSE(LockWatch(symbols(), TimeSymbols{}).sees_all());
  EXPECT_FALSE(LockWatch(Symbols{}, time_symbols()).sees_all());
}

TEST_F(LockWatchTest, AThreadWaitsFromWhenItAsksUntilItHasTheLock) {
  for (const auto& [file, wait] : {std::pair{"../../accel/tcg/tcg-accel-ops-mttcg.c", Wait::between_instructions},
                                   std::pair{"accel/tcg/cpu-exec.c", Wait::between_instructions},
                                   std::pair{"../../accel/tcg/cputlb.c", Wait::in_instruction}}) {
    LockWatch::Thread vcpu;
    int asked = 0;
    vcpu.on_ask = [&asked] { ++asked; };
    lock();
    std::thread thread([&] {
      LockWatch::attach(vcpu);
      for (int i = 0; i < 2; ++i) {
        lock(file);
        EXPECT_EQ(vcpu.wait(), Wait::none);
        unlock();
      }
    });
    wait_for([&vcpu] { return vcpu.wait() != Wait::none; });
    EXPECT_EQ(vcpu.wait(), wait) << file;
    unlock();
    thread.join();
    EXPECT_EQ(vcpu.wait(), Wait::none);
    EXPECT_EQ(asked, 2) << "for its own thread only";
  }
}

TEST_F(LockWatchTest, OneThatSleepsWithoutTheLockWaits) {
  for (const auto& [file, wait] : {std::pair{"system/cpus.c", Wait::between_instructions},
                                   std::pair{"../../softmmu/cpus.c", Wait::between_instructions},
                                   std::pair{"../../cpus-common.c", Wait::in_instruction}}) {
    is_signalled = false;
    LockWatch::Thread vcpu;
    std::thread thread([&] {
      LockWatch::attach(vcpu);
      std::mutex another;
      wait_with(&another, file);
      EXPECT_EQ(vcpu.wait(), Wait::none);
      lock("accel/tcg/tcg-accel-ops-mttcg.c");
      wait_with(&lock_, file);
      EXPECT_EQ(vcpu.wait(), Wait::none);
      unlock();
    });
    wait_for([&] {
      lock();  // then it is not on its way to sleep
      const bool waits = vcpu.wait() == wait;
      unlock();
      return waits;
    });
    lock();
    EXPECT_EQ(vcpu.wait(), wait) << file;
    EXPECT_EQ(watch_.sleepers(), 0);
    wake_sleepers();
    unlock();
    thread.join();
  }
}

// A device of QEMU's may sleep by the function by which vCPUs do.
TEST_F(LockWatchTest, OneThatSleepsWithTheLockOfAnInstructionIsInThatInstruction) {
  LockWatch::Thread vcpu;
  std::thread thread([&] {
    LockWatch::attach(vcpu);
    lock("system/physmem.c");
    wait_with(&lock_, "system/cpus.c");
    unlock();
  });
  wait_for([&] {
    lock();
    const Wait wait = vcpu.wait();
    unlock();
    return wait != Wait::none;
  });
  lock();
  EXPECT_EQ(vcpu.wait(), Wait::in_instruction);
  wake_sleepers();
  unlock();
  thread.join();
}

// Arm's calls to its firmware are carried out there, and those of semihosting.
TEST_F(LockWatchTest, WhereAnExceptionExecutesSomethingItIsAnInstruction) {
  for (const bool is_arm : {true, false}) {
    TimeSymbols executing = time_symbols();
    executing.arm_handle_psci_call = is_arm ? &lock_ : nullptr;
    if (!is_arm) {
      executing.semihosting_enabled = [](bool) { return true; };
    }
    lock_hook_ = take_lock;
    sleep_hook_ = sleep_with;
    const LockWatch watch(symbols(), executing);
    LockWatch::Thread vcpu;
    lock();
    std::thread thread([&] {
      LockWatch::attach(vcpu);
      lock("accel/tcg/cpu-exec.c");
      unlock();
    });
    wait_for([&vcpu] { return vcpu.wait() != Wait::none; });
    EXPECT_EQ(vcpu.wait(), Wait::in_instruction);
    unlock();
    thread.join();
  }
}

TEST_F(LockWatchTest, OthersThatSleepWithoutTheLockAreCounted) {
  std::thread main([this] {
    lock();
    wait_with(&lock_, "system/cpus.c");
    EXPECT_EQ(watch_.sleepers(), 0);
    unlock();
  });
  wait_for([this] { return watch_.sleepers() == 1; });
  lock();
  EXPECT_EQ(watch_.sleepers(), 1);
  wake_sleepers();
  unlock();
  main.join();
}

TEST_F(LockWatchTest, OthersAreKeptFromTheLockWhileItIsClosed) {
  watch_.close();
  std::atomic<bool> has_lock{false};
  std::thread other([&] {
    lock();
    has_lock = true;
    unlock();
  });
  wait_for([this] { return watch_.kept_out() == 1; });
  std::thread vcpu([&] {
    is_in_vcpu_thread = true;
    lock();
    unlock();
  });
  vcpu.join();
  lock();  // who has closed it is not kept out either
  unlock();
  EXPECT_FALSE(has_lock);
  watch_.open();
  other.join();
  EXPECT_TRUE(has_lock);
  EXPECT_EQ(watch_.kept_out(), 0);
}

// One is within an instruction: the others do not get the lock, neither who asks for it nor who wakes up with it, and
// threads that are no vCPUs' do.
TEST_F(LockWatchTest, OtherVcpusAreKeptOut) {
  LockWatch::Thread own;
  LockWatch::Thread asking;
  LockWatch::Thread sleeping;
  EXPECT_TRUE(watch_.can_keep_vcpus_out());
  std::thread sleeper([&] {
    LockWatch::attach(sleeping);
    lock("tcg-accel-ops-mttcg.c");
    wait_with(&lock_, "system/cpus.c");
    unlock();
  });
  wait_for([&] { return sleeping.wait() != Wait::none; });
  LockWatch::attach(own);
  lock();
  watch_.keep_vcpus_out();
  std::atomic<bool> has_lock{false};
  std::thread other([&] {
    LockWatch::attach(asking);
    lock();
    has_lock = true;
    unlock();
  });
  unlock();
  wake_sleepers();
  wait_for([this] { return watch_.vcpus_out() == 2; });
  std::thread([this] {
    lock();
    unlock();
  }).join();
  lock();
  EXPECT_FALSE(has_lock);
  EXPECT_NE(asking.wait(), Wait::none);
  EXPECT_NE(sleeping.wait(), Wait::none);
  watch_.let_vcpus_in();
  unlock();
  other.join();
  sleeper.join();
  EXPECT_TRUE(has_lock);
  EXPECT_EQ(watch_.vcpus_out(), 0);
}

TEST_F(LockWatchTest, AVcpuThatWaitsForOthersOrByItselfIsSeen) {
  std::thread([this] {
    LockWatch::Thread thread;
    LockWatch::attach(thread);
    lock();
    unlock();
    Wait seen = Wait::none;
    in_other_sleep = [&] { seen = thread.wait(); };
    std::mutex list;
    for (const auto& [file, wait] :
         {std::pair("../../cpus-common.c", Wait::for_other_vcpus), std::pair("cpu-common.c", Wait::for_other_vcpus),
          std::pair("block.c", Wait::none)}) {
      wait_with(&list, file);
      EXPECT_EQ(seen, wait) << file;
      EXPECT_EQ(thread.wait(), Wait::none);
    }
    in_other_sleep = nullptr;
    LockWatch::wait_here();
    EXPECT_EQ(thread.wait(), Wait::between_instructions);
    lock();
    EXPECT_EQ(thread.wait(), Wait::none);
    unlock();
  }).join();
}

// Somebody may wait for it who has the lock.
TEST_F(LockWatchTest, AGateThatNobodyOpensDoesNotStayClosed) {
  lock_hook_ = take_lock;
  sleep_hook_ = sleep_with;
  LockWatch impatient(symbols(), time_symbols(), std::chrono::milliseconds(1));
  impatient.close();
  std::thread([this] {
    lock();
    unlock();
  }).join();
  impatient.open();
}

}  // namespace
}  // namespace fermata::qemu
