// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "fermata/clock/timer.hpp"
#include "fermata/machine/machine.hpp"

namespace fermata::firmware_test {

/// The only other station on a machine's first Ethernet cable: 10.0.0.1 at 02:00:00:00:00:01. Answers ARP requests
/// (RFC 826) and pings (RFC 792), each exactly `delay` of virtual time after the request has left the guest.
class Responder {
 public:
  /// `machine` outlives it.
  Responder(machine::Machine& machine, time::Duration delay);

  /// When each ping left the guest, and each answer arrived.
  struct Exchange {
    time::Instant asked;
    time::Instant answered;
    friend bool operator==(const Exchange&, const Exchange&) = default;
  };
  [[nodiscard]] const std::vector<Exchange>& pings() const { return pings_; }

 private:
  using Frame = std::vector<std::uint8_t>;
  struct Answer {
    time::Instant at;
    Frame frame;
    bool is_ping = false;
  };

  void take(time::Instant at, std::span<const std::byte> bytes);
  void give();

  machine::Machine& machine_;
  time::Duration delay_;
  clock::Timer timer_;
  std::deque<Answer> answers_;
  std::vector<Exchange> pings_;
  std::size_t answered_ = 0;  // of them
};

}  // namespace fermata::firmware_test
