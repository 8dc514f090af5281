// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "fermata/time/instant.hpp"
#include "fermata/wire/qqq_layout.hpp"

namespace fermata::wire {

/// What a guest answers to one grant.
struct Report {
  time::Instant now;         ///< where the guest stands: the sum of all reports
  time::Duration elapsed;    ///< how far it came since the report before
  time::Duration overshoot;  ///< how much of that is beyond the grant, never negative

  friend bool operator==(const Report&, const Report&) = default;
};

/// The simulator's end of the qqq protocol as a pure state machine: grants and bytes in, bytes and reports out. No I/O,
/// threads or clocks. Not thread-safe.
class QqqSimulatorSession {
 public:
  /// Queues a grant; more than one may be outstanding. Throws base::BadArgument if `span` is not a whole number of
  /// microseconds from 0 to 2^32-1, which is what the wire can carry.
  void grant(time::Duration span);
  /// Takes bytes in any pieces. Throws base::Error (protocol_violation) if the guest reports less than it was granted,
  /// or reports without a grant; the session is of no use afterwards.
  void receive(std::span<const std::byte> bytes);

  /// The oldest report that was not taken yet.
  [[nodiscard]] std::optional<Report> take_report();
  /// Where the guest stands according to the reports received.
  [[nodiscard]] time::Instant now() const { return now_; }
  /// Grants whose report has not been received.
  [[nodiscard]] std::size_t outstanding() const { return granted_us_.size(); }

  /// Bytes to be written to the peer; `sent` says how many of them were. Valid until the next call.
  [[nodiscard]] std::span<const std::byte> outgoing() const { return outgoing_; }
  void sent(std::size_t count);

 private:
  void take_message(std::uint32_t elapsed_us);

  QqqReassembler reassembler_;
  std::deque<std::uint32_t> granted_us_;
  std::deque<Report> reports_;
  time::Instant now_;
  std::vector<std::byte> outgoing_;
};

}  // namespace fermata::wire
