// SPDX-License-Identifier: MIT
#include "cli/pace.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::cli {
namespace {

using namespace time::literals;
using time::Instant;

TEST(Pace, ShortensTheLastQuantum) {
  const Pace pace(300_us, 1_ms);
  EXPECT_EQ(pace.next(Instant::origin()), 300_us);
  EXPECT_EQ(pace.next(Instant::at(900_us)), 100_us);
  EXPECT_FALSE(pace.next(Instant::at(1_ms)));
  EXPECT_FALSE(pace.next(Instant::at(1001_us))) << "after an overshoot";
}

TEST(Pace, GoesOnForEverWithoutADuration) { EXPECT_EQ(Pace(1_ms, std::nullopt).next(Instant::at(1'000'000_s)), 1_ms); }

TEST(Pace, TakesWhatTheWireCarries) {
  EXPECT_NO_THROW(Pace(4294967295_us, std::nullopt));
  EXPECT_THROW(Pace(4294967296_us, std::nullopt), base::BadArgument);
  EXPECT_THROW(Pace(0_us, std::nullopt), base::BadArgument);
  EXPECT_THROW(Pace(1500_ns, std::nullopt), base::BadArgument);
  EXPECT_THROW(Pace(1_us, 1_ns), base::BadArgument);
  EXPECT_THROW(Pace(1_us, 0_us), base::BadArgument);
}

}  // namespace
}  // namespace fermata::cli
