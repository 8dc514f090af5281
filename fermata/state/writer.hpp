// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "fermata/time/instant.hpp"

namespace fermata::state {

/// Turns the state of a component into bytes: fixed width, little-endian, in named sections. The same state gives the
/// same bytes. What was written in some order is read back in the same order by a Reader. Not thread-safe.
class Writer {
 public:
  /// Begins a section that lasts until the next one; a Reader asks for it by name. At most 255 bytes of name.
  void section(std::string_view name);

  void u8(std::uint8_t value);
  void u16(std::uint16_t value);
  void u32(std::uint32_t value);
  void u64(std::uint64_t value);
  void flag(bool value) { u8(value ? 1 : 0); }
  void instant(time::Instant at) { u64(static_cast<std::uint64_t>(at.since_origin().ns())); }
  void duration(time::Duration span) { u64(static_cast<std::uint64_t>(span.ns())); }
  /// Nothing, or an instant.
  void optional_instant(std::optional<time::Instant> at);
  /// A length and that many bytes.
  void bytes(std::span<const std::byte> bytes);
  void text(std::string_view text);

  [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace fermata::state
