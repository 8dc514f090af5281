// SPDX-License-Identifier: MIT
#pragma once

#include "fermata/riscv/core/hart_state.hpp"
#include "fermata/riscv/types.hpp"

namespace fermata::riscv {

/// What executes instructions: the part of a hart of which there can be more than one kind. It keeps nothing that a
/// guest could notice: all of that is in the HartState.
class ExecutionEngine {
 public:
  virtual ~ExecutionEngine() = default;
  /// Executes until `budget` is used up (`left` is 0) or something else stops it, with `pc` the next instruction. Takes
  /// traps and interrupts, and sets the machine's time before anything can look at it. `budget`, `left` and `start` are
  /// the caller's to set.
  [[nodiscard]] virtual RunStop run() = 0;
  /// Forgets what it derived from memory and from the state, which have changed under it.
  virtual void forget() = 0;
};

}  // namespace fermata::riscv
