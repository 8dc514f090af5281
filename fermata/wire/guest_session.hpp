// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "fermata/time/instant.hpp"
#include "fermata/wire/stop.hpp"

namespace fermata::wire {

/// Stand still: nothing has been granted.
struct Hold {
  friend bool operator==(const Hold&, const Hold&) = default;
};

/// Run until `horizon`; where the machine already runs, its horizon has been raised.
struct RunUntil {
  time::Instant horizon;
  friend bool operator==(const RunUntil&, const RunUntil&) = default;
};

/// End the machine: the simulator has gone or asked for it.
struct Leave {
  std::string why;        ///< for people, e.g. "the simulator closed the connection"
  bool is_fault = false;  ///< not an orderly end: worth telling
  friend bool operator==(const Leave&, const Leave&) = default;
};

/// What the machine is to do now.
using Order = std::variant<Hold, RunUntil, Leave>;

/// A clock of another guest's that this one keeps to (transport::SharedClocks): it may come so far beyond it.
struct Followed {
  std::uint32_t clock = 0;
  time::Duration distance{};
  friend bool operator==(const Followed&, const Followed&) = default;
};

/// The guest's end of a synchronisation protocol as a pure state machine: bytes and stops in, orders and bytes out. No
/// I/O, threads or clocks. Whoever owns it moves bytes between it and a transport and obeys `order()`; see
/// guest::Follower. Not thread-safe.
class GuestSession {
 public:
  virtual ~GuestSession() = default;

  /// False while it has enough to do: leave further bytes in the transport.
  [[nodiscard]] virtual bool wants_bytes() const = 0;
  /// Takes bytes in any pieces. The order may have changed afterwards.
  virtual void receive(std::span<const std::byte> bytes) = 0;
  /// The peer closed the connection or died: the order becomes Leave.
  virtual void receive_end() = 0;
  /// The machine stands at `stop.now`, which is never earlier than in the call before. The order may have changed
  /// afterwards; if it is still RunUntil the stop did not end it (its user stopped the machine: go on when he lets it).
  virtual void stopped(const Stop& stop) = 0;
  [[nodiscard]] virtual const Order& order() const = 0;

  /// The next instant at which the machine, if it runs, is to tell that it got there; none if nobody wants to know.
  [[nodiscard]] virtual std::optional<time::Instant> milestone() const { return std::nullopt; }
  /// The running machine has got to its milestone, at `now`, which is before its horizon or less than an instruction
  /// beyond, and later than in the call before or in `stopped`. The milestone is a later one afterwards.
  virtual void progressed(time::Instant /*now*/) {}

  /// The clocks that this guest keeps to.
  [[nodiscard]] virtual std::span<const Followed> followed() const { return {}; }
  /// They let it go as far as `limit`: to be told anew each time that they were looked at and then what the simulator
  /// had sent was received, in this order. The order may have changed afterwards.
  virtual void allow(time::Instant /*limit*/) {}
  /// True while the machine stands before its horizon because of them: nobody is told, and the order is Hold.
  [[nodiscard]] virtual bool waits_for_clocks() const { return false; }
  /// Where the machine stands, or has told to have come: of sessions that can be told to follow clocks.
  [[nodiscard]] virtual time::Instant now() const { return {}; }
  /// The horizon that the simulator has granted last, which the clocks may not let the machine get to yet; nothing if
  /// it keeps to none.
  [[nodiscard]] virtual std::optional<time::Instant> granted() const { return std::nullopt; }

  /// Bytes to be written to the peer, in order; `sent` says how many of them were. Valid until the next call.
  [[nodiscard]] virtual std::span<const std::byte> outgoing() const = 0;
  virtual void sent(std::size_t count) = 0;
};

}  // namespace fermata::wire
