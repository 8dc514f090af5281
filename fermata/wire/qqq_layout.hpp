// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace fermata::wire {

/// Both messages of the qqq protocol ("-qqq sock=N"; docs: sync-protocol, "Exchange"): a count of microseconds as an
/// unsigned 32-bit number in network byte order. From the simulator it is how far the machine may advance, from the
/// emulator how far it did.
using QqqMessage = std::array<std::byte, 4>;
static_assert(sizeof(QqqMessage) == 4);

/// The longest span that one message can carry: 2^32-1 us, 71.6 min.
inline constexpr std::int64_t qqq_max_us = std::numeric_limits<std::uint32_t>::max();

[[nodiscard]] constexpr QqqMessage encode_qqq(std::uint32_t span_us) {
  return {static_cast<std::byte>(span_us >> 24), static_cast<std::byte>(span_us >> 16),
          static_cast<std::byte>(span_us >> 8), static_cast<std::byte>(span_us)};
}

[[nodiscard]] constexpr std::uint32_t decode_qqq(const QqqMessage& message) {
  return std::to_integer<std::uint32_t>(message[0]) << 24 | std::to_integer<std::uint32_t>(message[1]) << 16 |
         std::to_integer<std::uint32_t>(message[2]) << 8 | std::to_integer<std::uint32_t>(message[3]);
}

/// Puts a byte stream that arrives in any pieces back together into messages.
class QqqReassembler {
 public:
  /// Calls `take(span_us)` for each message that `bytes` complete, in order.
  template <typename Take>
  void feed(std::span<const std::byte> bytes, Take take) {
    for (const std::byte byte : bytes) {
      partial_[count_++] = byte;
      if (count_ == partial_.size()) {
        count_ = 0;
        take(decode_qqq(partial_));
      }
    }
  }
  /// How many bytes of an unfinished message are held, 0 to 3.
  [[nodiscard]] std::size_t unfinished_bytes() const { return count_; }

 private:
  QqqMessage partial_{};
  std::size_t count_ = 0;
};

}  // namespace fermata::wire
