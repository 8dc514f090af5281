// SPDX-License-Identifier: MIT
#include "fermata/host/adaptive_spin.hpp"

#include <gtest/gtest.h>

namespace fermata::host {
namespace {

// Each look at it takes a microsecond.
class CountingClock final : public host::HostClock {
 public:
  [[nodiscard]] host::HostInstant now() const override { return {std::chrono::microseconds(++looks_)}; }

 private:
  mutable int looks_ = 0;
};

int waits_until_next_spin(AdaptiveSpin& spin, const host::HostClock& clock) {
  int waits = 0;
  bool spun = false;
  while (!spun) {
    spin.until(clock, [&spun] { return spun = true; });
    waits += spun ? 0 : 1;
  }
  return waits;
}

TEST(AdaptiveSpin, EndsAsSoonAsItIsReady) {
  const CountingClock clock;
  AdaptiveSpin spin;
  int calls = 0;
  EXPECT_TRUE(spin.until(clock, [&calls] { return ++calls == 3; }));
  EXPECT_EQ(calls, 3);
}

TEST(AdaptiveSpin, DoesNotLookAtTheClockForWhatIsSoonReady) {
  const CountingClock clock;
  AdaptiveSpin spin;
  int calls = 0;
  EXPECT_TRUE(spin.until(clock, [&calls] { return ++calls == AdaptiveSpin::polls_between_looks; }));
  EXPECT_EQ(clock.now(), host::HostInstant(std::chrono::microseconds(1))) << "the first look";
}

TEST(AdaptiveSpin, GivesUpAfterItsLengthAndThenSkips) {
  const CountingClock clock;
  AdaptiveSpin spin;
  int calls = 0;
  EXPECT_FALSE(spin.until(clock, [&calls] { return ++calls < 0; }));
  const auto looks = AdaptiveSpin::length / std::chrono::microseconds(1);
  EXPECT_EQ(calls, (looks + 1) * AdaptiveSpin::polls_between_looks);
  EXPECT_EQ(waits_until_next_spin(spin, clock), 1);
}

TEST(AdaptiveSpin, SkipsMoreAfterEachFailureAndFewerAfterSuccess) {
  const CountingClock clock;
  AdaptiveSpin spin;
  const auto fail = [] { return false; };
  for (int skip = 1; skip <= 4096; skip *= 8) {
    EXPECT_FALSE(spin.until(clock, fail));
    for (int i = 0; i < skip; ++i) {
      EXPECT_FALSE(spin.until(clock, [] { return true; })) << "skipped";
    }
  }
  EXPECT_FALSE(spin.until(clock, fail));
  EXPECT_EQ(waits_until_next_spin(spin, clock), 4096) << "never more";
  EXPECT_FALSE(spin.until(clock, fail));
  EXPECT_EQ(waits_until_next_spin(spin, clock), 2048) << "halved by the success before";
}

// A clock that the host's scheduler shows in: each look comes long after the one before.
class InterruptedClock final : public host::HostClock {
 public:
  [[nodiscard]] host::HostInstant now() const override { return {std::chrono::microseconds(110 * ++looks_)}; }

 private:
  mutable int looks_ = 0;
};

TEST(AdaptiveSpin, ASuccessForWhichOthersHadToWaitIsNone) {
  const InterruptedClock clock;
  AdaptiveSpin spin;
  int calls = 0;
  EXPECT_TRUE(spin.until(clock, [&calls] { return ++calls == 2 * AdaptiveSpin::polls_between_looks; }));
  EXPECT_TRUE(spin.is_skipping());
  calls = 0;
  EXPECT_FALSE(spin.until(clock, [] { return true; })) << "skipped";
  EXPECT_TRUE(spin.until(clock, [&calls] { return ++calls == AdaptiveSpin::polls_between_looks; }));
  EXPECT_FALSE(spin.is_skipping()) << "it was there before anybody looked at the clock";
}

TEST(AdaptiveSpin, AFailureThatIsForgivenCostsNothing) {
  const CountingClock clock;
  AdaptiveSpin spin;
  const auto fail = [] { return false; };
  EXPECT_FALSE(spin.is_skipping());
  EXPECT_FALSE(spin.until(clock, fail));
  EXPECT_TRUE(spin.is_skipping());
  spin.forgive();
  EXPECT_FALSE(spin.is_skipping());
  EXPECT_FALSE(spin.until(clock, fail));
  EXPECT_EQ(waits_until_next_spin(spin, clock), 1) << "as after the first";
}

TEST(AdaptiveSpin, AFailureBeforeALongSleepCostsNothing) {
  const CountingClock clock;
  AdaptiveSpin spin;
  const auto fail = [] { return false; };
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(spin.until(clock, fail));
    spin.slept(std::chrono::milliseconds(60));
    EXPECT_FALSE(spin.is_skipping());
  }
  EXPECT_FALSE(spin.until(clock, fail));
  spin.slept(std::chrono::milliseconds(1));
  EXPECT_EQ(waits_until_next_spin(spin, clock), 1) << "as after the first";
}

}  // namespace
}  // namespace fermata::host
