// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "fermata/bus/device.hpp"
#include "guests/qemu/stock/io/symbols.hpp"

namespace fermata::qemu {

/// A device's way into the guest's memory, past any I/O MMU.
class StockDma final : public bus::DmaPort {
 public:
  explicit StockDma(const IoSymbols& symbols) : qemu_(symbols) {}

  [[nodiscard]] bool read(bus::Address at, std::span<std::byte> into) override;
  [[nodiscard]] bool write(bus::Address at, std::span<const std::byte> bytes) override;

 private:
  [[nodiscard]] bool is_memory(bus::Address at, std::size_t size) const;

  IoSymbols qemu_;
};

}  // namespace fermata::qemu
