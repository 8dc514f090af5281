// SPDX-License-Identifier: MIT
#include "fermata/clock/queue/short_lock.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace fermata::clock {
namespace {

TEST(ShortLock, IsOneByte) { EXPECT_EQ(sizeof(ShortLock), 1U); }

TEST(ShortLock, LetsOneThreadInAtATime) {
  constexpr int thread_count = 4;
  constexpr int rounds = 50'000;
  ShortLock lock;
  std::int64_t count = 0;  // not atomic
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        const std::lock_guard held(lock);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(count, std::int64_t{thread_count} * rounds);
}

TEST(ShortLock, WhoWaitsLongGetsIn) {
  ShortLock lock;
  bool is_done = false;
  lock.lock();
  std::vector<std::thread> waiters;
  std::atomic<int> started = 0;
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&] {
      ++started;
      const std::lock_guard held(lock);
      EXPECT_TRUE(is_done);
    });
  }
  while (started < 3) {
    std::this_thread::yield();
  }
  for (int i = 0; i < 5'000; ++i) {  // longer than anybody spins and yields
    std::this_thread::yield();
  }
  is_done = true;
  lock.unlock();
  for (std::thread& waiter : waiters) {
    waiter.join();
  }
}

}  // namespace
}  // namespace fermata::clock
