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

  // Advances until they are caught as the simulator sees it: they are for a while, or the host is slow.
  void advance_to_a_catch() {
    do {
      advance(1_ms);
    } while (!machine_.vcpus().are_caught());
  }
};
INSTANTIATE_TEST_SUITE_P(Vcpus, CaughtTest, ::testing::Values(true), hold_name);

TEST_P(CaughtTest, TheyGoOnFromThereWhenASimulatorAnswersSoon) {
  boot_and_start();
  advance(1_ms);
  const std::int64_t executed = machine_.executed_by_all();
  while (machine_.went_on_from_lock() < 20 || machine_.executed_by_all() == executed) {
    advance(1_ms);
  }
  EXPECT_EQ(time_.reading(), simulator_->now().since_origin());
}

TEST_P(CaughtTest, NothingIsExecutedMeanwhile) {
  boot_and_start();
  for (int i = 0; i < 50; ++i) {
    advance_to_a_catch();
    const std::int64_t executed = machine_.executed_by_all();
    for (int look = 0; look < 100; ++look) {
      std::this_thread::yield();
    }
    EXPECT_EQ(machine_.executed_by_all(), executed);
  }
}

TEST_P(CaughtTest, WhoWantsTheLockFindsThemPaused) {
  boot_and_start();
  for (int i = 0; i < 50; ++i) {
    advance_to_a_catch();
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
  advance_to_a_catch();
  while (machine_.vcpus().are_caught()) {
    std::this_thread::yield();
  }
  wait_until_it_stands();
  EXPECT_EQ(advance(1_ms).overshoot, 0_us);
}

// The main thread waits for the vCPUs, which then stand, at any moment of a grant.
TEST_P(CaughtTest, AUserMayStopTheMachineAtAnyTime) {
  boot_and_start();
  for (int i = 1; i <= 300; ++i) {
    simulator_->grant(100_us);
    if (i % 2 == 0) {
      std::this_thread::yield();
    }
    machine_.stop();
    machine_.start();
    EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(i * 100_us));
  }
}

TEST_P(CaughtTest, AUserWhoStopsTheMachineGetsIt) {
  boot_and_start();
  for (int i = 1; i <= 50; ++i) {
    advance_to_a_catch();
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
