// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>

#include "fermata/bus/window.hpp"
#include "guests/qemu/stock/io/ports.hpp"
#include "guests/qemu/stock/io/symbols.hpp"

namespace fermata::qemu {

/// A range of guest-physical addresses, or of I/O ports, that this process answers for, in front of whatever the
/// machine has there. Accesses against `rules` are the guest's bus errors. At machine-init-done; never destroyed while
/// QEMU lives.
class StockWindow final : public RegisterWindow {
 public:
  enum class Space : std::uint8_t { memory, ports };

  StockWindow(const IoSymbols& symbols, const std::string& name, Space space, std::uint64_t base, std::uint64_t size,
              const bus::AccessRules& rules = {});
  StockWindow(const StockWindow&) = delete;
  StockWindow& operator=(const StockWindow&) = delete;
  ~StockWindow() override = default;

  void set_handlers(Handlers handlers) override { handlers_ = std::move(handlers); }

 private:
  // A MemoryRegion lives here; QEMU's is less than 512 bytes, only its own functions look inside.
  struct alignas(64) Region {
    std::byte bytes[2048];  // NOLINT(cppcoreguidelines-avoid-c-arrays): plain storage
  };
  void set_operations(const bus::AccessRules& rules);

  std::string name_;
  Region region_{};
  alignas(8) std::array<std::byte, 128> operations_{};  // MemoryRegionOps
  Handlers handlers_;
};

}  // namespace fermata::qemu
