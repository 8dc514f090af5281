// SPDX-License-Identifier: MIT
#include "fermata/guest/dma_service.hpp"

#include "fermata/wire/link/dma.hpp"

namespace fermata::guest {

using wire::link::DmaKind;
using wire::link::DmaReply;
using wire::link::DmaRequest;
using wire::link::DmaStatus;

std::vector<std::byte> serve_dma(GuestMemory& memory, std::uint64_t sequence, std::span<const std::byte> request) {
  const auto [head, data] = DmaRequest::from(request);
  const auto answer = [sequence](DmaStatus status) {
    return DmaReply{{.request = sequence, .status = status, .length = 0}}.bytes();
  };
  const auto is_there = [&memory, &head = head](GuestMemory::Need need) {
    return memory.is_memory(head.address, head.length, need);
  };
  switch (head.kind) {
    case DmaKind::check_read:
      return answer(is_there(GuestMemory::Need::reading) ? DmaStatus::done : DmaStatus::not_memory);
    case DmaKind::check_write:
      return answer(is_there(GuestMemory::Need::writing) ? DmaStatus::done : DmaStatus::not_memory);
    case DmaKind::write:
      if (!is_there(GuestMemory::Need::writing)) {
        return answer(DmaStatus::not_memory);
      }
      memory.write(head.address, data);
      return answer(DmaStatus::done);
    case DmaKind::read: {
      if (!is_there(GuestMemory::Need::reading)) {
        return answer(DmaStatus::not_memory);
      }
      std::vector<std::byte> bytes(head.length);
      memory.read(head.address, bytes);
      return DmaReply{{.request = sequence, .status = DmaStatus::done, .length = head.length}, bytes}.bytes();
    }
  }
  return answer(DmaStatus::unknown_request);
}

}  // namespace fermata::guest
