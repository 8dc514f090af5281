// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "fermata/guest/follower.hpp"
#include "fermata/machine/machine.hpp"
#include "fermata/machine/machine_executor.hpp"
#include "fermata/transport/in_process.hpp"
#include "fermata/wire/qqq_guest_session.hpp"

namespace fermata::machine {

/// A machine in the simulator's own process and thread: no sockets, a grant is a call.
///
///   machine::InProcessGuest guest(std::move(config));
///   sim::Guest handle = sim::Guest::attach(guest.connect());
///   guest.machine().serial().set_receiver(...);
///   handle.advance(1_ms, limit);         // the machine has run when `grant` returns
///
/// When the guest powers itself off or is stuck, its end of the link closes and `ended` says why; the machine can still
/// be looked at. One thread: that of the handle.
class InProcessGuest {
 public:
  /// Throws as Machine does. `options` are the follower's: a trace of grants and reports, statistics.
  explicit InProcessGuest(Config config, const guest::Follower::Options& options = {});
  InProcessGuest(const InProcessGuest&) = delete;
  InProcessGuest& operator=(const InProcessGuest&) = delete;

  /// The simulator's end of the link, for sim::Guest::attach; once. It may outlive this object or not.
  [[nodiscard]] std::unique_ptr<transport::Stream> connect();

  [[nodiscard]] Machine& machine() { return machine_; }
  /// How the guest ended by itself, if it has: powered_off or stuck.
  [[nodiscard]] const std::optional<Stop>& ended() const { return ended_; }
  /// Why the link ended, if the simulator ended it.
  [[nodiscard]] const std::optional<wire::Leave>& left() const { return executor_.left(); }

 private:
  InProcessGuest(Config config, const guest::Follower::Options& options,
                 std::pair<transport::InProcessStream, transport::InProcessStream> ends);
  void serve();

  Machine machine_;
  MachineExecutor executor_;
  wire::QqqGuestSession session_;
  std::optional<transport::InProcessStream> simulator_end_;
  transport::InProcessStream end_;
  guest::Follower follower_;
  std::optional<Stop> ended_;
};

}  // namespace fermata::machine
