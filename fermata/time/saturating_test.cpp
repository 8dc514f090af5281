// SPDX-License-Identifier: MIT
#include "fermata/time/saturating.hpp"

#include <gtest/gtest.h>

namespace fermata::time {
namespace {

using namespace literals;

constexpr Duration least = Duration::nanoseconds(std::numeric_limits<std::int64_t>::min());

TEST(Saturating, IsExactWithinTheRange) {
  EXPECT_EQ(saturating_add(3_ns, 4_ns), 7_ns);
  EXPECT_EQ(saturating_sub(3_ns, 4_ns), -1_ns);
  EXPECT_EQ(saturating_add(Instant::at(3_ns), 4_ns), Instant::at(7_ns));
  EXPECT_EQ(saturating_sub(Instant::at(3_ns), Instant::at(4_ns)), -1_ns);
  EXPECT_EQ(saturating_add(Duration::max() - 1_ns, 1_ns), Duration::max());
  EXPECT_EQ(saturating_sub(least + 1_ns, 1_ns), least);
}

TEST(Saturating, GoesAsFarAsTheRangeDoes) {
  EXPECT_EQ(saturating_add(Duration::max(), 1_ns), Duration::max());
  EXPECT_EQ(saturating_add(least, -1_ns), least);
  EXPECT_EQ(saturating_sub(Duration::max(), -1_ns), Duration::max());
  EXPECT_EQ(saturating_sub(0_ns, least), Duration::max());
  EXPECT_EQ(saturating_sub(least, 1_ns), least);
  EXPECT_EQ(saturating_add(Instant::max(), 1_ns), Instant::max());
  EXPECT_EQ(saturating_sub(Instant::max(), Instant::at(-1_ns)), Duration::max());
}

}  // namespace
}  // namespace fermata::time
