// SPDX-License-Identifier: MIT
//
// How one Op leads to the next. Handlers call each other in tail position, so that an optimising compiler makes jumps
// of them and a whole loop of the guest runs without coming back. Where that cannot be relied on (sanitizers, no
// optimisation) a handler returns the next Op to the engine's loop; a handler may always do so, and those that are
// seldom needed do.
//
// A block's instructions are taken off `left` as a whole when it is entered; whoever leaves it earlier puts back what
// was not executed, which it finds by counting the Ops before it.
#pragma once

#include <cstdint>

#include "fermata/riscv/code_block.hpp"
#include "fermata/riscv/core/hart_state.hpp"
#include "fermata/riscv/core/memory_view.hpp"

namespace fermata::riscv::threaded {

using core::HartState;

#if defined(__OPTIMIZE__) && FERMATA_HAS_TAIL_CALLS
inline constexpr bool has_tail_calls = true;
#else
inline constexpr bool has_tail_calls = false;
#endif

inline Op* run(HartState& hart, Op* op) {
  if constexpr (has_tail_calls) {
    return op->run(hart, op);
  }
  return op;
}
inline Op* next(HartState& hart, Op* op) { return run(hart, op + 1); }

/// Into a block at `hart.page`, if the budget allows all of it and nothing else is to be done first.
inline Op* enter(HartState& hart, Block* block) {
  if (block->count > hart.left || hart.needs_attention()) [[unlikely]] {
    hart.pc = hart.page + (block->physical & ~core::page_mask);
    return nullptr;
  }
  hart.left -= block->count;
  hart.block = block;
  return run(hart, block->ops());
}

/// To an address anywhere.
inline Op* jump(HartState& hart, std::uint64_t target) {
  const core::JumpEntry& entry = hart.fetch->jumps[core::MemoryView::jump_index(target)];
  if (entry.pc == target) [[likely]] {
    hart.page = target & core::page_mask;
    return enter(hart, entry.block);
  }
  hart.pc = target;
  return nullptr;
}

/// Behind an Op that ends a block.
inline Links& links(Op* op) { return *reinterpret_cast<Links*>(op + 1); }

/// A small number that does not fit elsewhere, in the two register fields.
inline unsigned number_in_registers(const Op* op) { return op->rs1 | static_cast<unsigned>(op->rs2) << 8U; }

/// Leaves the block as if `op` was the next to be executed, or had just been executed.
void leave_before(HartState& hart, Op* op);
void leave_after(HartState& hart, Op* op);

/// What a handler returns that does not go on by itself because it seldom comes so far: goes on, or leaves if that has
/// been asked for.
Op* resume_after(HartState& hart, Op* op);

/// Sets `hart.before` to the instructions before that of `op`.
void note_count(HartState& hart, Op* op);
/// That, and the machine's time with the instruction of `op` included: only for one that will be counted.
void synchronise_time(HartState& hart, Op* op);

/// Takes an exception. Always null. `raise` is for what QEMU does not count: faults of memory and CSRs; `raise_counted`
/// for ECALL, EBREAK and what cannot be decoded.
Op* raise(HartState& hart, Op* op, std::uint64_t cause, std::uint64_t value);
Op* raise_counted(HartState& hart, Op* op, std::uint64_t cause, std::uint64_t value);
/// The same as an illegal instruction.
Op* raise_illegal(HartState& hart, Op* op);
Op* raise_illegal_counted(HartState& hart, Op* op);

}  // namespace fermata::riscv::threaded
