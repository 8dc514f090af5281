// SPDX-License-Identifier: MIT
#include "fermata/clock/host_clock_jump.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/clock/testing/set_time.hpp"

namespace fermata::clock {
namespace {

using testing::SetHost;
using time::Duration;

constexpr std::int64_t second_ns = 1'000'000'000;

class HostClockJumpTest : public ::testing::Test {
 protected:
  SetHost host;
  HostClockJump jump{host.monotonic, host.wall};
};

TEST_F(HostClockJumpTest, TheTimeThatPassesIsNoJump) {
  host.pass_ns(3'600 * second_ns);
  EXPECT_EQ(jump.look(), std::nullopt);
}

TEST_F(HostClockJumpTest, NoticesJumpsEitherWayOnce) {
  host.pass_ns(second_ns);
  host.wall.ns += 60 * second_ns;
  EXPECT_EQ(jump.look(), Duration::seconds(60));
  EXPECT_EQ(jump.look(), std::nullopt);
  host.pass_ns(second_ns);
  host.wall.ns -= 3'600 * second_ns;
  EXPECT_EQ(jump.look(), -Duration::seconds(3'600));
  EXPECT_EQ(jump.look(), std::nullopt);
}

TEST_F(HostClockJumpTest, WhatATimeServiceDoesSlowlyIsNoJump) {
  for (int i = 0; i < 1'000; ++i) {
    host.pass_ns(100 * second_ns);
    host.wall.ns += 50'000'000;  // 500 ppm, and in sum a lot
    ASSERT_EQ(jump.look(), std::nullopt);
  }
}

TEST_F(HostClockJumpTest, TheLeastJumpIsMoreThanTenMilliseconds) {
  host.wall.ns += 10'000'000;
  EXPECT_EQ(jump.look(), std::nullopt);
  host.wall.ns += 10'000'001;
  EXPECT_EQ(jump.look(), Duration::nanoseconds(10'000'001));
}

TEST_F(HostClockJumpTest, TellsAllWhoSubscribedUntilTheyEndIt) {
  std::vector<int> told;
  auto first = std::make_optional(jump.subscribe([&](Duration) { told.push_back(1); }));
  const auto second = jump.subscribe([&](Duration by) {
    EXPECT_EQ(by, Duration::seconds(5));
    told.push_back(2);
  });
  host.wall.ns += 5 * second_ns;
  jump.look();
  EXPECT_EQ(told, (std::vector{1, 2}));
  first.reset();
  host.wall.ns += 5 * second_ns;
  jump.look();
  EXPECT_EQ(told, (std::vector{1, 2, 2}));
}

TEST_F(HostClockJumpTest, AHandlerMayEndItsOwnSubscriptionAndOthersAndSubscribe) {
  int calls = 0;
  std::optional<HostClockJump::Subscription> own;
  std::optional<HostClockJump::Subscription> other;
  std::optional<HostClockJump::Subscription> made;
  own = jump.subscribe([&](Duration) {
    ++calls;
    own.reset();
    other.reset();
    made = jump.subscribe([&](Duration) { calls += 100; });
  });
  other = jump.subscribe([&](Duration) { calls += 10'000; });
  host.wall.ns += 5 * second_ns;
  jump.look();
  EXPECT_EQ(calls, 1);
  host.wall.ns += 5 * second_ns;
  jump.look();
  EXPECT_EQ(calls, 101);
}

TEST_F(HostClockJumpTest, AMovedSubscriptionGoesOn) {
  int calls = 0;
  HostClockJump::Subscription kept;
  {
    HostClockJump::Subscription made = jump.subscribe([&](Duration) { ++calls; });
    kept = std::move(made);
  }
  host.wall.ns += 5 * second_ns;
  jump.look();
  EXPECT_EQ(calls, 1);
}

TEST_F(HostClockJumpTest, RefusesAnEmptyHandler) { EXPECT_THROW((void)jump.subscribe(nullptr), base::BadArgument); }

// A thread that is descheduled between the readings of the two clocks.
class SlowWall final : public host::WallClock {
 public:
  explicit SlowWall(SetHost& host) : host_(&host) {}
  [[nodiscard]] host::WallInstant now() const override {
    const auto reading = host_->wall.now();
    if (delays > 0) {
      --delays;
      host_->pass_ns(second_ns);
    }
    return reading;
  }
  mutable int delays = 0;

 private:
  SetHost* host_;
};

TEST_F(HostClockJumpTest, ADelayBetweenTheReadingsIsNoJump) {
  SlowWall wall(host);
  HostClockJump slow(host.monotonic, wall);
  wall.delays = 3;
  EXPECT_EQ(slow.look(), std::nullopt);
  EXPECT_EQ(slow.look(), std::nullopt);
}

}  // namespace
}  // namespace fermata::clock
