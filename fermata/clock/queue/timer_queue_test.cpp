// SPDX-License-Identifier: MIT
#include "fermata/clock/queue/timer_queue.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

#include "fermata/clock/testing/set_time.hpp"

namespace fermata::clock {
namespace {

using testing::at_ns;
using testing::SetTime;

// A list that hands out what is behind it cannot be made from here, so the queue is tested through the list; what
// follows is what only many timers at once show.

TEST(TimerQueue, RandomOperationsFromCallbacksToo) {
  constexpr std::size_t count = 64;
  SetTime now;
  Clock clock(ClockKind::virtual_time, now);
  TimerList list(clock);
  std::mt19937 random(7);
  std::vector<std::unique_ptr<Timer>> timers(count);
  // What is to run in this pass, in order; a callback that changes something for a later time takes it out.
  std::set<std::pair<std::pair<std::int64_t, std::uint64_t>, std::size_t>> expected;
  std::vector<std::uint64_t> sequence(count);
  std::vector<std::int64_t> expiry(count, -1);
  std::uint64_t next = 0;
  std::int64_t pass_now = -1;
  const auto arm = [&](std::size_t i, std::int64_t at) {
    expected.erase({{expiry[i], sequence[i]}, i});
    expiry[i] = at;
    sequence[i] = next++;
    timers[i]->arm(at_ns(at));
  };
  const auto cancel = [&](std::size_t i) {
    expected.erase({{expiry[i], sequence[i]}, i});
    expiry[i] = -1;
    timers[i]->cancel();
  };
  for (std::size_t i = 0; i < count; ++i) {
    timers[i] = std::make_unique<Timer>(
        list,
        [&, i] {
          ASSERT_FALSE(expected.empty());
          ASSERT_EQ(expected.begin()->second, i);
          expected.erase(expected.begin());
          expiry[i] = -1;
          for (int action = 0; action < 2; ++action) {
            const std::size_t other = random() % count;
            if (random() % 3 == 0) {
              cancel(other);
            } else {
              arm(other, pass_now - 20 + static_cast<std::int64_t>(random() % 40));
            }
          }
        },
        Timer::Options{.is_external = i % 5 == 0});
  }
  for (int pass = 0; pass < 3'000; ++pass) {
    pass_now += 5;
    for (int action = 0; action < 3; ++action) {
      arm(random() % count, pass_now + static_cast<std::int64_t>(random() % 30));
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (timers[i]->is_pending() && expiry[i] <= pass_now) {
        expected.insert({{expiry[i], sequence[i]}, i});
      }
    }
    now.set(pass_now);
    list.run_due();
    ASSERT_TRUE(expected.empty());
    std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(timers[i]->is_pending(), timers[i]->expiry().has_value());
      if (timers[i]->is_pending()) {
        ASSERT_EQ(timers[i]->expiry(), at_ns(expiry[i]));
        earliest = std::min(earliest, expiry[i]);
      }
    }
    ASSERT_EQ(list.has_timers(), earliest != std::numeric_limits<std::int64_t>::max());
    if (list.has_timers()) {
      ASSERT_EQ(list.earliest(), at_ns(earliest));
    }
  }
}

// A callback arms so many others for an instant that has come, and then one for later.
void arm_late_and_for_later(std::size_t count, bool is_external) {
  SetTime now;
  Clock clock(ClockKind::virtual_time, now);
  TimerList list(clock);
  std::size_t ran = 0;
  const auto make = [&] {
    return std::make_unique<Timer>(
        list, [&ran] { ++ran; }, Timer::Options{.is_external = is_external});
  };
  std::vector<std::unique_ptr<Timer>> late;
  for (std::size_t i = 0; i < count; ++i) {
    late.push_back(make());
  }
  const auto for_later = make();
  Timer first(list,
              [&] {
                for (const auto& timer : late) {
                  timer->arm(at_ns(7));
                  ASSERT_EQ(list.earliest(), at_ns(7));
                }
                for_later->arm(at_ns(100));
              },
              {.is_external = is_external});
  first.arm(at_ns(10));
  now.set(10);
  EXPECT_TRUE(list.run_due());
  EXPECT_EQ(ran, 0U);
  EXPECT_EQ(list.earliest(TimerScope::without_external), is_external ? std::nullopt : std::optional(at_ns(7)));
  EXPECT_TRUE(list.run_due());
  EXPECT_EQ(ran, count);
  EXPECT_EQ(list.earliest(), at_ns(100));
}

TEST(TimerQueue, WhatIsArmedTooLateForThePassHasRoomAtItsEnd) {
  for (std::size_t count = 1; count < 70; ++count) {
    arm_late_and_for_later(count, false);
    arm_late_and_for_later(count, true);
  }
}

TEST(TimerQueue, ArmingTooLateForThePassCostsNoMoreTheMoreOfItThereIs) {
  arm_late_and_for_later(300'000, false);  // minutes, if each were to look at all
  arm_late_and_for_later(300'000, true);
}

}  // namespace
}  // namespace fermata::clock
