// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "guests/qemu/stock/time/symbols.hpp"

namespace fermata::qemu {

/// Puts a clock of ours in the place of QEMU's virtual clock, for a machine that does not count instructions: the
/// accelerator has an empty slot for one. The slot is found by trying: QEMU's own reading must come from our function.
/// One per process, never destroyed.
class AcceleratorClock {
 public:
  /// What the virtual clock shows, in ns. Any thread, with or without QEMU's lock.
  class Reader {
   public:
    virtual ~Reader() = default;
    [[nodiscard]] virtual std::int64_t virtual_ns() const = 0;
  };

  /// At machine-init-done. Returns why it cannot be done, for people; empty if it is done. With `has_tick_counter` the
  /// guest's cycle counter (x86: TSC) shows the same, at 1 GHz as with instruction counting; that is not proof of
  /// anything where no guest has one.
  [[nodiscard]] static std::string install(const TimeSymbols& symbols, const Reader& reader, bool has_tick_counter);
};

}  // namespace fermata::qemu
