// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "fermata/record/export/chrome.hpp"
#include "fermata/record/guest_trace.hpp"

namespace fermata::record {

/// The frames of a guest trace's Ethernet channels as a pcapng capture, which Wireshark and tshark read: an interface
/// for each channel, times virtual and in nanoseconds since the guest's start, inputs inbound and outputs outbound. Not
/// thread-safe.
class PcapngExport {
 public:
  explicit PcapngExport(Put put);
  /// In the trace's order.
  void take(const GuestEvent& event, const std::vector<wire::link::Channel>& channels);
  /// How many of the channels are Ethernet ones.
  [[nodiscard]] std::size_t interface_count() const { return interfaces_.size(); }

 private:
  Put put_;
  std::map<std::uint16_t, std::uint32_t> interfaces_;  // by channel
};

}  // namespace fermata::record
