// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace ping {

/// An ICMP echo request or reply (RFC 792) within an Ethernet frame.
struct IcmpEcho {
  bool is_request = false;
  std::uint16_t identifier = 0;  ///< of the ping that sent it
  std::uint16_t sequence = 0;
  /// What busybox's ping puts into the first four bytes of data: the microseconds of its clock, modulo 2^32, in the
  /// byte order of its machine, which is little-endian here.
  std::uint32_t stamp_us = 0;

  friend bool operator==(const IcmpEcho&, const IcmpEcho&) = default;
};

/// Nothing if the frame, without FCS, is anything else: other protocols, fragments, too short.
[[nodiscard]] std::optional<IcmpEcho> parse_icmp_echo(std::span<const std::byte> frame);

}  // namespace ping
