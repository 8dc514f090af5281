// SPDX-License-Identifier: MIT
#include "fermata/loop/wakeup.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

namespace fermata::loop {
namespace {

bool is_signalled(const Wakeup& wakeup) {
  pollfd event{.fd = wakeup.descriptor(), .events = POLLIN, .revents = 0};
  return ::poll(&event, 1, 0) == 1;
}

TEST(Wakeup, WakesASleeper) {
  Wakeup wakeup;
  EXPECT_TRUE(wakeup.begin_sleep());
  EXPECT_FALSE(is_signalled(wakeup));
  wakeup.wake();
  EXPECT_TRUE(is_signalled(wakeup));
  wakeup.end_sleep(true);
  EXPECT_FALSE(is_signalled(wakeup));
  EXPECT_TRUE(wakeup.begin_sleep());
}

TEST(Wakeup, AWakeBeforeTheSleepEndsItWithoutASystemCall) {
  Wakeup wakeup;
  wakeup.wake();
  wakeup.wake();
  EXPECT_FALSE(is_signalled(wakeup));
  EXPECT_FALSE(wakeup.begin_sleep());
  wakeup.end_sleep(false);
  EXPECT_TRUE(wakeup.begin_sleep());  // it counted once
}

TEST(Wakeup, ANudgeEndsThePresentSleepOnly) {
  Wakeup wakeup;
  wakeup.nudge();
  EXPECT_TRUE(wakeup.begin_sleep());
  EXPECT_FALSE(is_signalled(wakeup));
  wakeup.nudge();
  EXPECT_TRUE(is_signalled(wakeup));
  wakeup.end_sleep(true);
  EXPECT_TRUE(wakeup.begin_sleep());
}

TEST(Wakeup, NoneOfManyIsMissed) {
  constexpr int rounds = 20'000;
  Wakeup wakeup;
  std::atomic<int> asked = 0;
  std::thread waker([&] {
    for (int i = 0; i < rounds; ++i) {
      ++asked;
      wakeup.wake();
    }
  });
  while (asked < rounds) {
    // A limit only so that a lost wake-up shows as a failure instead of a hang.
    const int seen = asked;
    bool is_in_time = true;
    bool signalled = false;
    if (wakeup.begin_sleep() && asked == seen && asked < rounds) {
      pollfd event{.fd = wakeup.descriptor(), .events = POLLIN, .revents = 0};
      is_in_time = ::poll(&event, 1, 20'000) == 1;
      signalled = true;
    }
    wakeup.end_sleep(signalled);
    ASSERT_TRUE(is_in_time);
  }
  waker.join();
}

}  // namespace
}  // namespace fermata::loop
