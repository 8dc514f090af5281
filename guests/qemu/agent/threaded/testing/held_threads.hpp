// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "fermata/guest/follower.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "fermata/wire/qqq_guest_session.hpp"
#include "guests/qemu/agent/threaded/testing/fake_machine.hpp"
#include "guests/qemu/agent/threaded/testing/fake_time.hpp"
#include "guests/qemu/agent/threaded/threaded_executor.hpp"

namespace fermata::qemu {

/// The ways in which a fake machine's vCPUs are held: true where they can be caught.
inline auto both_holds() { return ::testing::Bool(); }
inline std::string hold_name(const ::testing::TestParamInfo<bool>& info) { return info.param ? "caught" : "paused"; }

/// The whole guest's end on a fake machine of two vCPUs, and the simulator's end in the test's thread.
class HeldThreads : public ::testing::TestWithParam<bool> {
 protected:
  static constexpr auto long_enough = std::chrono::seconds(30);

  HeldThreads() {
    auto [ours, theirs] = transport::UnixSocket::make_pair();
    guest_end_ = std::make_unique<transport::UnixSocket>(std::move(theirs));
    sim_end_ = std::make_unique<transport::UnixSocket>(std::move(ours));
    machine_.can_be_caught = GetParam();
  }
  ~HeldThreads() override {
    executor_.ended(0);
    if (agent_.joinable()) {
      agent_.join();
    }
    machine_.power_off();
  }

  void boot(time::Duration reading = {}) {
    follower_ = std::make_unique<guest::Follower>(*session_, *guest_end_, executor_);
    executor_.set_follower(*follower_);
    executor_.listen();
    machine_.boot(&executor_, reading);
    agent_ = std::thread([this] {
      executor_.run();
      has_ended_ = true;
    });
  }
  void boot_and_start(time::Duration reading = {}) {
    simulator_.emplace(sim::Guest::attach(std::move(sim_end_), "fake machine"));
    boot(reading);
    machine_.start();
  }
  sim::Report advance(time::Duration span) { return simulator_->advance(span, long_enough); }
  void wait_until_it_stands() {
    while (!machine_.stands()) {
      std::this_thread::yield();
    }
  }
  void wait_for_the_end() {
    while (!has_ended_) {
      std::this_thread::yield();
    }
  }

  FakeMachine machine_{2};
  FakeTime time_{machine_.vcpus()};
  ThreadedExecutor executor_{machine_, machine_.vcpus(), time_};
  std::unique_ptr<wire::GuestSession> session_ = std::make_unique<wire::QqqGuestSession>();
  std::unique_ptr<transport::UnixSocket> guest_end_;
  std::unique_ptr<transport::UnixSocket> sim_end_;
  std::unique_ptr<guest::Follower> follower_;
  std::optional<sim::Guest> simulator_;
  std::thread agent_;
  std::atomic<bool> has_ended_{false};
};

}  // namespace fermata::qemu
