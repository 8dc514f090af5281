// SPDX-License-Identifier: MIT
#pragma once

#include "fermata/bus/address_space.hpp"
#include "fermata/bus/device.hpp"

namespace fermata::bus {

/// A DmaPort that reaches all RAM of an address space, which must outlive it. A device's windows are not within its
/// reach. One thread.
class MemoryDma final : public DmaPort {
 public:
  explicit MemoryDma(AddressSpace& memory) : memory_(&memory) {}

  [[nodiscard]] bool read(Address at, std::span<std::byte> into) override { return memory_->copy_from(at, into); }
  [[nodiscard]] bool write(Address at, std::span<const std::byte> bytes) override {
    return memory_->copy_to(at, bytes);
  }

 private:
  AddressSpace* memory_;
};

}  // namespace fermata::bus
