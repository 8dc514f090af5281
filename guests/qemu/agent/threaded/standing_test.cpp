// SPDX-License-Identifier: GPL-2.0-or-later
//
// Channels of a fake machine whose vCPUs have a thread each. On real ones: tests/qemu/threads/channels_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "guests/qemu/agent/threaded/testing/held_threads.hpp"
#include "guests/qemu/agent/threaded/testing/linked_threads.hpp"

namespace fermata::qemu {
namespace {

class StandingTest : public LinkedThreads {};

INSTANTIATE_TEST_SUITE_P(Vcpus, StandingTest, both_holds(), hold_name);

TEST_P(StandingTest, InputsAreGivenAtTheirInstantsWithinAGrant) {
  start();
  guest_->serial("console").send(Instant::at(1_ms), "a");
  guest_->serial("console").send(Instant::at(1'200'007_ns), "b");
  const wire::Stop stop = guest_->run_until(Instant::at(5_ms), limit);
  EXPECT_EQ(stop.now, Instant::at(5_ms));
  EXPECT_EQ(stop.reason, wire::StopReason::horizon);
  EXPECT_EQ(serial_.log, "a@1000000 b@1200007 ");
}

TEST_P(StandingTest, AnInputOfThePresentInstantIsGivenWithoutARun) {
  start();
  guest_->run_until(Instant::at(1_ms), limit);
  const std::int64_t executed = machine_.executed_by_all();
  serial_.echoes = true;
  guest_->serial("console").send(Instant::at(1_ms), "a");
  guest_->grant(Instant::at(1_ms));
  EXPECT_EQ(guest_->wait(limit).now, Instant::at(1_ms));
  EXPECT_EQ(serial_.log, "a@1000000 ");
  EXPECT_EQ(outputs_, "a@1000000 ");
  EXPECT_EQ(machine_.executed_by_all(), executed);
}

TEST_P(StandingTest, OutputsHaveTheInstantAtWhichTheMachineNextStands) {
  start();
  guest_->run_until(Instant::at(1_ms), limit);
  time_.set_gate(2_ms);
  guest_->grant(Instant::at(3_ms));
  time_.wait_at_gate();
  send("x");
  time_.open_gate();
  guest_->wait(limit);
  EXPECT_EQ(outputs_, "x@3000000 ");
}

TEST_P(StandingTest, AReactiveOutputHasTheMachineStandOnTheWay) {
  start({.reactive = {"console"}});
  guest_->run_until(Instant::at(1_ms), limit);
  time_.set_gate(2_ms);
  sends_ = true;  // in guest code
  const wire::Stop stop = guest_->run_until_output(Instant::at(5_ms), limit);
  EXPECT_EQ(stop.reason, wire::StopReason::output);
  EXPECT_LE(stop.now, Instant::at(2_ms));
  EXPECT_TRUE(machine_.stands());
  EXPECT_EQ(outputs_, "x@" + std::to_string(stop.now.since_origin().ns()) + " ");
  EXPECT_EQ(time_.reading(), stop.now.since_origin());
  time_.open_gate();
  EXPECT_EQ(guest_->run_until(Instant::at(5_ms), limit).now, Instant::at(5_ms));
}

TEST_P(StandingTest, AChannelAtItsBoundHasTheMachineStand) {
  start();
  guest_->run_until(Instant::at(1_ms), limit);
  time_.set_gate(2_ms);
  guest_->grant(Instant::at(5_ms));
  time_.wait_at_gate();
  for (int i = 0; i < 16; ++i) {
    send(std::string(65'536, 'x'));
  }
  const wire::Stop stop = guest_->wait(limit);
  EXPECT_EQ(stop.reason, wire::StopReason::full);
  EXPECT_EQ(stop.now, Instant::at(2_ms));
}

TEST_P(StandingTest, WhatHappensToTheMachineIsTold) {
  start();
  guest_->run_until(Instant::at(1_ms), limit);
  time_.set_gate(2_ms);
  guest_->grant(Instant::at(5_ms));
  time_.wait_at_gate();
  machine_.stop();
  const wire::Stop stop = guest_->wait(limit);
  EXPECT_EQ(stop.reason, wire::StopReason::user);
  EXPECT_EQ(stop.now, Instant::at(2_ms));
  machine_.start();
  machine_.reset();
  const wire::Stop reset = guest_->wait(limit);
  EXPECT_EQ(reset.reason, wire::StopReason::reset);
  EXPECT_EQ(reset.now, Instant::at(2_ms));
  machine_.stop("guest-panicked");
  const wire::Stop panic = guest_->wait(limit);
  EXPECT_EQ(panic.reason, wire::StopReason::panicked);
  EXPECT_EQ(panic.now, Instant::at(2_ms));
}

TEST_P(StandingTest, TheEndIsToldWithItsStatus) {
  start();
  guest_->run_until(Instant::at(1_ms), limit);
  machine_.stop("quit");
  guest_->grant(Instant::at(2_ms));
  executor_.ended(3);
  const wire::Stop stop = guest_->wait(limit);
  EXPECT_EQ(stop.reason, wire::StopReason::powered_off);
  EXPECT_EQ(stop.exit_status, 3);
  EXPECT_EQ(stop.now, Instant::at(1_ms));
}

// The end comes while the machine is brought to a halt on its way: it is told where it was, not where it was going.
TEST_P(StandingTest, AnEndWithinAnEarlyStopHasItsOwnInstant) {
  if (machine_.can_be_caught) {
    GTEST_SKIP() << "of a pause, which takes a while";
  }
  start({.reactive = {"console"}});
  guest_->run_until(Instant::at(1_ms), limit);
  time_.set_gate(2_ms);
  guest_->grant(Instant::at(3'600_s));
  time_.wait_at_gate();
  machine_.lock();
  machine_.in_next_pause([this] {
    executor_.machine_stopped("quit");
    executor_.ended(0);
  });
  machine_.unlock();
  send("x");
  wire::Stop stop = guest_->wait(limit);
  while (stop.reason == wire::StopReason::output) {
    guest_->grant(Instant::at(3'600_s));
    stop = guest_->wait(limit);
  }
  EXPECT_EQ(stop.reason, wire::StopReason::powered_off);
  EXPECT_GE(stop.now, Instant::at(2_ms));
  EXPECT_LT(stop.now, Instant::at(3_ms));
  EXPECT_EQ(outputs_, "x@" + std::to_string(stop.now.since_origin().ns()) + " ");
}

TEST_P(StandingTest, AResetOnTheWayIsToldWhereTheMachineStandsForIt) {
  start({.reactive = {"console"}});
  guest_->run_until(Instant::at(1_ms), limit);
  time_.set_gate(2_ms);
  guest_->grant(Instant::at(5_ms));
  time_.wait_at_gate();
  machine_.reset();
  const wire::Stop reset = guest_->wait(limit);
  EXPECT_EQ(reset.reason, wire::StopReason::reset);
  EXPECT_EQ(reset.now, Instant::at(2_ms));
  time_.open_gate();
  EXPECT_EQ(guest_->wait(limit).now, Instant::at(5_ms)) << "the grant goes on";
}

}  // namespace
}  // namespace fermata::qemu
