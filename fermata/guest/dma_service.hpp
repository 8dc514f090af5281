// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fermata::guest {

/// A guest's memory, as a simulator reaches it.
class GuestMemory {
 public:
  enum class Need : std::uint8_t { reading, writing };

  virtual ~GuestMemory() = default;
  /// True if all of these bytes are memory, of which a part may be for reading only. A range that goes beyond the end
  /// of the address space is none. `size` is not 0.
  [[nodiscard]] virtual bool is_memory(std::uint64_t address, std::uint64_t size, Need need) = 0;
  /// Of what is.
  virtual void read(std::uint64_t address, std::span<std::byte> into) = 0;
  virtual void write(std::uint64_t address, std::span<const std::byte> bytes) = 0;
};

/// Does what a dma channel's input asks, now, and gives the payload of the output that answers it (docs/protocol.md,
/// "Memory"). The request is one that `wire::link::why_not_dma_request` has nothing against.
[[nodiscard]] std::vector<std::byte> serve_dma(GuestMemory& memory, std::uint64_t sequence,
                                               std::span<const std::byte> request);

}  // namespace fermata::guest
