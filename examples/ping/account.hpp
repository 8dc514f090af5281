// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture.hpp"
#include "ping_output.hpp"

namespace ping {

/// One echo request and what became of it: what the captures say of the way, and what ping says of the whole.
struct RoundTrip {
  unsigned sequence = 0;
  std::uint32_t stamp_us = 0;  ///< the guest's clock when its ping made the request
  // In the order of a round trip. What never happened is not there.
  std::optional<Instant> request_left{};
  std::optional<Instant> request_arrived{};
  std::optional<Instant> reply_left{};
  std::optional<Instant> reply_arrived{};
  std::optional<Duration> shown{};  ///< by ping

  [[nodiscard]] bool is_whole() const {
    return request_left && request_arrived && reply_left && reply_arrived && shown;
  }
  // Of a whole one; they add up to `shown`.
  [[nodiscard]] Duration way_out() const { return *request_arrived - *request_left; }
  [[nodiscard]] Duration time_of_responder() const { return *reply_left - *request_arrived; }
  [[nodiscard]] Duration way_back() const { return *reply_arrived - *reply_left; }
  /// From ping's looking at its clock to the card, and from the card to ping's looking at its clock again; to ping's
  /// microsecond.
  [[nodiscard]] Duration time_of_pinger() const { return *shown - (*reply_arrived - *request_left); }

  friend bool operator==(const RoundTrip&, const RoundTrip&) = default;
};

/// Finds the round trips of the last ping that `pinger` ran, by sequence number.
[[nodiscard]] std::vector<RoundTrip> find_round_trips(const Capture& pinger, const Capture& responder,
                                                      const PingOutput& output);

/// What an account is held against.
struct Expectation {
  Duration latency;         ///< of the link, each way
  Duration most_of_pinger;  ///< that the pinger may take of a round trip for itself
};

/// What does not add up, a sentence each; empty if everything does. That is:
///   - both ways take the latency, to the nanosecond, and the responder some time;
///   - what ping shows leaves a positive time for the pinger, of at most `most_of_pinger`;
///   - ping's replies are the captures', and its totals too;
///   - one difference between the pinger's clock and virtual time explains all round trips: each request was stamped
///     before it left, and each reply read after it arrived.
[[nodiscard]] std::vector<std::string> find_faults(const std::vector<RoundTrip>& trips, const PingOutput& output,
                                                   const Expectation& expectation);

}  // namespace ping
