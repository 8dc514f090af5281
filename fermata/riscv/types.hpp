// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace fermata::riscv {

/// Interrupt lines into a hart; the value is the bit in mip (privileged specification, "mip and mie").
enum class Interrupt : std::uint8_t {
  supervisor_software = 1,
  machine_software = 3,
  supervisor_timer = 5,
  machine_timer = 7,
  supervisor_external = 9,
  machine_external = 11,
};

enum class Privilege : std::uint8_t { user = 0, supervisor = 1, machine = 3 };

/// Why `Hart::run` came back.
enum class RunStop : std::uint8_t {
  budget,   ///< the instructions that it was given are executed
  waiting,  ///< a WFI with no interrupt pending: nothing to execute until one comes
  left,     ///< `leave` was called: from a device, or by another thread
  stuck,    ///< very many traps in a row with nothing executed in between: such a hart may never get on
};

struct RunResult {
  std::uint64_t executed = 0;  ///< instructions counted, never more than the budget
  RunStop why = RunStop::budget;
};

/// A trap or interrupt that a hart took.
struct Trap {
  std::uint64_t cause = 0;  ///< as in xcause, the interrupt bit included
  std::uint64_t pc = 0;     ///< as in xepc
  std::uint64_t value = 0;  ///< as in xtval
  Privilege from{};
  Privilege to{};
  std::uint64_t target = 0;  ///< the handler's first instruction
  bool is_counted = false;   ///< the instruction at pc counts as executed: see Hart
};

/// Looks at what a hart does; costs nothing where none is set. Called in the executing thread.
class HartObserver {
 public:
  virtual ~HartObserver() = default;
  virtual void trapped(std::uint64_t /*hart*/, const Trap& /*trap*/) {}
};

}  // namespace fermata::riscv
