// SPDX-License-Identifier: MIT
#include "fermata/sim/clock_set.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::sim {
namespace {

TEST(ClockSet, HasOneForEachGuestAndNoMore) {
  ClockSet clocks(2);
  EXPECT_EQ(clocks.take(), 0U);
  EXPECT_EQ(clocks.take(), 1U);
  EXPECT_THROW(static_cast<void>(clocks.take()), base::BadArgument);
  EXPECT_THROW(ClockSet(0), base::BadArgument);
}

}  // namespace
}  // namespace fermata::sim
