// SPDX-License-Identifier: MIT
#include "fermata/clock/running_time.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "fermata/clock/testing/set_time.hpp"

namespace fermata::clock {
namespace {

using testing::at_ns;
using testing::SetHost;

TEST(RunningTime, StandsAtTheOriginUntilItGoesOn) {
  SetHost host;
  host.pass_ns(1'000);
  RunningTime running(host.monotonic, host.cycles);
  EXPECT_FALSE(running.is_running());
  EXPECT_EQ(running.now(), at_ns(0));
  EXPECT_EQ(running.cycles(), 0);
  running.go_on();
  EXPECT_EQ(running.now(), at_ns(0));
  host.pass_ns(2);
  EXPECT_EQ(running.now(), at_ns(2));
  EXPECT_EQ(running.cycles(), 6);
}

TEST(RunningTime, CyclesOfACoreThatIsBehindDoNotRunBackwards) {
  SetHost host;
  RunningTime running(host.monotonic, host.cycles);
  running.go_on();
  host.cycles.count = 100;
  EXPECT_EQ(running.cycles(), 100);
  host.cycles.count = 90;
  EXPECT_EQ(running.cycles(), 100);
  running.freeze();
  EXPECT_EQ(running.cycles(), 100);
  running.go_on();
  host.cycles.count = 95;
  EXPECT_EQ(running.cycles(), 105);
}

TEST(RunningTime, ReadersInOtherThreadsNeverSeeItRunBackwardsNorRunWhileItIsFrozen) {
  RunningTime running(host::HostClock::monotonic(), host::CycleCounter::system());
  std::atomic<bool> is_done = false;
  std::thread reader([&] {
    time::Instant last = running.now();
    std::int64_t last_cycles = running.cycles();
    while (!is_done) {
      const time::Instant now = running.now();
      const std::int64_t cycles = running.cycles();
      ASSERT_GE(now, last);
      ASSERT_GE(cycles, last_cycles);
      last = now;
      last_cycles = cycles;
    }
  });
  for (int round = 0; round < 5'000; ++round) {
    running.go_on();
    running.freeze();
    const time::Instant frozen = running.now();
    const std::int64_t cycles = running.cycles();
    ASSERT_EQ(running.now(), frozen);
    ASSERT_EQ(running.cycles(), cycles);
  }
  is_done = true;
  reader.join();
}

}  // namespace
}  // namespace fermata::clock
