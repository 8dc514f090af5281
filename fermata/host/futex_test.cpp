// SPDX-License-Identifier: MIT
#include "fermata/host/futex.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace fermata::host {
namespace {

using namespace std::chrono_literals;

TEST(Futex, DoesNotSleepOnAWordThatHasChanged) {
  const std::atomic<std::uint32_t> word{2};
  futex_wait(word, 1, 1h);
}

TEST(Futex, SleepsNoLongerThanItIsTold) {
  const std::atomic<std::uint32_t> word{1};
  futex_wait(word, 1, 1ms);
  futex_wait(word, 1, 0ms);
}

TEST(Futex, IsWokenByWhoeverHasChangedTheWord) {
  std::atomic<std::uint32_t> word{1};
  std::jthread waker([&word] {
    word = 2;
    futex_wake_all(word);
  });
  while (word.load() == 1) {
    futex_wait(word, 1, 1h);
  }
}

TEST(Futex, OfALongWordComparesTheLowHalf) {
  std::atomic<std::int64_t> word{-2};
  futex_wait(word, -1, 1h);
  futex_wait(word, std::int64_t{0x1'ffff'fffe}, 1ms);
  std::jthread waker([&word] {
    word = 5;
    futex_wake_all(word);
  });
  while (word.load() == -2) {
    futex_wait(word, -2, 1h);
  }
}

}  // namespace
}  // namespace fermata::host
