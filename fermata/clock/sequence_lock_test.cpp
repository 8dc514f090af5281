// SPDX-License-Identifier: MIT
#include "fermata/clock/sequence_lock.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

namespace fermata::clock {
namespace {

TEST(SequenceLock, AReaderSeesOneStateOfTheWritersAndReadsAgainWhereOneCameInBetween) {
  SequenceLock lock;
  std::atomic<int> a{1};
  int reads = 0;
  const int value = lock.read([&] {
    if (++reads == 1) {
      lock.write([&] { a.store(2, std::memory_order_release); });
      return 1;
    }
    return a.load(std::memory_order_acquire);
  });
  EXPECT_EQ(value, 2);
  EXPECT_EQ(reads, 2);
}

TEST(SequenceLock, ReadersInAnotherThreadNeverSeeHalfAChange) {
  SequenceLock lock;
  std::atomic<int> a{0};
  std::atomic<int> b{0};
  std::atomic<bool> is_done = false;
  std::thread reader([&] {
    while (!is_done) {
      const auto [x, y] =
          lock.read([&] { return std::pair(a.load(std::memory_order_acquire), b.load(std::memory_order_acquire)); });
      ASSERT_EQ(x, -y);
    }
  });
  for (int i = 0; i < 50'000; ++i) {
    lock.write([&] {
      a.store(i, std::memory_order_release);
      b.store(-i, std::memory_order_release);
    });
  }
  is_done = true;
  reader.join();
}

}  // namespace
}  // namespace fermata::clock
