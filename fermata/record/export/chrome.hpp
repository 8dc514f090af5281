// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fermata/record/codec.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/wire/link/channel.hpp"

namespace fermata::record {

/// Takes a piece of an exported file.
using Put = std::function<void(std::string_view bytes)>;

/// A link's messages as trace-event JSON, which chrome://tracing and Perfetto read: one track for the guest, with what
/// it ran between two reports, one for each channel, with its inputs and outputs. Times are virtual. Not thread-safe.
class ChromeExport {
 public:
  explicit ChromeExport(Put put);
  /// Throws base::Error (protocol_violation) for a message that breaks the protocol.
  void take(Direction from, const wire::link::Frame& message);
  /// Completes the document.
  void finish();

 private:
  void event(std::string_view body);
  void name_track(std::uint16_t track, std::string_view name);
  void take_channel(const wire::link::Frame& message);
  void take_data(Direction from, const wire::link::Frame& message);
  void take_report(const wire::link::Frame& message);

  Put put_;
  bool is_first_ = true;
  std::vector<wire::link::Channel> channels_;
  time::Instant now_;
};

}  // namespace fermata::record
