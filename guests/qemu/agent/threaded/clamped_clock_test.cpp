// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/threaded/clamped_clock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace fermata::qemu {
namespace {

constexpr time::Duration us(std::int64_t count) { return time::Duration::microseconds(count); }

TEST(ClampedClock, StandsAtZeroUntilItMayGo) {
  const ClampedClock clock(clock::SpeedFactor::nominal());
  EXPECT_EQ(clock.reading(us(700)), us(0));
}

TEST(ClampedClock, FollowsTheHostUpToItsLimitAndStandsThere) {
  ClampedClock clock(clock::SpeedFactor::nominal());
  clock.go_on(us(1000), us(0), us(200));
  EXPECT_EQ(clock.reading(us(1000)), us(0));
  EXPECT_EQ(clock.reading(us(1150)), us(150));
  EXPECT_EQ(clock.until_limit(us(1150)), us(50));
  EXPECT_EQ(clock.reading(us(1200)), us(200));
  EXPECT_EQ(clock.reading(us(5000)), us(200));
  EXPECT_EQ(clock.unlimited(us(5000)), us(4000));
  EXPECT_LT(clock.until_limit(us(5000)), us(0));
}

TEST(ClampedClock, GoesOnWithoutTheTimeThatItWasHeld) {
  ClampedClock clock(clock::SpeedFactor::nominal());
  clock.go_on(us(0), us(0), us(200));
  clock.go_on(us(900), us(200), us(400));
  EXPECT_EQ(clock.reading(us(900)), us(200));
  EXPECT_EQ(clock.reading(us(1000)), us(300));
}

// What the guest ran on past the limit is charged to what it is given next.
TEST(ClampedClock, GoesOnLaterByADebt) {
  ClampedClock clock(clock::SpeedFactor::nominal());
  clock.go_on(us(0), us(0), us(200));
  clock.go_on(us(900), us(230), us(400));
  EXPECT_EQ(clock.reading(us(900)), us(230));
  EXPECT_EQ(clock.until_limit(us(900)), us(170));
}

TEST(ClampedClock, ALimitMayBeRaisedOnTheWay) {
  ClampedClock clock(clock::SpeedFactor::nominal());
  clock.go_on(us(0), us(0), us(200));
  clock.set_limit(us(300));
  EXPECT_EQ(clock.reading(us(250)), us(250));
}

// 3 virtual ns in 7 of the host's: the limit is reached when the clock shows it, never a moment before.
TEST(ClampedClock, ADilatedClockReachesEachLimitExactly) {
  ClampedClock clock(clock::SpeedFactor(3, 7));
  time::Duration host = us(0);
  for (int quantum = 1; quantum <= 1000; ++quantum) {
    const time::Duration limit = time::Duration::nanoseconds(1001) * quantum;
    clock.go_on(host, time::Duration::nanoseconds(1001) * (quantum - 1), limit);
    EXPECT_GE(clock.reading(host), time::Duration::nanoseconds(1001) * (quantum - 1));
    host = host + clock.until_limit(host);
    EXPECT_EQ(clock.reading(host), limit);
    EXPECT_LT(clock.reading(host - time::Duration::nanoseconds(3)), limit);
  }
}

// One thread grants, another reads: for the thread sanitizer, and for the order of the two words.
TEST(ClampedClock, AReaderNeverSeesItGoBackwardsOrBeyondAGrant) {
  ClampedClock clock(clock::SpeedFactor::nominal());
  std::atomic<std::int64_t> host_ns{0};
  std::atomic<std::int64_t> granted_ns{0};
  std::atomic<bool> is_over{false};
  std::atomic<std::int64_t> faults{0};
  std::thread reader([&] {
    time::Duration last{};
    while (!is_over.load()) {
      const time::Duration now = clock.reading(time::Duration::nanoseconds(host_ns.load()));
      faults += now < last || now.ns() > granted_ns.load() ? 1 : 0;
      last = now;
    }
  });
  for (std::int64_t quantum = 0; quantum < 20'000; ++quantum) {
    host_ns += 137;  // held
    granted_ns = (quantum + 1) * 100;
    clock.go_on(time::Duration::nanoseconds(host_ns.load()), time::Duration::nanoseconds(quantum * 100),
                time::Duration::nanoseconds((quantum + 1) * 100));
    host_ns += 100;
  }
  is_over = true;
  reader.join();
  EXPECT_EQ(faults.load(), 0);
}

}  // namespace
}  // namespace fermata::qemu
