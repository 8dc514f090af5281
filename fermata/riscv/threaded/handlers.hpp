// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

#include "fermata/riscv/code_block.hpp"
#include "fermata/riscv/decoding/instruction.hpp"

namespace fermata::riscv::threaded {

/// What executes each instruction, and what stands in a block beside them.
struct Handlers {
  std::array<Handler, decoding::opcode_count> of_opcode{};
  Handler nothing = nullptr;         ///< an instruction without effect
  Handler load_immediate = nullptr;  ///< rd = immediate
  Handler move = nullptr;            ///< rd = rs1
  Handler jump = nullptr;            ///< JAL without a link
  Handler jump_register = nullptr;   ///< JALR without a link; the immediate is that of JALR
  Handler go_on = nullptr;           ///< to the block behind this one, at `immediate` in the page; counts nothing
  Handler stop = nullptr;            ///< leaves the block; counts nothing

  // Two instructions in one; none of them can fault.
  Handler shift_left_and_right = nullptr;   ///< rd = rs1 << (immediate & 63) >> (immediate >> 8)
  Handler shift_left_and_add = nullptr;     ///< rd = (rs1 << immediate) + rs2
  std::array<Handler, 6> add_and_branch{};  ///< rd = rs1 + high half of immediate, then branch on rd and rs2 to
                                            ///< the low half; in the order of the opcodes

  [[nodiscard]] Handler& operator[](decoding::Opcode opcode) { return of_opcode[static_cast<std::size_t>(opcode)]; }
};

/// One function for each file of handlers.
void add_arithmetic(Handlers& handlers);
void add_multiplication(Handlers& handlers);
void add_control(Handlers& handlers);
void add_loads_and_stores(Handlers& handlers);
void add_atomics(Handlers& handlers);
void add_floating(Handlers& handlers);
void add_system(Handlers& handlers);

/// All of them.
[[nodiscard]] const Handlers& all_handlers();

}  // namespace fermata::riscv::threaded
