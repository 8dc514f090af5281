// SPDX-License-Identifier: MIT
#include "fermata/wire/link/dma.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "fermata/base/contract.hpp"

namespace fermata::wire::link {
namespace {

template <typename Head>
std::vector<std::byte> joined(const Head& head, std::span<const std::byte> data) {
  std::vector<std::byte> bytes(sizeof head + data.size());
  std::memcpy(bytes.data(), &head, sizeof head);
  std::ranges::copy(data, bytes.begin() + sizeof head);
  return bytes;
}

template <typename Message, typename Head>
Message parted(std::span<const std::byte> payload, Head head) {
  base::expects(payload.size() >= sizeof head, "link: a payload of dma");
  std::memcpy(&head, payload.data(), sizeof head);
  return {.head = head, .data = payload.subspan(sizeof head)};
}

}  // namespace

std::string_view to_string(DmaKind kind) {
  switch (kind) {
    case DmaKind::read: return "read";
    case DmaKind::write: return "write";
    case DmaKind::check_read: return "check_read";
    case DmaKind::check_write: return "check_write";
  }
  return "unknown";
}

std::string_view to_string(DmaStatus status) {
  switch (status) {
    case DmaStatus::done: return "done";
    case DmaStatus::not_memory: return "not_memory";
    case DmaStatus::unknown_request: return "unknown_request";
  }
  return "unknown";
}

std::vector<std::byte> DmaRequest::bytes() const { return joined(head, data); }
std::vector<std::byte> DmaReply::bytes() const { return joined(head, data); }
DmaRequest DmaRequest::from(std::span<const std::byte> payload) {
  return parted<DmaRequest>(payload, DmaRequestHead{});
}
DmaReply DmaReply::from(std::span<const std::byte> payload) { return parted<DmaReply>(payload, DmaReplyHead{}); }

std::string why_not_dma_request(std::span<const std::byte> payload) {
  if (payload.size() < sizeof(DmaRequestHead) || payload.size() > max_payload) {
    return fmt::format("a request of {} bytes; it has {} to {}", payload.size(), sizeof(DmaRequestHead), max_payload);
  }
  const auto [head, data] = DmaRequest::from(payload);
  if (to_string(head.kind) == "unknown") {
    return {};  // which is answered, so that a later version may have more of them
  }
  const bool is_move = head.kind == DmaKind::read || head.kind == DmaKind::write;
  if (head.length == 0 || (is_move && head.length > max_dma)) {
    return fmt::format("a {} of {} bytes; 1 to {} can be moved", to_string(head.kind), head.length, max_dma);
  }
  const std::size_t expected = head.kind == DmaKind::write ? head.length : 0;
  return data.size() == expected ? ""
                                 : fmt::format("a {} of {} bytes with {} bytes of data, not {}", to_string(head.kind),
                                               head.length, data.size(), expected);
}

std::string why_not_dma_reply(std::span<const std::byte> payload) {
  if (payload.size() < sizeof(DmaReplyHead) || payload.size() > max_payload) {
    return fmt::format("a reply of {} bytes; it has {} to {}", payload.size(), sizeof(DmaReplyHead), max_payload);
  }
  const auto [head, data] = DmaReply::from(payload);
  if (to_string(head.status) == "unknown" || data.size() != head.length ||
      (head.status != DmaStatus::done && head.length != 0)) {
    return fmt::format("a reply of status {} that says it has {} bytes of data, and has {}",
                       static_cast<std::uint32_t>(head.status), head.length, data.size());
  }
  return {};
}

}  // namespace fermata::wire::link
