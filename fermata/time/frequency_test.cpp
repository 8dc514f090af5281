// SPDX-License-Identifier: MIT
#include "fermata/time/frequency.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::time {
namespace {

TEST(Frequency, CountsFromTheOriginWithoutDrift) {
  const Frequency third(1, 3);  // a tick every three seconds
  EXPECT_EQ(third.ticks_at(Instant::origin() + 2_s), 0U);
  EXPECT_EQ(third.ticks_at(Instant::origin() + 3_s), 1U);
  const Frequency odd(32'768);
  for (const std::int64_t second : {1, 7, 1'000'000}) {
    EXPECT_EQ(odd.ticks_at(Instant::at(Duration::seconds(second))), static_cast<std::uint64_t>(second) * 32'768);
  }
}

TEST(Frequency, InstantOfIsTheFirstAtWhichTheTickIsCounted) {
  for (const Frequency& f : {Frequency(32'768), Frequency(10'000'000), Frequency(1'000'000'007, 3), Frequency(1, 3)}) {
    for (const std::uint64_t ticks : {1U, 2U, 3U, 1000U, 123'456U}) {
      const Instant at = f.instant_of(ticks);
      EXPECT_EQ(f.ticks_at(at), ticks);
      EXPECT_EQ(f.ticks_at(at - 1_ns), ticks - 1);
    }
  }
}

TEST(Frequency, TakesWideProducts) {
  const Frequency fast(1'000'000'000);
  EXPECT_EQ(fast.ticks_at(Instant::max()), static_cast<std::uint64_t>(Duration::max().ns()));
}

TEST(Frequency, IsReduced) { EXPECT_EQ(Frequency(10, 4), Frequency(5, 2)); }

TEST(Frequency, RejectsZero) {
  EXPECT_THROW(Frequency(0), base::BadArgument);
  EXPECT_THROW(Frequency(1, 0), base::BadArgument);
}

}  // namespace
}  // namespace fermata::time
