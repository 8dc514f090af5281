// SPDX-License-Identifier: MIT
#include "fermata/riscv/threaded/dispatch.hpp"

#include <cstring>

#include "fermata/riscv/core/csr_bits.hpp"
#include "fermata/riscv/core/trap.hpp"
#include "fermata/riscv/decoding/instruction.hpp"

namespace fermata::riscv::threaded {
namespace {

struct Position {
  unsigned count = 0;  ///< instructions from the block's beginning
  unsigned bytes = 0;
};

Position position_of(Block& block, const Op* op) {
  Position position;
  for (const Op* earlier = block.ops(); earlier != op; ++earlier) {
    position.count += earlier->count();
    position.bytes += earlier->bytes();
  }
  return position;
}

void leave_at(HartState& hart, Position position) {
  Block& block = *hart.block;
  hart.left += block.count - position.count;
  hart.pc = hart.page + (block.physical & ~core::page_mask) + position.bytes;
}

std::uint32_t instruction_bits(const HartState& hart, Op* op) {
  const Block& block = *hart.block;
  if (block.page == nullptr) {
    return hart.single_bits;
  }
  const std::uint64_t offset = (block.physical & ~core::page_mask) + position_of(*hart.block, op).bytes;
  std::uint16_t low = 0;
  std::memcpy(&low, block.page->host + offset, sizeof low);
  if (decoding::length_of(low) == 2) {
    return low;
  }
  std::uint32_t bits = 0;
  std::memcpy(&bits, block.page->host + offset, sizeof bits);
  return bits;
}

}  // namespace

void leave_before(HartState& hart, Op* op) { leave_at(hart, position_of(*hart.block, op)); }

void leave_after(HartState& hart, Op* op) {
  Position position = position_of(*hart.block, op);
  position.count += op->count();
  position.bytes += op->bytes();
  leave_at(hart, position);
}

Op* resume_after(HartState& hart, Op* op) {
  if (hart.needs_attention()) {
    leave_after(hart, op);
    return nullptr;
  }
  return op + 1;
}

void note_count(HartState& hart, Op* op) {
  const std::uint64_t not_executed = hart.left + hart.block->count - position_of(*hart.block, op).count;
  hart.before = hart.budget - not_executed;
}

void synchronise_time(HartState& hart, Op* op) {
  note_count(hart, op);
  hart.time->set_executed(hart.start + hart.before + 1);
}

Op* raise(HartState& hart, Op* op, std::uint64_t cause, std::uint64_t value) {
  leave_before(hart, op);
  core::take_exception(hart, cause, value);
  return nullptr;
}

Op* raise_counted(HartState& hart, Op* op, std::uint64_t cause, std::uint64_t value) {
  leave_before(hart, op);
  --hart.left;
  hart.instret.leave_out_one();
  hart.cycle.leave_out_one();
  core::take_exception(hart, cause, value, true);
  return nullptr;
}

Op* raise_illegal(HartState& hart, Op* op) {
  return raise(hart, op, core::cause::illegal_instruction, instruction_bits(hart, op));
}

Op* raise_illegal_counted(HartState& hart, Op* op) {
  return raise_counted(hart, op, core::cause::illegal_instruction, instruction_bits(hart, op));
}

}  // namespace fermata::riscv::threaded
