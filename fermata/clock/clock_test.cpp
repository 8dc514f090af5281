// SPDX-License-Identifier: MIT
#include "fermata/clock/clock.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <limits>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "fermata/clock/testing/set_time.hpp"
#include "fermata/clock/timer.hpp"

namespace fermata::clock {
namespace {

using testing::at_ns;
using testing::SetTime;
using time::Duration;

class ClockTest : public ::testing::Test {
 protected:
  SetTime now;
  Clock clock{ClockKind::virtual_time, now};
};

TEST(ClockKind, HasAWord) {
  EXPECT_EQ(to_string(ClockKind::realtime), "realtime");
  EXPECT_EQ(to_string(ClockKind::virtual_time), "virtual");
  EXPECT_EQ(to_string(ClockKind::host), "host");
  EXPECT_EQ(to_string(ClockKind::virtual_rt), "virtual_rt");
}

TEST_F(ClockTest, TellsItsSourcesInstantAlsoWhileDisabled) {
  now.set(7);
  EXPECT_EQ(clock.now(), at_ns(7));
  EXPECT_TRUE(clock.is_enabled());
  clock.disable();
  EXPECT_FALSE(clock.is_enabled());
  now.set(8);
  EXPECT_EQ(clock.now(), at_ns(8));
}

TEST_F(ClockTest, IsReadInNsUsOrMs) {
  now.set(7'654'321);
  const Duration reading = clock.now().since_origin();
  EXPECT_EQ(reading.ns(), 7'654'321);
  EXPECT_EQ(reading.us_floor(), 7'654);
  EXPECT_EQ(reading / Duration::milliseconds(1), 7);
}

TEST_F(ClockTest, DeadlineIsTheSoonestOfAllItsLists) {
  EXPECT_EQ(clock.deadline(), std::nullopt);
  TimerList first(clock);
  TimerList second(clock);
  Timer a(first, [] {});
  Timer b(second, [] {}, {.is_external = true});
  a.arm(at_ns(90));
  b.arm(at_ns(60));
  now.set(10);
  EXPECT_EQ(clock.deadline(), Duration::nanoseconds(50));
  EXPECT_EQ(clock.deadline(TimerScope::without_external), Duration::nanoseconds(80));
  now.set(70);
  EXPECT_EQ(clock.deadline(), Duration::zero());
  clock.disable();
  EXPECT_EQ(clock.deadline(), std::nullopt);
}

TEST_F(ClockTest, EarliestIsThatOfAllItsLists) {
  TimerList a(clock);
  const Timer idle(a, [] {});
  EXPECT_EQ(a.earliest_of_clock(), std::nullopt);
  Timer of_a(a, [] {});
  of_a.arm(at_ns(90));
  EXPECT_EQ(a.earliest_of_clock(), at_ns(90));
  {
    TimerList b(clock);
    EXPECT_EQ(b.earliest_of_clock(), at_ns(90));
    Timer of_b(b, [] {}, {.is_external = true});
    of_b.arm(at_ns(70));
    EXPECT_EQ(clock.earliest(), at_ns(70));
    EXPECT_EQ(clock.earliest(TimerScope::without_external), at_ns(90));
    EXPECT_EQ(a.earliest_of_clock(), at_ns(70));
    EXPECT_EQ(a.earliest_of_clock(TimerScope::without_external), at_ns(90));
    EXPECT_EQ(a.earliest(), at_ns(90));
    clock.disable();
    EXPECT_EQ(clock.earliest(), std::nullopt);
    EXPECT_EQ(a.earliest_of_clock(), std::nullopt);
    clock.enable();
  }
  EXPECT_EQ(a.earliest_of_clock(), at_ns(90));
}

TEST_F(ClockTest, ItsWatchHearsOfEveryList) {
  std::vector<char> heard;
  clock.set_watch([&] { heard.push_back('w'); });
  clock.set_default_notify([&] { heard.push_back('d'); });
  TimerList a(clock, [&] { heard.push_back('a'); });
  TimerList b(clock);
  Timer of_a(a, [] {});
  Timer of_b(b, [] {});
  of_a.arm(at_ns(90));
  EXPECT_EQ(std::exchange(heard, {}), (std::vector{'w', 'a'}));
  of_b.arm(at_ns(95));
  EXPECT_EQ(std::exchange(heard, {}), (std::vector{'w', 'd'}));
  of_b.arm(at_ns(96));
  EXPECT_EQ(std::exchange(heard, {}), std::vector<char>{}) << "it is not earlier";
}

TEST_F(ClockTest, OnlyListsWithADueTimerAreNotifiedOfIt) {
  std::vector<char> heard;
  TimerList a(clock, [&] { heard.push_back('a'); });
  TimerList b(clock, [&] { heard.push_back('b'); });
  Timer of_a(a, [] {});
  Timer of_b(b, [] {});
  of_a.arm(at_ns(now.now().since_origin().ns() + 1));
  of_b.arm(now.now());
  heard.clear();
  clock.notify_due();
  EXPECT_EQ(std::exchange(heard, {}), std::vector{'b'});
  clock.disable();
  clock.notify_due();
  EXPECT_EQ(heard, std::vector<char>{});
}

TEST_F(ClockTest, ForgetsAListThatIsDestroyed) {
  TimerList first(clock);
  auto second = std::make_unique<TimerList>(clock);
  TimerList third(clock);
  Timer a(first, [] {});
  Timer c(third, [] {});
  second.reset();
  a.arm(at_ns(90));
  c.arm(at_ns(80));
  EXPECT_EQ(clock.deadline(), Duration::nanoseconds(80));
}

TEST_F(ClockTest, EnablingNotifiesEveryListAndANotifyMayMakeLists) {
  int notified = 0;
  std::unique_ptr<TimerList> made;
  TimerList first(clock, [&] {
    ++notified;
    if (!made) {
      made = std::make_unique<TimerList>(clock);
    }
  });
  TimerList second(clock, [&] { ++notified; });
  clock.disable();
  clock.enable();
  EXPECT_EQ(notified, 2);
}

TEST_F(ClockTest, DisableReturnsOnlyWhenNoCallbackRunsInAnyThread) {
  constexpr int thread_count = 2;
  std::latch are_running(thread_count);
  std::latch may_end(1);
  std::atomic<int> ended = 0;
  std::atomic<int> began = 0;
  now.set(10);
  std::vector<std::unique_ptr<TimerList>> lists;
  std::vector<std::unique_ptr<Timer>> timers;
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    TimerList& list = *lists.emplace_back(std::make_unique<TimerList>(clock));
    timers
        .emplace_back(std::make_unique<Timer>(list,
                                              [&] {
                                                ++began;
                                                are_running.count_down();
                                                may_end.wait();
                                                ++ended;
                                              }))
        ->arm(at_ns(1));
    // Due after the first, but the clock will be disabled by then.
    timers.emplace_back(std::make_unique<Timer>(list, [&] { ++began; }))->arm(at_ns(2));
    threads.emplace_back([&list] { list.run_due(); });
  }
  are_running.wait();
  std::thread disabler([&] {
    clock.disable();
    EXPECT_EQ(ended, thread_count);
  });
  while (clock.is_enabled()) {
    std::this_thread::yield();
  }
  EXPECT_EQ(ended, 0);
  may_end.count_down();
  disabler.join();
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(began, thread_count);
  clock.enable();
  for (const auto& list : lists) {
    EXPECT_TRUE(list->run_due());
  }
  EXPECT_EQ(began, 2 * thread_count);
}

TEST_F(ClockTest, ACallbackMayDisableAnotherClock) {
  Clock other(ClockKind::host, now);
  TimerList list(clock);
  Timer timer(list, [&] { other.disable(); });
  timer.arm(at_ns(0));
  EXPECT_TRUE(list.run_due());
  EXPECT_FALSE(other.is_enabled());
}

TEST_F(ClockTest, ACallbackMayEnableItsOwnClock) {
  TimerList list(clock);
  Timer timer(list, [&] { clock.enable(); });
  timer.arm(at_ns(0));
  EXPECT_TRUE(list.run_due());
}

TEST_F(ClockTest, ManyThreadsMaySwitchItAndMakeListsWhileCallbacksRun) {
  constexpr int rounds = 300;
  TimerList list(clock);
  std::atomic<int> busy = 2;
  std::atomic<bool> is_quiet = false;
  std::atomic<bool> was_broken = false;
  Timer* itself = nullptr;
  Timer timer(list, [&] {
    was_broken = was_broken || is_quiet;
    itself->arm(at_ns(0));
  });
  itself = &timer;
  timer.arm(at_ns(0));
  std::thread switcher([&] {
    for (int round = 0; round < rounds; ++round) {
      clock.disable();
      is_quiet = true;
      std::this_thread::yield();
      is_quiet = false;
      clock.enable();
    }
    --busy;
  });
  std::thread maker([&] {
    for (int round = 0; round < rounds; ++round) {
      TimerList short_lived(clock, [] {});
      Timer other(short_lived, [] {});
      other.arm(at_ns(5));
      (void)clock.deadline();
    }
    --busy;
  });
  while (busy > 0) {
    list.run_due();
  }
  switcher.join();
  maker.join();
  EXPECT_FALSE(was_broken);
}

using ClockDeathTest = ClockTest;

TEST_F(ClockDeathTest, DisablingItFromItsOwnCallbackIsAProgrammingError) {
  TimerList list(clock);
  Timer timer(list, [this] { clock.disable(); });
  timer.arm(at_ns(0));
  EXPECT_DEATH(list.run_due(), "broken precondition in disable.*not disabled from a callback of its own");
}

TEST_F(ClockDeathTest, SoItIsFromACallbackThatHasDestroyedItsTimer) {
  TimerList list(clock);
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(list, [&] {
    timer.reset();
    clock.disable();
  });
  timer->arm(at_ns(0));
  EXPECT_DEATH(list.run_due(), "broken precondition in disable.*not disabled from a callback of its own");
}

TEST_F(ClockDeathTest, LivesLongerThanItsLists) {
  EXPECT_DEATH(
      {
        auto short_lived = std::make_unique<Clock>(ClockKind::host, now);
        TimerList list(*short_lived);
        short_lived.reset();
      },
      "broken precondition.*its timer lists are destroyed before it");
}

}  // namespace
}  // namespace fermata::clock
