// SPDX-License-Identifier: MIT
#include "fermata/device/mac_address.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "fermata/base/contract.hpp"

namespace fermata::device {

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  constexpr std::size_t size = 6 * 3 - 1;
  if (text.size() != size) {
    return std::nullopt;
  }
  MacAddress address;
  for (std::size_t i = 0; i < address.bytes.size(); ++i) {
    const char* const begin = text.data() + 3 * i;
    const auto [end, error] = std::from_chars(begin, begin + 2, address.bytes[i], 16);
    const bool is_closed = i == address.bytes.size() - 1 || begin[2] == ':';
    if (error != std::errc() || end != begin + 2 || !is_closed) {
      return std::nullopt;
    }
  }
  return address;
}

MacAddress MacAddress::default_of(unsigned index) {
  base::expects(index < 256, "MacAddress: there are 256 default addresses");
  MacAddress address;
  address.bytes[5] = static_cast<std::uint8_t>(address.bytes[5] + index);
  return address;
}

std::string to_string(const MacAddress& address) { return fmt::format("{:02x}", fmt::join(address.bytes, ":")); }

}  // namespace fermata::device
