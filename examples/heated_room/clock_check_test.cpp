// SPDX-License-Identifier: MIT
#include "clock_check.hpp"

#include <gtest/gtest.h>

namespace heated_room {
namespace {

Instant at(Duration since_origin) { return Instant::at(since_origin); }

TEST(ClockCheck, TakesTheOffsetFromTheFirstSample) {
  ClockCheck check;
  EXPECT_EQ(check.add({.asked = at(5_s), .answered = at(5001_ms), .uptime = 3770_ms}), 0_ns);
  EXPECT_EQ(check.offset(), 1231_ms);
  EXPECT_EQ(check.add({.asked = at(6_s), .answered = at(6002_ms), .uptime = 4770_ms}), 1_ms);
  EXPECT_TRUE(check.answers_in_time());
  EXPECT_EQ(check.add({.asked = at(7_s), .answered = at(7002_ms + 1_ns), .uptime = 5780_ms}), -9_ms + 1_ns);
  EXPECT_FALSE(check.answers_in_time());
  EXPECT_EQ(check.samples(), 3);
  EXPECT_EQ(check.beyond_bound(), 0);
  EXPECT_EQ(check.greatest(), 1_ms);
  EXPECT_EQ(check.shortest_answer(), 1_ms);
  EXPECT_EQ(check.longest_answer(), 2_ms + 1_ns);
}

TEST(ClockCheck, CountsWhatLiesBeyondTheBoundOnEitherSide) {
  EXPECT_EQ(ClockCheck::bound, 12_ms);
  ClockCheck check;
  check.add({.asked = at(5_s), .answered = at(5001_ms), .uptime = 3770_ms});
  EXPECT_EQ(check.add({.asked = at(6_s), .answered = at(6003_ms), .uptime = 4760_ms}), 12_ms);
  EXPECT_EQ(check.add({.asked = at(7_s), .answered = at(6999_ms), .uptime = 5780_ms}), -12_ms);
  EXPECT_EQ(check.add({.asked = at(8_s), .answered = at(8000_ms + 1_ns), .uptime = 6780_ms}), -11_ms + 1_ns);
  EXPECT_EQ(check.beyond_bound(), 2);
  EXPECT_EQ(check.least(), -12_ms);
  EXPECT_EQ(check.last(), -11_ms + 1_ns);
}

}  // namespace
}  // namespace heated_room
