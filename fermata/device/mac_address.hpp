// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fermata::device {

/// The address of an Ethernet port (IEEE 802, 48 bits), in the order in which its bytes cross the line. A value.
struct MacAddress {
  std::array<std::uint8_t, 6> bytes{0x52, 0x54, 0x00, 0x12, 0x34, 0x56};  ///< the default is QEMU's first

  /// Six pairs of hexadecimal digits with colons between them; nothing if `text` is anything else.
  [[nodiscard]] static std::optional<MacAddress> parse(std::string_view text);
  /// The default address with `index`, 0 to 255, added to its last byte modulo 256: one for each port of a machine.
  [[nodiscard]] static MacAddress default_of(unsigned index);

  /// True for addresses of groups, broadcast among them, which no port can have as its own.
  [[nodiscard]] bool is_group() const { return (bytes[0] & 1) != 0; }

  friend bool operator==(const MacAddress&, const MacAddress&) = default;
};

/// "52:54:00:12:34:56"
[[nodiscard]] std::string to_string(const MacAddress& address);

}  // namespace fermata::device
