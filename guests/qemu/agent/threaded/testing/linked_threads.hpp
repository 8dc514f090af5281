// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fermata/sim/link_guest.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "guests/qemu/agent/link/channels.hpp"
#include "guests/qemu/agent/threaded/testing/fake_machine.hpp"
#include "guests/qemu/agent/threaded/testing/fake_time.hpp"
#include "guests/qemu/agent/threaded/threaded_executor.hpp"

namespace fermata::qemu {

using namespace time::literals;
using time::Instant;

inline constexpr auto limit = std::chrono::seconds(30);

/// What the guest was given, and when.
struct FakeSerial final : SerialPort {
  explicit FakeSerial(const MachineTime& time) : clock(&time) {}
  void set_handlers(Handlers to) override { handlers = std::move(to); }
  std::size_t room() override { return 100; }
  void receive(std::span<const std::byte> bytes) override {
    for (const std::byte byte : bytes) {
      log += std::string(1, static_cast<char>(byte)) + "@" + std::to_string(clock->reading().ns()) + " ";
    }
    if (echoes) {
      handlers.sent(bytes);
    }
  }
  const MachineTime* clock;
  Handlers handlers;
  std::string log;
  bool echoes = false;
};

struct FakeWindow final : RegisterWindow {
  void set_handlers(Handlers to) override { handlers = std::move(to); }
  Handlers handlers;
};

struct FakeSnapshots final : Snapshots {
  void save(const std::string& /*tag*/, std::function<void(std::string)> done) override { done(""); }
  void load(const std::string& /*tag*/, std::function<void(std::string)> done) override { done(""); }
};

/// Link v1 with a fake machine of two vCPUs, that has a serial line `console` and a register window `board`; the
/// simulator's end is in the test's thread.
class LinkedThreads : public ::testing::TestWithParam<bool> {
 protected:
  LinkedThreads() {
    machine_.can_be_caught = GetParam();
    std::vector<std::unique_ptr<link::End>> ends;
    ends.push_back(std::make_unique<link::SerialEnd>("console", serial_));
    ends.push_back(std::make_unique<link::WindowEnd>("board", 0x1000, 0x100, window_, link::wait_on(executor_)));
    for (const auto& end : ends) {
      end->declare_late();
    }
    channels_.emplace(machine_, executor_, snapshots_, std::move(ends));
    session_ = channels_->make_session("fake machine", link::Channels::threaded_abilities);
    machine_.on_block = [this](int vcpu) {
      if (vcpu == 0 && sends_.exchange(false)) {
        send("x");
      }
    };
  }
  ~LinkedThreads() override {
    guest_.reset();
    executor_.ended(0);
    if (agent_.joinable()) {
      agent_.join();
    }
    machine_.power_off();
  }

  void start(const sim::LinkOptions& options = {}) {
    auto [ours, theirs] = transport::UnixSocket::make_pair();
    guest_end_ = std::make_unique<transport::UnixSocket>(std::move(theirs));
    follower_ = std::make_unique<guest::Follower>(*session_, *guest_end_, executor_);
    executor_.set_follower(*follower_);
    executor_.listen();
    machine_.boot(&executor_);
    agent_ = std::thread([this] { executor_.run(); });
    machine_.start();
    guest_.emplace(sim::LinkGuest::attach(std::make_unique<transport::UnixSocket>(std::move(ours)), options));
    guest_->serial("console").on_output([this](Instant at, std::string_view text) {
      outputs_ += std::string(text) + "@" + std::to_string(at.since_origin().ns()) + " ";
    });
  }
  void send(const std::string& text) {
    machine_.lock();
    serial_.handlers.sent(std::as_bytes(std::span(text)));
    machine_.unlock();
  }

  /// A guest's load, from within `on_block`.
  std::uint64_t load(std::uint64_t offset) {
    machine_.lock();
    const std::uint64_t value = window_.handlers.read(offset, 4);
    machine_.unlock();
    return value;
  }

  FakeMachine machine_{2};
  FakeTime time_{machine_.vcpus()};
  ThreadedExecutor executor_{machine_, machine_.vcpus(), time_};
  FakeSerial serial_{time_};
  FakeWindow window_;
  FakeSnapshots snapshots_;
  std::atomic<bool> sends_{false};
  std::optional<link::Channels> channels_;
  std::unique_ptr<wire::GuestSession> session_;
  std::unique_ptr<transport::UnixSocket> guest_end_;
  std::unique_ptr<guest::Follower> follower_;
  std::thread agent_;
  std::optional<sim::LinkGuest> guest_;
  std::string outputs_;
};

}  // namespace fermata::qemu
