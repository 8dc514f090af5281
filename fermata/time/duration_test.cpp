// SPDX-License-Identifier: MIT
#include "fermata/time/duration.hpp"

#include <gtest/gtest.h>

namespace fermata::time {
namespace {

TEST(Duration, UnitsAreExact) {
  EXPECT_EQ((1_s).ns(), 1'000'000'000);
  EXPECT_EQ(1_s, 1000_ms);
  EXPECT_EQ(1_ms, 1000_us);
  EXPECT_EQ(1_us, 1000_ns);
  EXPECT_EQ(Duration::seconds(-2), -(2_s));
}

TEST(Duration, ArithmeticKeepsNanoseconds) {
  EXPECT_EQ(1_ms + 1_ns - 1_us, Duration::nanoseconds(999'001));
  EXPECT_EQ(3 * 7_ms, 21_ms);
  EXPECT_EQ(10_ms / 3_ms, 3);
  EXPECT_EQ(10_ms % 3_ms, 1_ms);
}

TEST(Duration, MicrosecondsRoundTowardsNegativeInfinity) {
  EXPECT_EQ((1999_ns).us_floor(), 1);
  EXPECT_EQ((-(1_ns)).us_floor(), -1);
  EXPECT_EQ((-(1_us)).us_floor(), -1);
  EXPECT_EQ((-(1001_ns)).us_floor(), -2);
}

TEST(DurationDeathTest, LeavingTheRangeBreaksAPrecondition) {
  EXPECT_DEATH(static_cast<void>(Duration::max() + 1_ns), "sum within the range");
  EXPECT_DEATH(static_cast<void>(-Duration::max() - 2_ns), "difference within the range");
  EXPECT_DEATH(static_cast<void>(Duration::seconds(10'000'000'000)), "product within the range");
  EXPECT_DEATH(static_cast<void>(1_s / Duration::zero()), "divisor is not zero");
}

}  // namespace
}  // namespace fermata::time
