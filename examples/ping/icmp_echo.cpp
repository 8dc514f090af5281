// SPDX-License-Identifier: MIT
#include "icmp_echo.hpp"

namespace ping {
namespace {

constexpr std::size_t ethernet_header = 14;
constexpr unsigned ethertype_ipv4 = 0x0800;
constexpr std::size_t least_ipv4_header = 20;
constexpr std::size_t icmp_header = 8;
constexpr std::size_t stamp_size = 4;
constexpr unsigned fragment_bits = 0x3fff;  // offset and "more fragments" (RFC 791)
constexpr unsigned protocol_icmp = 1;
constexpr unsigned echo_reply = 0;
constexpr unsigned echo_request = 8;

unsigned byte_at(std::span<const std::byte> bytes, std::size_t at) { return std::to_integer<unsigned>(bytes[at]); }
unsigned big_endian_16(std::span<const std::byte> bytes, std::size_t at) {
  return byte_at(bytes, at) << 8U | byte_at(bytes, at + 1);
}

}  // namespace

std::optional<IcmpEcho> parse_icmp_echo(std::span<const std::byte> frame) {
  if (frame.size() < ethernet_header + least_ipv4_header || big_endian_16(frame, 12) != ethertype_ipv4) {
    return std::nullopt;
  }
  const auto packet = frame.subspan(ethernet_header);
  const std::size_t header = std::size_t{byte_at(packet, 0) & 0x0fU} * 4;
  if (byte_at(packet, 0) >> 4U != 4 || header < least_ipv4_header ||
      packet.size() < header + icmp_header + stamp_size || (big_endian_16(packet, 6) & fragment_bits) != 0 ||
      byte_at(packet, 9) != protocol_icmp) {
    return std::nullopt;
  }
  const auto message = packet.subspan(header);
  const unsigned type = byte_at(message, 0);
  if ((type != echo_request && type != echo_reply) || byte_at(message, 1) != 0) {
    return std::nullopt;
  }
  std::uint32_t stamp_us = 0;
  for (std::size_t i = stamp_size; i-- > 0;) {
    stamp_us = stamp_us << 8U | byte_at(message, icmp_header + i);
  }
  return IcmpEcho{.is_request = type == echo_request,
                  .identifier = static_cast<std::uint16_t>(big_endian_16(message, 4)),
                  .sequence = static_cast<std::uint16_t>(big_endian_16(message, 6)),
                  .stamp_us = stamp_us};
}

}  // namespace ping
