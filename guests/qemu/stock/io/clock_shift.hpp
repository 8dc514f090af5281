// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "fermata/time/duration.hpp"
#include "guests/qemu/stock/symbols.hpp"

namespace fermata::qemu {

/// Moves the virtual clock on while no instruction is executed, as QEMU itself does when all vCPUs wait: for a vCPU
/// that stands within one. QEMU has no function for it; the word that it adds to the count of instructions is found in
/// its exported `timers_state` and proved.
class ClockShift {
 public:
  /// At machine-init-done, before the machine's start. Throws base::Error (unsupported) if the word is not found.
  explicit ClockShift(const Symbols& symbols, const SymbolLookup& lookup);

  /// vCPU thread, lock held, from within an instruction that does I/O; `span` is not negative. Runs no timer.
  void advance(time::Duration span);
  /// Runs the timers that are due.
  void run_timers();

 private:
  [[nodiscard]] bool moves_clock(std::int64_t* word) const;

  Symbols qemu_;
  void (*run_timers_)(int clock) = nullptr;
  std::int64_t* bias_ = nullptr;
};

}  // namespace fermata::qemu
