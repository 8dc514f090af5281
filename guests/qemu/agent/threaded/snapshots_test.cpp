// SPDX-License-Identifier: GPL-2.0-or-later
//
// Snapshots that are loaded into a machine that ThreadedExecutor holds, and starts that are none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guests/qemu/agent/threaded/testing/held_threads.hpp"

namespace fermata::qemu {
namespace {

using namespace time::literals;
using time::Instant;

class LoadedStateTest : public HeldThreads {};
INSTANTIATE_TEST_SUITE_P(Vcpus, LoadedStateTest, both_holds(), hold_name);

TEST_P(LoadedStateTest, StartsFromASnapshotAtInstantZero) {
  boot_and_start(10_s + 3_ns);
  EXPECT_EQ(advance(1_ms).now, Instant::at(1_ms));
  EXPECT_EQ(time_.reading(), 10_s + 3_ns + 1_ms);
}

TEST_P(LoadedStateTest, ALoadedSnapshotMovesTheGuestsClockButNotTheSimulators) {
  boot_and_start();
  advance(5_ms);
  machine_.load_snapshot(2_ms);
  EXPECT_EQ(advance(1_ms).now, Instant::at(6_ms));
  EXPECT_EQ(time_.reading(), 2_ms + 1_ms);
}

TEST_P(LoadedStateTest, ASnapshotInMidGrantLeavesTheRestOfIt) {
  boot_and_start();
  time_.set_gate(40_ms);
  simulator_->grant(100_ms);
  time_.wait_at_gate();
  machine_.load_snapshot(30_s);
  time_.open_gate();
  EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(100_ms));
  EXPECT_EQ(time_.reading(), 30_s + 60_ms);
}

// A user may load one while the machine stands stopped: QEMU does not say then that it restores one. Also of what lies
// hardly ahead.
TEST_P(LoadedStateTest, ASnapshotIsNoticedWhileTheUserHasStoppedTheMachine) {
  boot_and_start();
  advance(5_ms);
  machine_.load_snapshot(5_ms + 1_ns, "paused");
  EXPECT_EQ(advance(0_us).now, Instant::at(5_ms));
  EXPECT_EQ(time_.reading(), 5_ms + 1_ns);
  machine_.load_snapshot(30_s, "paused");
  EXPECT_EQ(advance(1_ms).now, Instant::at(6_ms));
  EXPECT_EQ(time_.reading(), 30_s + 1_ms);
  machine_.load_snapshot(2_ms, "paused");
  EXPECT_EQ(advance(1_ms).now, Instant::at(7_ms));
  EXPECT_EQ(time_.reading(), 2_ms + 1_ms);
}

TEST_P(LoadedStateTest, AStartThatTakesLongIsNoSnapshot) {
  machine_.start_takes = 3_s;
  boot_and_start();
  EXPECT_EQ(advance(1_ms).now, Instant::at(1_ms));
  EXPECT_EQ(time_.reading(), 1_ms);
  time_.set_gate(50_ms);
  simulator_->grant(99_ms);
  time_.wait_at_gate();
  machine_.stop();
  machine_.start();
  EXPECT_EQ(time_.reading(), 50_ms);
  time_.open_gate();
  EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(100_ms));
  EXPECT_EQ(time_.reading(), 100_ms);
}

TEST_P(LoadedStateTest, AClockThatSnapshotsCannotHaveIsToldOnce) {
  machine_.can_save_clock = false;
  boot_and_start();
  advance(1_ms);
  machine_.stop();
  machine_.start();
  machine_.stop();
  EXPECT_THAT(machine_.told(), ::testing::ElementsAre(::testing::HasSubstr("snapshot")));
}

}  // namespace
}  // namespace fermata::qemu
