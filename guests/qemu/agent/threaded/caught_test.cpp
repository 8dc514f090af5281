// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fake vCPUs that are caught at the lock for a hand-shake. That all else is as with paused ones: the other tests here,
// each of which runs with both.
#include <gtest/gtest.h>

#include <thread>

#include "guests/qemu/agent/threaded/testing/held_threads.hpp"

namespace fermata::qemu {
namespace {

using namespace time::literals;
using time::Instant;

class CaughtTest : public HeldThreads {
 protected:
  CaughtTest() { machine_.can_be_caught = true; }

  // Advances until the simulator has been quick enough for vCPUs that stay caught.
  void advance_to_a_catch() {
    const int before = machine_.catches();
    while (machine_.catches() == before) {
      advance(1_ms);
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Vcpus, CaughtTest, ::testing::Values(true), hold_name);

TEST_P(CaughtTest, TheyGoOnFromThereWhenASimulatorAnswersSoon) {
  boot_and_start();
  advance(1_ms);
  const std::int64_t executed = machine_.executed_by_all();
  for (int i = 0; i < 20 || machine_.executed_by_all() == executed; ++i) {
    advance_to_a_catch();
  }
  EXPECT_EQ(time_.reading(), simulator_->now().since_origin());
}

TEST_P(CaughtTest, NothingIsExecutedMeanwhile) {
  boot_and_start();
  for (int i = 0; i < 200; ++i) {
    advance(1_ms);
    const std::int64_t executed = machine_.executed_by_all();
    for (int look = 0; look < 100; ++look) {
      std::this_thread::yield();
    }
    EXPECT_EQ(machine_.executed_by_all(), executed);
  }
}

TEST_P(CaughtTest, WhoWantsTheLockFindsThemPaused) {
  boot_and_start();
  for (int i = 0; i < 200; ++i) {
    advance(1_ms);
    const std::int64_t executed = machine_.executed_by_all();
    machine_.lock();
    EXPECT_FALSE(machine_.vcpus().are_caught());
    EXPECT_FALSE(machine_.is_clock_enabled());
    EXPECT_TRUE(machine_.stands());
    EXPECT_EQ(machine_.executed_by_all(), executed);
    machine_.unlock();
  }
}

TEST_P(CaughtTest, WithoutAGrantTheyArePausedSoon) {
  boot_and_start();
  for (int i = 0; i < 20; ++i) {
    advance(1_ms);
    while (machine_.vcpus().are_caught() || machine_.is_clock_enabled()) {
      std::this_thread::yield();
    }
  }
}

TEST_P(CaughtTest, AUserWhoStopsTheMachineGetsIt) {
  boot_and_start();
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(advance(1_ms).now, Instant::at(i * 1_ms));
    machine_.stop();
    EXPECT_FALSE(machine_.vcpus().are_caught());
    machine_.start();
  }
}

TEST_P(CaughtTest, ASimulatorThatGoesLeavesThemPaused) {
  boot_and_start();
  advance_to_a_catch();
  simulator_.reset();
  wait_for_the_end();
  EXPECT_TRUE(machine_.was_asked_to_quit());
  EXPECT_FALSE(machine_.vcpus().are_caught());
  machine_.lock();
  machine_.unlock();
}

TEST_P(CaughtTest, QemusEndGetsTheLock) {
  boot_and_start();
  advance_to_a_catch();
  executor_.ended(0);
  wait_for_the_end();
  EXPECT_FALSE(machine_.vcpus().are_caught());
  machine_.lock();
  machine_.unlock();
}

}  // namespace
}  // namespace fermata::qemu
