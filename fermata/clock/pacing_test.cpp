// SPDX-License-Identifier: MIT
#include "fermata/clock/pacing.hpp"

#include <gtest/gtest.h>

#include "fermata/clock/testing/set_time.hpp"

namespace fermata::clock {
namespace {

using time::Duration;
using time::Instant;

// Both in ms.
PaceReading reading(std::int64_t virtual_now, std::int64_t real_now) {
  return {.virtual_now = Instant::at(Duration::milliseconds(virtual_now)),
          .real_now = Instant::at(Duration::milliseconds(real_now))};
}
Instant at_ms(std::int64_t ms) { return Instant::at(Duration::milliseconds(ms)); }

TEST(ShiftAdaptation, LeavesAGuestThatKeepsTimeAlone) {
  ShiftAdaptation adaptation;
  for (std::int64_t ms = 100; ms < 2'000; ms += 100) {
    EXPECT_EQ(adaptation.adapt(reading(ms, ms), 3), 3U);
  }
}

TEST(ShiftAdaptation, SlowsVirtualTimeDownWhenTheGuestGetsTooFarAhead) {
  ShiftAdaptation adaptation;
  EXPECT_EQ(adaptation.adapt(reading(150, 100), 3), 3U);  // 50 ahead, as much more: exactly the slop
  EXPECT_EQ(adaptation.adapt(reading(301, 200), 3), 2U);  // 101 ahead, and 152 the next time
  EXPECT_EQ(adaptation.adapt(reading(360, 300), 2), 2U);  // 60 ahead and shrinking
}

TEST(ShiftAdaptation, SpeedsVirtualTimeUpWhenTheGuestFallsBehind) {
  ShiftAdaptation adaptation;
  EXPECT_EQ(adaptation.adapt(reading(40, 100), 3), 4U);   // 60 behind, and 120 the next time
  EXPECT_EQ(adaptation.adapt(reading(100, 200), 4), 5U);  // 100 behind, and 140
  EXPECT_EQ(adaptation.adapt(reading(250, 300), 5), 5U);  // catching up
}

TEST(ShiftAdaptation, StaysWithinTheRange) {
  ShiftAdaptation adaptation;
  EXPECT_EQ(adaptation.adapt(reading(10'000, 100), 0), 0U);
  ShiftAdaptation other;
  EXPECT_EQ(other.adapt(reading(0, 10'000), 10), 10U);
}

TEST(ShiftAdaptation, ALeadOrLagOfCenturiesIsOneToo) {
  const PaceReading far_ahead{.virtual_now = Instant::max(), .real_now = at_ms(1)};
  const PaceReading far_behind{.virtual_now = at_ms(1), .real_now = Instant::max()};
  ShiftAdaptation adaptation;
  EXPECT_EQ(adaptation.adapt(far_ahead, 3), 2U);
  EXPECT_EQ(adaptation.adapt(far_behind, 3), 4U);
  EXPECT_EQ(adaptation.adapt(far_ahead, 3), 2U);
}

TEST(ShiftAdaptation, FindsTheShiftOfAHostThatIsTooSlow) {
  // A host of 20 million instructions a second keeps to real time between the shifts 5 (32 ns) and 6 (64 ns).
  ShiftAdaptation adaptation;
  unsigned shift = ShiftAdaptation::first_shift;
  Duration virtual_now;
  Duration worst_late;
  for (std::int64_t tenth = 1; tenth <= 3'000; ++tenth) {
    virtual_now += Duration::nanoseconds(2'000'000LL << shift);
    const PaceReading now{.virtual_now = Instant::at(virtual_now), .real_now = at_ms(tenth * 100)};
    shift = adaptation.adapt(now, shift);
    if (tenth > 100) {
      EXPECT_GE(shift, 4U);
      EXPECT_LE(shift, 7U);
      worst_late = std::max(worst_late, std::max(now.lead(), -now.lead()));
    }
  }
  EXPECT_LT(worst_late, Duration::seconds(1));
}

TEST(Alignment, HoldsAGuestBackThatIsAheadByMoreThanIsTolerated) {
  Alignment alignment;
  EXPECT_EQ(alignment.align(reading(103, 100)).sleep, Duration::zero());
  EXPECT_EQ(alignment.align(reading(104, 100)).sleep, Duration::milliseconds(4));
  EXPECT_EQ(alignment.align(reading(90, 100)).sleep, Duration::zero());
}

TEST(Alignment, KeepsTheGreatestLeadAndLag) {
  Alignment alignment;
  EXPECT_EQ(alignment.greatest_lead(), Duration::zero());
  EXPECT_EQ(alignment.greatest_lag(), Duration::zero());
  for (const auto& [virtual_now, real_now] : {std::pair{100, 90}, {105, 100}, {100, 140}, {170, 180}}) {
    (void)alignment.align(reading(virtual_now, real_now));
  }
  EXPECT_EQ(alignment.greatest_lead(), Duration::milliseconds(10));
  EXPECT_EQ(alignment.greatest_lag(), Duration::milliseconds(40));
}

TEST(Alignment, WarnsOfALateGuestAndOfOneThatHasCaughtUp) {
  Alignment alignment;
  EXPECT_EQ(alignment.align(reading(0, 999)).warning, std::nullopt);
  EXPECT_EQ(alignment.align(reading(0, 1'000)).warning, "the guest is late by 1 to 2 seconds");
  EXPECT_EQ(alignment.align(reading(1'000, 3'500)).warning, "the guest is late by 2 to 3 seconds");
  EXPECT_EQ(alignment.align(reading(5'000, 6'900)).warning, std::nullopt);  // hardly better
  EXPECT_EQ(alignment.align(reading(7'000, 7'100)).warning, "the guest has caught up with real time");
  EXPECT_EQ(alignment.align(reading(9'100, 9'200)).warning, std::nullopt);
}

TEST(Alignment, DoesNotWarnAllTheTime) {
  Alignment alignment;
  EXPECT_TRUE(alignment.align(reading(0, 1'000)).warning);
  EXPECT_FALSE(alignment.align(reading(0, 2'999)).warning);  // later, but too soon
  EXPECT_TRUE(alignment.align(reading(0, 3'000)).warning);
  int warnings = 2;
  for (std::int64_t s = 5; s < 1'000; s += 2) {
    warnings += alignment.align(reading(0, s * 1'000)).warning ? 1 : 0;
  }
  EXPECT_EQ(warnings, Alignment::max_warnings);
}

TEST(IdleSleep, GetsToTheDeadlineInRealTime) {
  IdleSleep sleep;
  EXPECT_FALSE(sleep.is_begun());
  sleep.begin(reading(100, 7'000), at_ms(130));
  EXPECT_TRUE(sleep.is_begun());
  EXPECT_EQ(sleep.wait_until(), at_ms(7'030));
  EXPECT_EQ(sleep.end(reading(100, 7'031), false), at_ms(130));
  EXPECT_FALSE(sleep.is_begun());
}

TEST(IdleSleep, AWakeUpBeforeTheDeadlineLeavesTimeWhereItGot) {
  IdleSleep sleep;
  sleep.begin(reading(100, 7'000), at_ms(130));
  EXPECT_EQ(sleep.end(reading(100, 7'012), false), at_ms(112));
}

TEST(IdleSleep, AnotherDeadlineGoesOnFromTheFirstBeginning) {
  IdleSleep sleep;
  sleep.begin(reading(100, 7'000), std::nullopt);
  EXPECT_EQ(sleep.wait_until(), std::nullopt);
  sleep.begin(reading(100, 7'010), at_ms(130));
  EXPECT_EQ(sleep.wait_until(), at_ms(7'030));
  sleep.begin(reading(100, 7'020), at_ms(50));  // due already
  EXPECT_EQ(sleep.wait_until(), at_ms(7'000));
  EXPECT_EQ(sleep.end(reading(100, 7'020), false), at_ms(100));  // never backwards
}

TEST(IdleSleep, WithoutADeadlineRealTimeIsThatOfTheWake) {
  IdleSleep sleep;
  sleep.begin(reading(100, 7'000), std::nullopt);
  EXPECT_EQ(sleep.end(reading(100, 9'000), false), at_ms(2'100));
}

TEST(IdleSleep, WithAnAdaptedShiftItDoesNotGetAheadOfRealTime) {
  IdleSleep sleep;
  sleep.begin(reading(100, 90), at_ms(130));
  EXPECT_EQ(sleep.end(reading(100, 115), true), at_ms(115));
  sleep.begin(reading(100, 50), at_ms(130));
  EXPECT_EQ(sleep.end(reading(100, 60), true), at_ms(100));
}

TEST(IdleSleep, AFarDeadlineDoesNotOverflow) {
  IdleSleep sleep;
  sleep.begin(reading(100, 7'000), Instant::max());
  EXPECT_EQ(sleep.wait_until(), Instant::max());
  EXPECT_EQ(sleep.end(reading(100, 7'010), false), at_ms(110));
}

TEST(DriftReport, TellsLeadAndLagOnlyWhereAlignIsOn) {
  const DriftReport without = DriftReport::of(reading(90, 100), nullptr);
  EXPECT_EQ(without.host_minus_virtual, Duration::milliseconds(10));
  EXPECT_EQ(without.greatest_lag, std::nullopt);
  EXPECT_EQ(without.to_text(),
            "host minus virtual time  10 ms\n"
            "greatest lag of guest    not available\n"
            "greatest lead of guest   not available\n");
  Alignment alignment;
  (void)alignment.align(reading(105, 100));
  EXPECT_EQ(DriftReport::of(reading(120, 100), &alignment).to_text(),
            "host minus virtual time  -20 ms\n"
            "greatest lag of guest    0 ms\n"
            "greatest lead of guest   5 ms\n");
}

TEST(IdleSleep, NearTheEndOfTimeItEndsThere) {
  IdleSleep idle;
  idle.begin({.virtual_now = Instant::max() - Duration::milliseconds(1), .real_now = at_ms(5)}, std::nullopt);
  EXPECT_EQ(idle.end({.virtual_now = Instant::max() - Duration::milliseconds(1), .real_now = at_ms(7)}, false),
            Instant::max());
  idle.begin({.virtual_now = at_ms(0), .real_now = Instant::max() - Duration::milliseconds(1)}, at_ms(5));
  EXPECT_EQ(idle.wait_until(), Instant::max());
}

}  // namespace
}  // namespace fermata::clock
