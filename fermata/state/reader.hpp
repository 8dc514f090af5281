// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fermata/time/instant.hpp"

namespace fermata::state {

/// Reads back what a Writer wrote. Every call throws base::Error (unsupported) if the bytes end too early or are not
/// what was asked for; the sentence names the section. The bytes must outlive the reader. Not thread-safe.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

  /// The next thing must be the beginning of this section.
  void section(std::string_view name);

  [[nodiscard]] std::uint8_t u8();
  [[nodiscard]] std::uint16_t u16();
  [[nodiscard]] std::uint32_t u32();
  [[nodiscard]] std::uint64_t u64();
  [[nodiscard]] bool flag();
  [[nodiscard]] time::Instant instant() { return time::Instant::at(duration()); }
  [[nodiscard]] time::Duration duration() { return time::Duration::nanoseconds(static_cast<std::int64_t>(u64())); }
  [[nodiscard]] std::optional<time::Instant> optional_instant();
  /// The bytes stand in what the reader was made from.
  [[nodiscard]] std::span<const std::byte> bytes();
  [[nodiscard]] std::string text();

  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }
  /// Throws as for damaged bytes, `what` saying what is wrong: for values that cannot be.
  [[noreturn]] void fail(std::string_view what) const;

 private:
  [[nodiscard]] std::span<const std::byte> take(std::size_t count);

  std::span<const std::byte> rest_;
  std::string section_ = "beginning";
};

}  // namespace fermata::state
