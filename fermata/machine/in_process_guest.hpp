// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "fermata/guest/follower.hpp"
#include "fermata/machine/link/channels.hpp"
#include "fermata/machine/machine.hpp"
#include "fermata/machine/machine_executor.hpp"
#include "fermata/transport/direct.hpp"

namespace fermata::machine {

/// What an in-process guest speaks.
enum class Protocol : std::uint8_t {
  qqq,   ///< with sim::Guest; I/O by the machine's far ends
  link,  ///< link v1, with sim::LinkGuest: I/O by channels
};

/// A machine in the simulator's own process and thread: no sockets, a grant is a call.
///
///   machine::InProcessGuest guest(std::move(config));
///   sim::Guest handle = sim::Guest::attach(guest.connect());
///   guest.machine().serial().set_receiver(...);
///   handle.advance(1_ms, limit);         // the machine has run when `grant` returns
///
/// `sim::LinkGuest` likewise. When the guest powers itself off or is stuck, or time has ended, its end of the link
/// closes and `ended` says why; the machine can still be looked at. One thread: that of the handle.
class InProcessGuest {
 public:
  /// Throws as Machine does. `options` are the follower's: a trace of grants and reports, statistics.
  explicit InProcessGuest(Config config, const guest::Follower::Options& options = {},
                          Protocol protocol = Protocol::qqq);
  InProcessGuest(const InProcessGuest&) = delete;
  InProcessGuest& operator=(const InProcessGuest&) = delete;

  /// The simulator's end of the link, for sim::Guest::attach; once. It may outlive this object or not.
  [[nodiscard]] std::unique_ptr<transport::Stream> connect();

  [[nodiscard]] Machine& machine() { return machine_; }
  /// How the guest ended by itself, if it has: powered_off, stuck or end_of_time.
  [[nodiscard]] const std::optional<Stop>& ended() const { return ended_; }
  /// Why the link ended, if the simulator ended it.
  [[nodiscard]] const std::optional<wire::Leave>& left() const { return executor_.left(); }

 private:
  InProcessGuest(Config config, const guest::Follower::Options& options, Protocol protocol,
                 std::pair<transport::DirectStream, transport::DirectStream> ends);
  void serve();

  Machine machine_;
  MachineExecutor executor_;
  std::unique_ptr<link::Channels> channels_;  // of a link v1 session
  std::unique_ptr<wire::GuestSession> session_;
  std::optional<transport::DirectStream> simulator_end_;
  transport::DirectStream end_;
  guest::Follower follower_;
  std::optional<Stop> ended_;
};

}  // namespace fermata::machine
