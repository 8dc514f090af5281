// SPDX-License-Identifier: MIT
#include "clock_check.hpp"

#include <gtest/gtest.h>

namespace heated_room {
namespace {

Instant at(Duration since_origin) { return Instant::at(since_origin); }

TEST(ClockCheck, BoundIsTheResolutionAndTheAnswerTimeInWholeQuanta) {
  EXPECT_EQ(ClockCheck(10_ms).bound(), 20_ms);
  EXPECT_EQ(ClockCheck(1_ms).bound(), 20_ms);
  EXPECT_EQ(ClockCheck(3_ms).bound(), 22_ms);
  EXPECT_EQ(ClockCheck(50_ms).bound(), 60_ms);
}

TEST(ClockCheck, TakesTheOffsetFromTheFirstSample) {
  ClockCheck check(10_ms);
  EXPECT_EQ(check.add({.asked = at(5_s), .answered = at(5010_ms), .uptime = 3770_ms}), 0_ns);
  EXPECT_EQ(check.offset(), 1240_ms);
  EXPECT_EQ(check.add({.asked = at(6_s), .answered = at(6010_ms), .uptime = 4770_ms}), 0_ns);
  EXPECT_TRUE(check.answers_in_time());
  EXPECT_EQ(check.add({.asked = at(7_s), .answered = at(7020_ms), .uptime = 5770_ms}), 10_ms);
  EXPECT_FALSE(check.answers_in_time());
  EXPECT_EQ(check.samples(), 3);
  EXPECT_EQ(check.beyond_bound(), 0);
  EXPECT_EQ(check.greatest(), 10_ms);
  EXPECT_EQ(check.longest_answer(), 20_ms);
}

TEST(ClockCheck, CountsWhatLiesBeyondTheBoundOnEitherSide) {
  ClockCheck check(10_ms);
  check.add({.asked = at(5_s), .answered = at(5010_ms), .uptime = 3770_ms});
  EXPECT_EQ(check.add({.asked = at(6_s), .answered = at(6010_ms), .uptime = 4750_ms}), 20_ms);
  EXPECT_EQ(check.add({.asked = at(7_s), .answered = at(7010_ms), .uptime = 5790_ms}), -20_ms);
  EXPECT_EQ(check.add({.asked = at(8_s), .answered = at(8010_ms), .uptime = 6780_ms}), -10_ms);
  EXPECT_EQ(check.beyond_bound(), 2);
  EXPECT_EQ(check.least(), -20_ms);
  EXPECT_EQ(check.last(), -10_ms);
}

}  // namespace
}  // namespace heated_room
