// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "fermata/time/duration.hpp"

namespace ping {

using fermata::time::Duration;

/// What busybox's ping printed.
struct PingOutput {
  std::map<unsigned, Duration> round_trips{};  ///< by sequence number; of those that had a reply
  unsigned duplicates = 0;                     ///< replies to what had one already
  struct Totals {
    unsigned transmitted = 0;
    unsigned received = 0;
    friend bool operator==(const Totals&, const Totals&) = default;
  };
  std::optional<Totals> totals{};  ///< once it has ended
};

/// Reads the lines "64 bytes from 10.0.0.2: seq=0 ttl=64 time=1.034 ms" and "20 packets transmitted, 17 packets
/// received, ..." out of a console's text, whatever else there is.
[[nodiscard]] PingOutput parse_ping_output(std::string_view console);

}  // namespace ping
