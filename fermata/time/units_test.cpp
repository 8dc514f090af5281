// SPDX-License-Identifier: MIT
#include "fermata/time/units.hpp"

#include <gtest/gtest.h>

#include <string>

#include "fermata/base/error.hpp"

namespace fermata::time {
namespace {

TEST(ParseDuration, TakesNumbersWithUnits) {
  EXPECT_EQ(parse_duration("10s"), 10_s);
  EXPECT_EQ(parse_duration("1.5ms"), 1500_us);
  EXPECT_EQ(parse_duration("0.000000001s"), 1_ns);
  EXPECT_EQ(parse_duration(".5us"), 500_ns);
  EXPECT_EQ(parse_duration("40 ns"), 40_ns);
  EXPECT_EQ(parse_duration("2min"), 120_s);
  EXPECT_EQ(parse_duration("1h"), 3600_s);
  EXPECT_EQ(parse_duration("0s"), Duration::zero());
}

TEST(ParseDuration, SaysWhatIsWrong) {
  const auto message = [](std::string_view text) -> std::string {
    try {
      static_cast<void>(parse_duration(text));
    } catch (const base::BadArgument& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_NE(message("10").find("unit is missing"), std::string::npos);
  EXPECT_NE(message("10 parsecs").find("unknown unit \"parsecs\""), std::string::npos);
  EXPECT_NE(message("").find("does not start with a number"), std::string::npos);
  EXPECT_NE(message("-1s").find("does not start with a number"), std::string::npos);
  EXPECT_NE(message(".s").find("does not start with a number"), std::string::npos);
  EXPECT_NE(message("1.5ns").find("no whole number of nanoseconds"), std::string::npos);
  EXPECT_NE(message("99999999999999999999s").find("too large"), std::string::npos);
  EXPECT_NE(message("10000000h").find("longer than 292 years"), std::string::npos);
}

TEST(ToString, ReadsBack) {
  for (const Duration span : {1_ns, 999_ns, 1_us, 1500_us, 3_s, 90_s, 7200_s, Duration::zero()}) {
    EXPECT_EQ(parse_duration(to_string(span)), span);
  }
  EXPECT_EQ(to_string(1500_us), "1500us");
  EXPECT_EQ(to_string(2_s), "2s");
}

TEST(ToSecondsString, HasNineDecimals) {
  EXPECT_EQ(to_seconds_string(5_s), "5.000000000");
  EXPECT_EQ(to_seconds_string(1_ns), "0.000000001");
  EXPECT_EQ(to_seconds_string(-(1500_ms)), "-1.500000000");
  EXPECT_EQ(to_seconds_string(Instant::origin() + 250_us), "0.000250000");
}

}  // namespace
}  // namespace fermata::time
