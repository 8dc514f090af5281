// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fermata/time/instant.hpp"

namespace ping {

using fermata::time::Instant;

/// A frame as one guest saw it.
struct CapturedFrame {
  Instant at;
  bool is_outgoing = false;  ///< sent by the guest
  std::vector<std::byte> bytes{};
};

/// The frames of one guest's network card, in the order of time.
struct Capture {
  std::string name{};  ///< of the interface
  std::vector<CapturedFrame> frames{};
};

/// What crossed the Ethernet channel `channel` of the guest whose link was recorded at `path` (LinkOptions::record).
/// Throws base::Error for a recording that cannot be read or is not whole.
[[nodiscard]] Capture read_capture(const std::string& path, const std::string& channel, const std::string& name);

/// Writes all of `captures`, merged by instant, as one pcapng file with an interface for each. Throws base::Error
/// (host_failure).
void write_pcapng(const std::string& path, const std::vector<Capture>& captures);

}  // namespace ping
