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

TEST(WallClock, TellsNanosecondsSinceTheEpoch) {
  const WallInstant now = WallClock::system().now();
  EXPECT_GT(now, WallInstant{} + std::chrono::years(50));
  EXPECT_LT(now, WallInstant{} + std::chrono::years(250));
  EXPECT_EQ((now + 5ms) - now, 5ms);
}

TEST(CycleCounter, Counts) {
  const std::int64_t first = CycleCounter::system().now();
  const Deadline limit(HostClock::monotonic(), 10s);
  std::int64_t later = first;
  while (later == first && !limit.has_passed()) {
    later = CycleCounter::system().now();
  }
  EXPECT_NE(later, first);
}

TEST(ThreadClock, CountsWhatAThreadHasHadOnly) {
  const ThreadClock mine = ThreadClock::of_this_thread();
  const HostDuration before = mine.used();
  const Deadline limit(HostClock::monotonic(), 10s);
  while (mine.used() == before && !limit.has_passed()) {
  }
  EXPECT_GT(mine.used(), before);
}

TEST(PunctualWait, IsNeverEarly) {
  PunctualWait wait;
  for (int i = 0; i < 20; ++i) {
    const HostInstant at = HostClock::monotonic().now() + 300us;
    wait.until(at);
    EXPECT_GE(HostClock::monotonic().now(), at);
  }
  wait.until(HostClock::monotonic().now() + (-1h));  // has passed
  const HostInstant at = HostClock::monotonic().now() + 300us;
  PunctualWait::roughly_until(at);
  EXPECT_GE(HostClock::monotonic().now(), at);
}

}  // namespace
}  // namespace fermata::host
