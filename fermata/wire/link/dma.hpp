// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fermata/wire/link/layout.hpp"

namespace fermata::wire::link {

/// What a simulator asks of a guest's memory on a dma channel (docs/protocol.md, "Memory"). Others are possible on the
/// wire, and are answered as unknown.
enum class DmaKind : std::uint32_t {
  read = 1,
  write = 2,
  check_read = 3,   ///< would a read of so many bytes be possible?
  check_write = 4,  ///< and a write?
};
[[nodiscard]] std::string_view to_string(DmaKind kind);

/// How a guest answers. Nothing was moved unless it is `done`.
enum class DmaStatus : std::uint32_t {
  done = 0,
  not_memory = 1,       ///< not all of it is memory of the kind that is needed
  unknown_request = 2,  ///< the guest knows no requests of that kind
};
[[nodiscard]] std::string_view to_string(DmaStatus status);

/// A request's payload begins with it; the data of a write follows.
struct DmaRequestHead {
  DmaKind kind = DmaKind::read;
  std::uint32_t length = 0;   ///< bytes of memory
  std::uint64_t address = 0;  ///< guest-physical
};
static_assert(sizeof(DmaRequestHead) == 16);

/// A reply's payload begins with it; the data of a read follows.
struct DmaReplyHead {
  std::uint64_t request = 0;  ///< sequence of the request
  DmaStatus status = DmaStatus::done;
  std::uint32_t length = 0;  ///< bytes that follow
};
static_assert(sizeof(DmaReplyHead) == 16);

/// Bytes that one request can move.
inline constexpr std::size_t max_dma = max_payload - sizeof(DmaRequestHead);

/// A request. The data is borrowed.
struct DmaRequest {
  DmaRequestHead head;
  std::span<const std::byte> data{};

  [[nodiscard]] std::vector<std::byte> bytes() const;
  /// Of a payload that `why_not_dma_request` has nothing against.
  [[nodiscard]] static DmaRequest from(std::span<const std::byte> payload);
};

/// A reply. The data is borrowed.
struct DmaReply {
  DmaReplyHead head;
  std::span<const std::byte> data{};

  [[nodiscard]] std::vector<std::byte> bytes() const;
  /// Of a payload that `why_not_dma_reply` has nothing against.
  [[nodiscard]] static DmaReply from(std::span<const std::byte> payload);
};

/// Refuses a payload that is none: the reason, empty if it is fine.
[[nodiscard]] std::string why_not_dma_request(std::span<const std::byte> payload);
[[nodiscard]] std::string why_not_dma_reply(std::span<const std::byte> payload);

}  // namespace fermata::wire::link
