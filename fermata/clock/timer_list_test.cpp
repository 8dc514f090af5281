// SPDX-License-Identifier: MIT
#include "fermata/clock/timer_list.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <memory>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/clock/testing/set_time.hpp"
#include "fermata/clock/timer.hpp"

namespace fermata::clock {
namespace {

using testing::at_ns;
using ::testing::ElementsAre;
using testing::SetTime;
using time::Duration;

class TimerListTest : public ::testing::Test {
 protected:
  bool run_at(std::int64_t ns) {
    now.set(ns);
    return list.run_due();
  }
  std::unique_ptr<Timer> make(int what, Timer::Options options = {}) {
    return std::make_unique<Timer>(
        list, [this, what] { ran.push_back(what); }, options);
  }

  SetTime now;
  Clock clock{ClockKind::virtual_time, now};
  int notified = 0;
  TimerList list{clock, [this] { ++notified; }};
  std::vector<int> ran;
};

TEST_F(TimerListTest, TellsItsEarliestTimerAsInstantAndAsSpan) {
  EXPECT_FALSE(list.has_timers());
  EXPECT_EQ(list.earliest(), std::nullopt);
  EXPECT_EQ(list.deadline(), std::nullopt);
  const auto a = make(1);
  const auto b = make(2);
  a->arm(at_ns(70));
  b->arm(at_ns(50));
  now.set(20);
  EXPECT_TRUE(list.has_timers());
  EXPECT_EQ(list.earliest(), at_ns(50));
  EXPECT_EQ(list.deadline(), Duration::nanoseconds(30));
  now.set(60);
  EXPECT_EQ(list.deadline(), Duration::zero());
}

TEST_F(TimerListTest, HasNoDeadlineAndRunsNothingWhileItsClockIsDisabled) {
  const auto a = make(1);
  a->arm(at_ns(5));
  clock.disable();
  EXPECT_TRUE(list.has_timers());
  EXPECT_EQ(list.earliest(), std::nullopt);
  EXPECT_EQ(list.deadline(), std::nullopt);
  EXPECT_FALSE(run_at(10));
  clock.enable();
  EXPECT_EQ(list.deadline(), Duration::zero());
  EXPECT_TRUE(run_at(10));
}

TEST_F(TimerListTest, ExternalTimersCountOnlyWhereTheyAreAskedFor) {
  const auto ordinary = make(1);
  const auto external = make(2, {.is_external = true});
  external->arm(at_ns(10));
  EXPECT_EQ(list.earliest(), at_ns(10));
  EXPECT_EQ(list.earliest(TimerScope::without_external), std::nullopt);
  ordinary->arm(at_ns(30));
  EXPECT_EQ(list.deadline(), Duration::nanoseconds(10));
  EXPECT_EQ(list.deadline(TimerScope::without_external), Duration::nanoseconds(30));
}

TEST_F(TimerListTest, ExternalAndOrdinaryTimersRunInOneOrder) {
  const auto a = make(1);
  const auto b = make(2, {.is_external = true});
  const auto c = make(3);
  const auto d = make(4, {.is_external = true});
  d->arm(at_ns(10));
  c->arm(at_ns(10));
  b->arm(at_ns(10));
  a->arm(at_ns(9));
  run_at(10);
  EXPECT_THAT(ran, ElementsAre(1, 4, 3, 2));
}

TEST_F(TimerListTest, EqualExpiriesRunInTheOrderInWhichTheyWereArmed) {
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 20; ++i) {
    timers.push_back(make(i));
  }
  for (const int i : {7, 3, 19, 0, 12}) {
    timers[static_cast<std::size_t>(i)]->arm(at_ns(10));
  }
  timers[3]->arm(at_ns(10));  // armed again: now the last
  run_at(10);
  EXPECT_THAT(ran, ElementsAre(7, 19, 0, 12, 3));
}

TEST_F(TimerListTest, APassIsBoundedByWhatWasDueWhenItBegan) {
  int calls = 0;
  Timer* itself = nullptr;
  Timer for_ever(list, [&] {
    ++calls;
    ran.push_back(0);
    itself->arm(at_ns(0));  // due for ever
  });
  itself = &for_ever;
  const auto other = make(1);
  for_ever.arm(at_ns(1));
  other->arm(at_ns(8));
  EXPECT_TRUE(run_at(10));
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(ran, ElementsAre(0, 1));
  EXPECT_EQ(list.deadline(), Duration::zero());
  EXPECT_TRUE(list.run_due());
  EXPECT_EQ(calls, 2);
}

TEST_F(TimerListTest, WhatIsArmedForATimeAlreadyDueRunsInTheNextPassAfterOthersThatAreDue) {
  const auto armed_by_first = make(3);
  const auto external = make(4, {.is_external = true});
  Timer first(list, [&] {
    ran.push_back(1);
    armed_by_first->arm(at_ns(0));
    external->arm(at_ns(0));
    EXPECT_TRUE(armed_by_first->is_pending());
    EXPECT_EQ(armed_by_first->expiry(), at_ns(0));
    EXPECT_EQ(list.earliest(), at_ns(0));
    EXPECT_EQ(list.earliest(TimerScope::without_external), at_ns(0));
  });
  const auto second = make(2);
  first.arm(at_ns(1));
  second->arm(at_ns(10));
  run_at(10);
  EXPECT_THAT(ran, ElementsAre(1, 2));
  list.run_due();
  EXPECT_THAT(ran, ElementsAre(1, 2, 3, 4));
  EXPECT_FALSE(list.has_timers());
}

TEST_F(TimerListTest, WhatAPassWasToRunAndIsArmedAgainForLaterDoesNotRunInIt) {
  const auto second = make(2);
  Timer first(list, [&] { second->arm(at_ns(11)); });
  first.arm(at_ns(1));
  second->arm(at_ns(2));
  run_at(10);
  EXPECT_TRUE(ran.empty());
  run_at(11);
  EXPECT_THAT(ran, ElementsAre(2));
}

TEST_F(TimerListTest, ArmingIfEarlierDoesNotPutOffWhatThePassWasToRun) {
  const auto second = make(2);
  Timer first(list, [&] { second->arm_if_earlier(at_ns(0)); });
  first.arm(at_ns(1));
  second->arm(at_ns(2));
  run_at(10);
  EXPECT_THAT(ran, ElementsAre(2));
}

TEST_F(TimerListTest, WhatWaitsForTheNextPassCanBeCancelledMovedAndDestroyed) {
  const auto cancelled = make(2);
  const auto moved = make(3);
  auto destroyed = make(4);
  Timer first(list, [&] {
    for (Timer* timer : {cancelled.get(), moved.get(), destroyed.get()}) {
      timer->arm(at_ns(0));
    }
    cancelled->cancel();
    moved->arm(at_ns(20));
    destroyed.reset();
  });
  first.arm(at_ns(1));
  run_at(10);
  EXPECT_FALSE(run_at(10));
  EXPECT_EQ(list.earliest(), at_ns(20));
  EXPECT_TRUE(run_at(20));
  EXPECT_THAT(ran, ElementsAre(3));
}

TEST_F(TimerListTest, APassEndsWhenItsClockIsDisabled) {
  const auto second = make(2);
  TimerList elsewhere(clock);
  Timer first(list, [&] { ran.push_back(1); });
  first.arm(at_ns(1));
  second->arm(at_ns(1));
  clock.disable();
  EXPECT_FALSE(run_at(1));
}

TEST_F(TimerListTest, IsNotifiedExactlyWhenTheEarliestDeadlineBecomesEarlier) {
  const auto a = make(1);
  const auto b = make(2);
  a->arm(at_ns(50));
  EXPECT_EQ(notified, 1);  // there was none
  b->arm(at_ns(60));
  EXPECT_EQ(notified, 1);
  b->arm(at_ns(50));  // equal
  EXPECT_EQ(notified, 1);
  b->arm(at_ns(40));
  EXPECT_EQ(notified, 2);
  b->arm(at_ns(45));  // the earliest becomes later
  EXPECT_EQ(notified, 2);
  b->arm(at_ns(44));
  EXPECT_EQ(notified, 3);
  b->arm_if_earlier(at_ns(50));
  a->arm_if_earlier(at_ns(45));
  EXPECT_EQ(notified, 3);
  b->cancel();
  EXPECT_EQ(notified, 3);
  run_at(100);
  EXPECT_EQ(notified, 3);
}

TEST_F(TimerListTest, IsNotifiedOfAnOrdinaryTimerAfterAnExternalOne) {
  const auto ordinary = make(1);
  const auto external = make(2, {.is_external = true});
  external->arm(at_ns(10));
  EXPECT_EQ(notified, 1);
  ordinary->arm(at_ns(30));  // the deadline without external timers is earlier now
  EXPECT_EQ(notified, 2);
  external->arm(at_ns(40));
  external->arm(at_ns(35));  // neither deadline
  EXPECT_EQ(notified, 2);
}

TEST_F(TimerListTest, IsNotNotifiedWhileItsClockIsDisabledButWhenItIsEnabled) {
  clock.disable();
  const auto a = make(1);
  a->arm(at_ns(50));
  EXPECT_EQ(notified, 0);
  clock.enable();
  EXPECT_EQ(notified, 1);
  clock.enable();  // it was
  EXPECT_EQ(notified, 1);
  clock.notify();
  EXPECT_EQ(notified, 2);
}

TEST_F(TimerListTest, NotifyMayUseTheListForNoLockIsHeld) {
  const auto a = make(1);
  std::optional<time::Instant> seen;
  list.set_notify([&] {
    seen = list.earliest();
    if (*seen > at_ns(1)) {
      a->arm(at_ns(1));
    }
  });
  a->arm(at_ns(50));
  EXPECT_EQ(seen, at_ns(1));
}

TEST_F(TimerListTest, WithoutANotifyCallbackItsClocksDefaultIsCalled) {
  int woken = 0;
  clock.set_default_notify([&] { ++woken; });
  TimerList other(clock);
  Timer timer(other, [] {});
  timer.arm(at_ns(5));
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(notified, 0);
  clock.set_default_notify({});
  timer.arm(at_ns(4));
  EXPECT_EQ(woken, 1);
}

TEST_F(TimerListTest, AnEmptyListIsSmall) {
  // What is behind it is checked where it is made.
  EXPECT_LE(sizeof(TimerList), 2 * sizeof(void*));
  EXPECT_LE(sizeof(Timer), 96U);
}

using TimerListDeathTest = TimerListTest;

TEST_F(TimerListDeathTest, IsNotRunFromACallbackOfItsOwn) {
  Timer timer(list, [this] { list.run_due(); });
  timer.arm(at_ns(0));
  EXPECT_DEATH(list.run_due(), "broken precondition.*one pass at a time");
}

TEST_F(TimerListDeathTest, LivesLongerThanItsTimers) {
  EXPECT_DEATH(
      {
        auto short_lived = std::make_unique<TimerList>(clock);
        Timer timer(*short_lived, [] {});
        short_lived.reset();
      },
      "broken precondition.*its timers are destroyed before it");
}

TEST_F(TimerListDeathTest, IsLoadedOnlyWhileEmpty) {
  state::Writer writer;
  list.save(writer);
  const auto bytes = writer.take();
  const auto a = make(1);
  a->arm(at_ns(1));
  state::Reader reader(bytes);
  EXPECT_DEATH(list.load(reader), "broken precondition.*no timer is armed");
}

}  // namespace
}  // namespace fermata::clock
