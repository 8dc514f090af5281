// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string>

#include "guests/qemu/stock/symbols.hpp"
#include "guests/qemu/stock/time/symbols.hpp"

namespace fermata::qemu {

/// Tells of what QEMU asks its accelerator on the way to something that nobody else is told of: whether the vCPUs can
/// be reset, before it promises a reset, and to take over a vCPU's state, when a snapshot's has been loaded. Functions
/// of ours stand before the accelerator's own; their slots are found by trying. One per process, never destroyed.
class AcceleratorEvents {
 public:
  struct Listeners {
    std::function<void()> reset_asked;   ///< any thread, with or without QEMU's lock
    std::function<void()> state_loaded;  ///< lock held; once for each vCPU, also for one that is plugged in
  };

  /// At machine-init-done, lock held. Returns why it cannot be done, for people; empty if it is done.
  [[nodiscard]] static std::string install(const Symbols& symbols, const TimeSymbols& time, Listeners listeners);
};

}  // namespace fermata::qemu
