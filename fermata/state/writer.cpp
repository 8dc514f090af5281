// SPDX-License-Identifier: MIT
#include "fermata/state/writer.hpp"

#include "fermata/base/contract.hpp"

namespace fermata::state {

void Writer::section(std::string_view name) {
  base::expects(!name.empty() && name.size() <= 255, "Writer: a section's name has 1 to 255 bytes");
  u8(static_cast<std::uint8_t>(name.size()));
  for (const char c : name) {
    u8(static_cast<std::uint8_t>(c));
  }
}

void Writer::u8(std::uint8_t value) { bytes_.push_back(static_cast<std::byte>(value)); }

void Writer::u16(std::uint16_t value) {
  u8(static_cast<std::uint8_t>(value));
  u8(static_cast<std::uint8_t>(value >> 8));
}

void Writer::u32(std::uint32_t value) {
  u16(static_cast<std::uint16_t>(value));
  u16(static_cast<std::uint16_t>(value >> 16));
}

void Writer::u64(std::uint64_t value) {
  u32(static_cast<std::uint32_t>(value));
  u32(static_cast<std::uint32_t>(value >> 32));
}

void Writer::optional_instant(std::optional<time::Instant> at) {
  flag(at.has_value());
  instant(at.value_or(time::Instant::origin()));
}

void Writer::bytes(std::span<const std::byte> bytes) {
  u64(bytes.size());
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void Writer::text(std::string_view text) { bytes(std::as_bytes(std::span(text))); }

}  // namespace fermata::state
