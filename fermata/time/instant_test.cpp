// SPDX-License-Identifier: MIT
#include "fermata/time/instant.hpp"

#include <gtest/gtest.h>

#include <concepts>

namespace fermata::time {
namespace {

template <typename A, typename B>
concept Addable = requires(A a, B b) {
  a + b;
};

static_assert(Addable<Instant, Duration>);
static_assert(!Addable<Instant, Instant>, "two points in time have no sum");

TEST(Instant, MovesByDurations) {
  const Instant at = Instant::origin() + 5_ms;
  EXPECT_EQ(at.since_origin(), 5_ms);
  EXPECT_EQ(at - Instant::origin(), 5_ms);
  EXPECT_EQ(at - 5_ms, Instant::origin());
  EXPECT_LT(Instant::origin(), at);
}

}  // namespace
}  // namespace fermata::time
