// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guests/qemu/stock/io/ports.hpp"
#include "guests/qemu/stock/io/symbols.hpp"

namespace fermata::qemu {

/// An input of one of the machine's interrupt controllers. At machine-init-done or later.
class StockIrq final : public IrqInput {
 public:
  /// `controller` is a device type of QEMU's, e.g. "riscv.sifive.plic"; empty for the first of those that the usual
  /// machines have: sifive PLIC, RISC-V APLIC, GICv2 and v3, I/O APIC. Throws base::Error (not_found) if the machine
  /// has none or several of them, or no input of that number.
  StockIrq(const IoSymbols& symbols, const std::string& controller, unsigned number);

  void set(bool level) override { qemu_.qemu_set_irq(irq_, level ? 1 : 0); }

 private:
  IoSymbols qemu_;
  void* irq_ = nullptr;
};

}  // namespace fermata::qemu
