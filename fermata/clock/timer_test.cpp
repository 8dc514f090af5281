// SPDX-License-Identifier: MIT
#include "fermata/clock/timer.hpp"

#include <gmock/gmock.h>

#include <latch>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/clock/testing/set_time.hpp"

namespace fermata::clock {
namespace {

using testing::at_ns;
using ::testing::ElementsAre;
using testing::SetTime;

constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max();

class TimerTest : public ::testing::Test {
 protected:
  // Moves the clock, then one pass.
  bool run_at(std::int64_t ns) {
    now.set(ns);
    return list.run_due();
  }
  Timer::Callback note(int what) {
    return [this, what] { ran.push_back(what); };
  }

  SetTime now;
  Clock clock{ClockKind::virtual_time, now};
  TimerList list{clock};
  std::vector<int> ran;
};

TEST_F(TimerTest, RunsOnceAtItsInstantAndNotBefore) {
  Timer timer(list, note(1));
  timer.arm(at_ns(10));
  EXPECT_TRUE(timer.is_pending());
  EXPECT_EQ(timer.expiry(), at_ns(10));
  EXPECT_FALSE(run_at(9));
  EXPECT_TRUE(run_at(10));
  EXPECT_FALSE(timer.is_pending());
  EXPECT_EQ(timer.expiry(), std::nullopt);
  EXPECT_FALSE(run_at(100));
  EXPECT_THAT(ran, ElementsAre(1));
}

TEST_F(TimerTest, IsNotPendingAndKnowsItsListAtFirst) {
  const Timer timer(list, note(1));
  EXPECT_FALSE(timer.is_pending());
  EXPECT_EQ(&timer.list(), &list);
}

TEST_F(TimerTest, RefusesAnEmptyCallback) { EXPECT_THROW(Timer(list, nullptr), base::BadArgument); }

TEST_F(TimerTest, ArmingAgainMovesItEitherWay) {
  Timer timer(list, note(1));
  timer.arm(at_ns(10));
  timer.arm(at_ns(20));
  EXPECT_FALSE(run_at(19));
  timer.arm(at_ns(19));
  EXPECT_TRUE(run_at(19));
  EXPECT_FALSE(run_at(20));
}

TEST_F(TimerTest, ArmIfEarlierNeverMovesItLater) {
  Timer timer(list, note(1));
  timer.arm_if_earlier(at_ns(20));  // not armed yet
  timer.arm_if_earlier(at_ns(30));
  EXPECT_EQ(timer.expiry(), at_ns(20));
  timer.arm_if_earlier(at_ns(10));
  EXPECT_EQ(timer.expiry(), at_ns(10));
}

TEST_F(TimerTest, ArmIfEarlierAtTheSameInstantKeepsItsPlace) {
  Timer first(list, note(1));
  Timer second(list, note(2));
  first.arm(at_ns(10));
  second.arm(at_ns(10));
  first.arm_if_earlier(at_ns(10));
  run_at(10);
  EXPECT_THAT(ran, ElementsAre(1, 2));
}

TEST_F(TimerTest, CancelledItDoesNotRun) {
  Timer timer(list, note(1));
  timer.arm(at_ns(10));
  timer.cancel();
  EXPECT_FALSE(timer.is_pending());
  timer.cancel();
  EXPECT_FALSE(run_at(10));
}

TEST_F(TimerTest, ScalesAreUnitsOfItsNumbers) {
  Timer in_us(list, note(1), {.scale = Scale::us});
  Timer in_ms(list, note(2), {.scale = Scale::ms});
  in_us.arm_scaled(3);
  in_ms.arm_scaled(2);
  EXPECT_EQ(in_us.expiry(), at_ns(3'000));
  EXPECT_EQ(in_ms.expiry(), at_ns(2'000'000));
  in_us.arm(at_ns(3'999));
  EXPECT_EQ(in_us.expiry_scaled(), 3);
  in_us.cancel();
  EXPECT_EQ(in_us.expiry_scaled(), std::nullopt);
}

TEST_F(TimerTest, AScaledExpiryBeyondTheRangeIsAsFarAsItGoes) {
  Timer timer(list, note(1), {.scale = Scale::ms});
  timer.arm_scaled(far / 1'000);
  EXPECT_EQ(timer.expiry(), time::Instant::max());
  EXPECT_FALSE(run_at(far - 1));
  timer.arm_scaled(std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(run_at(0));
}

TEST_F(TimerTest, ArmedAtZeroAndInThePastItRunsInTheNextPass) {
  now.set(1'000);
  Timer zero(list, note(0));
  Timer past(list, note(1));
  Timer before_origin(list, note(2));
  zero.arm(at_ns(0));
  past.arm(at_ns(999));
  before_origin.arm(at_ns(-5));
  EXPECT_EQ(list.deadline(), time::Duration::zero());
  EXPECT_TRUE(list.run_due());
  EXPECT_THAT(ran, ElementsAre(2, 0, 1));
}

TEST_F(TimerTest, ArmedAtTheEndOfTheRangeItRunsThere) {
  Timer timer(list, note(1));
  timer.arm(time::Instant::max());
  EXPECT_EQ(list.deadline(), time::Duration::max());
  now.set(-1);  // the span is out of range now
  EXPECT_EQ(list.deadline(), time::Duration::max());
  EXPECT_FALSE(run_at(far - 1));
  EXPECT_TRUE(run_at(far));
}

TEST_F(TimerTest, APeriodicOneThatArmsFromItsLastExpiryDoesNotDrift) {
  std::int64_t expiry = 100;
  std::vector<std::int64_t> instants;
  Timer* itself = nullptr;
  Timer timer(list, [&] {
    instants.push_back(expiry);
    expiry += 100;
    itself->arm(at_ns(expiry));
  });
  itself = &timer;
  timer.arm(at_ns(expiry));
  run_at(130);  // late each time
  run_at(250);
  run_at(310);
  EXPECT_THAT(instants, ElementsAre(100, 200, 300));
  EXPECT_EQ(timer.expiry(), at_ns(400));
}

TEST_F(TimerTest, ItsCallbackMayCancelOthersThatAreDue) {
  Timer second(list, note(2));
  Timer first(list, [&] { second.cancel(); });
  first.arm(at_ns(1));
  second.arm(at_ns(2));
  EXPECT_TRUE(run_at(5));
  EXPECT_TRUE(ran.empty());
}

TEST_F(TimerTest, ItsCallbackMayDestroyItAndOthers) {
  auto second = std::make_unique<Timer>(list, note(2));
  std::unique_ptr<Timer> first;
  first = std::make_unique<Timer>(list, [&, kept = std::make_shared<int>(7)] {
    second.reset();
    first.reset();
    ran.push_back(*kept);  // what it captured is still there
  });
  first->arm(at_ns(1));
  second->arm(at_ns(2));
  EXPECT_TRUE(run_at(5));
  EXPECT_THAT(ran, ElementsAre(7));
  EXPECT_FALSE(list.has_timers());
}

TEST_F(TimerTest, ItsCallbackMayWaitForItselfAndForOthersOfItsList) {
  Timer other(list, note(2));
  Timer* itself = nullptr;
  Timer timer(list, [&] {
    itself->arm(at_ns(1));
    itself->cancel_and_wait();
    other.cancel_and_wait();
    ran.push_back(1);
  });
  itself = &timer;
  timer.arm(at_ns(1));
  other.arm(at_ns(1));
  run_at(1);
  EXPECT_FALSE(run_at(1));
  EXPECT_THAT(ran, ElementsAre(1));
}

TEST_F(TimerTest, AfterACallbackThatThrowsAllGoesOn) {
  Timer thrower(list, [] { throw 42; });
  Timer other(list, note(2));
  thrower.arm(at_ns(1));
  other.arm(at_ns(2));
  now.set(5);
  EXPECT_THROW(list.run_due(), int);
  EXPECT_TRUE(other.is_pending());
  EXPECT_TRUE(list.run_due());
  EXPECT_THAT(ran, ElementsAre(2));
  thrower.arm(at_ns(1));
  EXPECT_THROW(list.run_due(), int);
}

TEST_F(TimerTest, SavedAndLoadedItKeepsItsPlaceAmongEqualExpiries) {
  Timer a(list, note(1));
  Timer b(list, note(2));
  Timer c(list, note(3));
  Timer idle(list, note(4));
  b.arm(at_ns(10));
  c.arm(at_ns(10));
  a.arm(at_ns(10));
  state::Writer writer;
  list.save(writer);
  for (const Timer* timer : {&a, &b, &c, &idle}) {
    timer->save(writer);
  }
  const auto bytes = writer.take();

  TimerList restored(clock);
  Timer ra(restored, note(1));
  Timer rb(restored, note(2));
  Timer rc(restored, note(3));
  Timer ridle(restored, note(4));
  ridle.arm(at_ns(1));
  ridle.cancel();
  state::Reader reader(bytes);
  restored.load(reader);
  for (Timer* timer : {&ra, &rb, &rc, &ridle}) {
    timer->load(reader);
  }
  Timer later(restored, note(5));
  later.arm(at_ns(10));
  now.set(10);
  restored.run_due();
  EXPECT_THAT(ran, ElementsAre(2, 3, 1, 5));
  state::Writer again;
  list.save(again);
  for (const Timer* timer : {&a, &b, &c, &idle}) {
    timer->save(again);
  }
  EXPECT_EQ(again.take(), bytes);
}

TEST_F(TimerTest, LoadRefusesATimerThatIsYoungerThanItsList) {
  state::Writer writer;
  writer.optional_instant(at_ns(10));
  writer.u64(7);
  const auto bytes = writer.take();
  Timer timer(list, note(1));
  state::Reader reader(bytes);
  EXPECT_THROW(timer.load(reader), base::Error);
  EXPECT_FALSE(timer.is_pending());
}

// The rest has two threads: `list` is run by one, the timer belongs to the other.

TEST_F(TimerTest, CancelAndWaitReturnsWhenItsCallbackHasEndedElsewhere) {
  std::latch is_running(1);
  std::latch may_end(1);
  std::atomic<bool> has_ended = false;
  Timer* itself = nullptr;
  Timer timer(list, [&] {
    is_running.count_down();
    may_end.wait();
    itself->arm(at_ns(1));  // the wait has to take this back as well
    has_ended = true;
  });
  itself = &timer;
  timer.arm(at_ns(1));
  now.set(1);
  std::thread runner([&] { list.run_due(); });
  is_running.wait();
  timer.cancel();  // does not wait
  EXPECT_FALSE(has_ended);
  std::thread waiter([&] {
    timer.cancel_and_wait();
    EXPECT_TRUE(has_ended);
    EXPECT_FALSE(timer.is_pending());
  });
  may_end.count_down();
  waiter.join();
  runner.join();
}

TEST_F(TimerTest, DestructionInAnotherThreadWaitsForItsCallback) {
  std::latch is_running(1);
  std::latch may_end(1);
  std::atomic<bool> has_ended = false;
  auto timer = std::make_unique<Timer>(list, [&] {
    is_running.count_down();
    may_end.wait();
    has_ended = true;
  });
  timer->arm(at_ns(1));
  now.set(1);
  std::thread runner([&] { list.run_due(); });
  is_running.wait();
  std::thread destroyer([&] {
    timer.reset();
    EXPECT_TRUE(has_ended);
  });
  may_end.count_down();
  destroyer.join();
  runner.join();
}

TEST_F(TimerTest, ManyThreadsMayArmAndCancelWhileOneRuns) {
  constexpr int thread_count = 3;
  constexpr int rounds = 20'000;
  std::atomic<int> calls = 0;
  std::atomic<int> busy = thread_count;
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < thread_count; ++i) {
    timers.push_back(std::make_unique<Timer>(list, [&] { ++calls; }));
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < rounds; ++round) {
        Timer& timer = *timers[static_cast<std::size_t>((i + round) % thread_count)];
        timer.arm(at_ns(round % 3));
        if (round % 5 == 0) {
          timer.cancel_and_wait();
        }
        (void)timer.expiry();
        (void)list.deadline();
      }
      --busy;
    });
  }
  now.set(2);
  while (busy > 0) {
    list.run_due();
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  while (list.run_due()) {
  }
  EXPECT_GT(calls, 0);
  EXPECT_FALSE(list.has_timers());
}

}  // namespace
}  // namespace fermata::clock
