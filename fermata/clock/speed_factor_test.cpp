// SPDX-License-Identifier: MIT
#include "fermata/clock/speed_factor.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "fermata/base/error.hpp"
#include "fermata/clock/testing/set_time.hpp"
#include "fermata/clock/timer.hpp"

namespace fermata::clock {
namespace {

using testing::at_ns;
using testing::SetTime;
using time::Duration;

TEST(SpeedFactor, ScalesDownAndUnscalesUp) {
  const SpeedFactor factor(3, 2);
  EXPECT_EQ(factor.scaled(Duration::nanoseconds(5)), Duration::nanoseconds(7));
  EXPECT_EQ(factor.unscaled(Duration::nanoseconds(7)), Duration::nanoseconds(5));
  EXPECT_EQ(factor.unscaled(Duration::nanoseconds(9)), Duration::nanoseconds(6));
  EXPECT_EQ(factor.scaled(Duration::zero()), Duration::zero());
}

TEST(SpeedFactor, WhatIsUnscaledIsTheLeastSpanThatReachesIt) {
  for (const SpeedFactor& factor : {SpeedFactor(1, 3), SpeedFactor(2, 3), SpeedFactor(7, 5), SpeedFactor(1'000'003)}) {
    for (const std::int64_t ns : {1, 2, 3, 10, 999, 123'456'789}) {
      const Duration source = factor.unscaled(Duration::nanoseconds(ns));
      EXPECT_GE(factor.scaled(source).ns(), ns);
      EXPECT_LT(factor.scaled(source - Duration::nanoseconds(1)).ns(), ns);
    }
  }
}

TEST(SpeedFactor, GoesAsFarAsTheRangeDoes) {
  EXPECT_EQ(SpeedFactor(2).scaled(Duration::max()), Duration::max());
  EXPECT_EQ(SpeedFactor(1, 2).unscaled(Duration::max()), Duration::max());
  EXPECT_EQ(SpeedFactor(SpeedFactor::max_term).scaled(Duration::max()), Duration::max());
  EXPECT_EQ(SpeedFactor::nominal().scaled(Duration::max()), Duration::max());
}

TEST(SpeedFactor, IsReducedAndRefusesWhatIsOutOfRange) {
  EXPECT_EQ(SpeedFactor(10, 4), SpeedFactor(5, 2));
  EXPECT_THROW(SpeedFactor(0), base::BadArgument);
  EXPECT_THROW(SpeedFactor(1, 0), base::BadArgument);
  EXPECT_THROW(SpeedFactor(SpeedFactor::max_term + 1), base::BadArgument);
}

TEST(ScaledTime, IsItsSourceAtFirst) {
  SetTime source;
  const ScaledTime scaled(source);
  source.set(1'234);
  EXPECT_EQ(scaled.now(), at_ns(1'234));
  EXPECT_EQ(scaled.source_instant_of(at_ns(2'000)), at_ns(2'000));
  EXPECT_EQ(scaled.source_instant_of(at_ns(1'000)), at_ns(1'234));
  EXPECT_EQ(scaled.source_instant_of(time::Instant::max()), time::Instant::max());
  EXPECT_EQ(scaled.factor(), SpeedFactor::nominal());
}

TEST(ScaledTime, RoundingDoesNotAddUp) {
  SetTime source;
  ScaledTime scaled(source);
  scaled.set_factor(SpeedFactor(1, 3));
  for (std::int64_t ns = 1; ns <= 3'000; ++ns) {  // looked at all the time
    source.set(ns);
    ASSERT_EQ(scaled.now(), at_ns(ns / 3));
  }
}

TEST(ScaledTime, AChangeOfTheFactorIsNoJump) {
  SetTime source;
  ScaledTime scaled(source);
  source.set(100);
  scaled.set_factor(SpeedFactor(10));
  EXPECT_EQ(scaled.now(), at_ns(100));
  source.set(105);
  EXPECT_EQ(scaled.now(), at_ns(150));
  scaled.set_factor(SpeedFactor(1, 2));
  EXPECT_EQ(scaled.now(), at_ns(150));
  EXPECT_EQ(scaled.factor(), SpeedFactor(1, 2));
  source.set(125);
  EXPECT_EQ(scaled.now(), at_ns(160));
  EXPECT_EQ(scaled.source_instant_of(at_ns(161)), at_ns(127));
  EXPECT_EQ(scaled.source_span_of(Duration::nanoseconds(5)), Duration::nanoseconds(10));
}

TEST(ScaledTime, ADeadlineArmedOnTheSourceIsMetExactly) {
  SetTime source;
  const Clock nominal(ClockKind::virtual_time, source);
  ScaledTime scaled(source);
  scaled.set_factor(SpeedFactor(3, 7));
  const time::Instant deadline = at_ns(1'000);
  const std::int64_t at = scaled.source_instant_of(deadline).since_origin().ns();
  source.set(at - 1);
  EXPECT_LT(scaled.now(), deadline);
  source.set(at);
  EXPECT_GE(scaled.now(), deadline);
}

TEST(ScaledTime, AClockOfItRunsItsTimersAtScaledInstants) {
  SetTime source;
  ScaledTime scaled(source);
  Clock clock(ClockKind::virtual_time, scaled);
  TimerList list(clock);
  int calls = 0;
  Timer timer(list, [&] { ++calls; });
  scaled.set_factor(SpeedFactor(1, 2));
  timer.arm(at_ns(50));
  source.set(99);
  EXPECT_FALSE(list.run_due());
  source.set(100);
  EXPECT_TRUE(list.run_due());
  EXPECT_EQ(calls, 1);
}

TEST(ScaledTime, TellsWhatTheSourceNeverReaches) {
  SetTime source;
  ScaledTime scaled(source);
  source.set(1'000);
  EXPECT_TRUE(scaled.is_source());
  EXPECT_EQ(scaled.source_arrival_of(time::Instant::max()), time::Instant::max());
  EXPECT_EQ(scaled.source_arrival_of(at_ns(5)), at_ns(1'000)) << "it is already";
  scaled.set_factor(SpeedFactor(1, 2));
  EXPECT_FALSE(scaled.is_source());
  EXPECT_EQ(scaled.source_arrival_of(time::Instant::max()), std::nullopt);
  EXPECT_EQ(scaled.source_instant_of(time::Instant::max()), time::Instant::max());
  EXPECT_EQ(scaled.source_arrival_of(at_ns(5)), at_ns(1'000));
  const std::int64_t latest_ns = std::numeric_limits<std::int64_t>::max();
  const std::int64_t last_ns = 1'000 + (latest_ns - 1'000) / 2;  // what it tells at the end of the source's time
  EXPECT_EQ(scaled.source_arrival_of(at_ns(last_ns)), at_ns(latest_ns - 1));
  EXPECT_EQ(scaled.source_arrival_of(at_ns(last_ns + 1)), std::nullopt);
}

TEST(ScaledTime, SavedAndLoadedItGoesOnTheSame) {
  SetTime source;
  ScaledTime scaled(source);
  source.set(100);
  scaled.set_factor(SpeedFactor(3, 7));
  source.set(111);
  state::Writer writer;
  scaled.save(writer);
  const auto bytes = writer.take();
  ScaledTime restored(source);
  state::Reader reader(bytes);
  restored.load(reader);
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(restored.factor(), SpeedFactor(3, 7));
  for (const std::int64_t ns : {111, 112, 113, 1'000}) {
    source.set(ns);
    EXPECT_EQ(restored.now(), scaled.now()) << ns;
  }
}

TEST(ScaledTime, LoadRefusesWhatCannotBe) {
  SetTime source;
  source.set(100);
  const auto load = [&source](std::int64_t source_origin, std::int64_t scaled_origin, std::uint64_t numerator,
                              std::uint64_t denominator) {
    state::Writer writer;
    writer.instant(at_ns(source_origin));
    writer.instant(at_ns(scaled_origin));
    writer.u64(numerator);
    writer.u64(denominator);
    const auto bytes = writer.take();
    state::Reader reader(bytes);
    ScaledTime(source).load(reader);
  };
  EXPECT_NO_THROW(load(100, 5, 1, SpeedFactor::max_term));
  EXPECT_THROW(load(101, 5, 1, 1), base::Error);
  EXPECT_THROW(load(-1, 5, 1, 1), base::Error);
  EXPECT_THROW(load(100, -1, 1, 1), base::Error);
  EXPECT_THROW(load(100, 5, 0, 1), base::Error);
  EXPECT_THROW(load(100, 5, 1, 0), base::Error);
  EXPECT_THROW(load(100, 5, SpeedFactor::max_term + 1, 1), base::Error);
}

TEST(ScaledTime, ReadersInOtherThreadsNeverSeeItRunBackwards) {
  SetTime source;
  ScaledTime scaled(source);
  std::atomic<bool> is_done = false;
  std::thread reader([&] {
    time::Instant last = scaled.now();
    while (!is_done) {
      const time::Instant now = scaled.now();
      ASSERT_GE(now, last);
      last = now;
    }
  });
  for (int i = 1; i < 20'000; ++i) {
    source.set(i * 10);
    if (i % 3 == 0) {
      scaled.set_factor(i % 2 == 0 ? SpeedFactor(100) : SpeedFactor(1, 100));
    }
  }
  is_done = true;
  reader.join();
}

}  // namespace
}  // namespace fermata::clock
