// SPDX-License-Identifier: MIT
#include "fermata/host/clock.hpp"

#include <gtest/gtest.h>

namespace fermata::host {
namespace {

using namespace std::chrono_literals;

class SetClock final : public HostClock {
 public:
  [[nodiscard]] HostInstant now() const override { return at; }
  HostInstant at;
};

TEST(Deadline, CountsDownToZeroAndStaysThere) {
  SetClock clock;
  const Deadline deadline(clock, 5ms);
  EXPECT_EQ(deadline.remaining(), 5ms);
  clock.at = {3ms};
  EXPECT_EQ(deadline.remaining(), 2ms);
  EXPECT_FALSE(deadline.has_passed());
  clock.at = {9ms};
  EXPECT_EQ(deadline.remaining(), 0ms);
  EXPECT_TRUE(deadline.has_passed());
}

TEST(Deadline, AVeryLongLimitDoesNotOverflow) {
  SetClock clock;
  clock.at = {1h};
  EXPECT_FALSE(Deadline(clock, HostDuration::max()).has_passed());
}

TEST(HostClock, MonotonicDoesNotRunBackwards) {
  const HostInstant first = HostClock::monotonic().now();
  EXPECT_GE(HostClock::monotonic().now(), first);
}

}  // namespace
}  // namespace fermata::host
