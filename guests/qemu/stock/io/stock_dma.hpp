// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "fermata/bus/device.hpp"
#include "guests/qemu/stock/io/ports.hpp"
#include "guests/qemu/stock/io/symbols.hpp"

namespace fermata::qemu {

/// The way into the guest's memory, past any I/O MMU, for a device and for who is outside. QEMU's lock is held.
class StockDma final : public bus::DmaPort, public MemoryPort {
 public:
  explicit StockDma(const IoSymbols& symbols) : qemu_(symbols) {}

  // bus::DmaPort
  [[nodiscard]] bool read(bus::Address at, std::span<std::byte> into) override;
  [[nodiscard]] bool write(bus::Address at, std::span<const std::byte> bytes) override;

  // MemoryPort
  [[nodiscard]] bool is_memory(std::uint64_t at, std::uint64_t size, Need need) override;
  void copy_from(std::uint64_t at, std::span<std::byte> into) override;
  void copy_to(std::uint64_t at, std::span<const std::byte> bytes) override;

 private:
  [[nodiscard]] void* ram_region(std::uint64_t at, std::uint64_t& size) const;
  [[nodiscard]] bool is_rom(std::uint64_t at);
  [[nodiscard]] bool are_sections_understood();

  IoSymbols qemu_;
  bool are_sections_understood_ = false;
};

}  // namespace fermata::qemu
