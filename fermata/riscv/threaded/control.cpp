// SPDX-License-Identifier: MIT
//
// Jumps and branches: the Ops that end a block. Their targets are offsets from the page's beginning.
#include <cstdint>

#include "fermata/riscv/threaded/dispatch.hpp"
#include "fermata/riscv/threaded/handlers.hpp"

namespace fermata::riscv::threaded {
namespace {

using U64 = std::uint64_t;
constexpr std::int64_t as_signed(U64 value) { return static_cast<std::int64_t>(value); }

constexpr bool equal(U64 a, U64 b) { return a == b; }
constexpr bool not_equal(U64 a, U64 b) { return a != b; }
constexpr bool less(U64 a, U64 b) { return as_signed(a) < as_signed(b); }
constexpr bool not_less(U64 a, U64 b) { return as_signed(a) >= as_signed(b); }
constexpr bool less_unsigned(U64 a, U64 b) { return a < b; }
constexpr bool not_less_unsigned(U64 a, U64 b) { return a >= b; }

U64 at_offset(const HartState& hart, std::int32_t offset) {
  return hart.page + static_cast<U64>(static_cast<std::int64_t>(offset));
}

/// To an offset for which there is no link yet: within the page the engine shall make it.
Op* follow(HartState& hart, std::int32_t offset, Block** link) {
  if (static_cast<std::uint32_t>(offset) < core::page_size && hart.block->page != nullptr) {
    hart.link = link;
    hart.pc = at_offset(hart, offset);
    return nullptr;
  }
  return jump(hart, at_offset(hart, offset));
}

Op* follow_taken(HartState& hart, Op* op) { return follow(hart, op->immediate, &links(op).taken); }

Op* follow_not_taken(HartState& hart, Op* op) {
  leave_after(hart, op);
  return follow(hart, static_cast<std::int32_t>(hart.pc - hart.page), &links(op).not_taken);
}

template <bool (*condition)(U64, U64)>
Op* branch(HartState& hart, Op* op) {
  const Links& to = links(op);
  if (condition(hart.x[op->rs1], hart.x[op->rs2])) {
    return to.taken != nullptr ? enter(hart, to.taken) : follow_taken(hart, op);
  }
  return to.not_taken != nullptr ? enter(hart, to.not_taken) : follow_not_taken(hart, op);
}

Op* follow_taken_low_half(HartState& hart, Op* op) {
  return follow(hart, static_cast<std::int16_t>(op->immediate & 0xffff), &links(op).taken);
}

template <bool (*condition)(U64, U64)>
Op* add_and_branch(HartState& hart, Op* op) {
  const Links& to = links(op);
  const U64 sum = hart.x[op->rs1] + static_cast<U64>(static_cast<std::int64_t>(op->immediate >> 16));
  hart.x[op->rd] = sum;
  if (condition(sum, hart.x[op->rs2])) {
    return to.taken != nullptr ? enter(hart, to.taken) : follow_taken_low_half(hart, op);
  }
  return to.not_taken != nullptr ? enter(hart, to.not_taken) : follow_not_taken(hart, op);
}

Op* jump_and_link(HartState& hart, Op* op) {
  hart.x[op->rd] = hart.page + number_in_registers(op);
  Block* const to = links(op).taken;
  return to != nullptr ? enter(hart, to) : follow_taken(hart, op);
}

/// Without a link register; also from the last Op of a block that was merely long enough.
Op* jump_only(HartState& hart, Op* op) {
  Block* const to = links(op).taken;
  return to != nullptr ? enter(hart, to) : follow_taken(hart, op);
}

/// The immediate: JALR's in the upper half, the link's offset in the lower one.
Op* jump_and_link_register(HartState& hart, Op* op) {
  const U64 target = hart.x[op->rs1] + static_cast<U64>(static_cast<std::int64_t>(op->immediate >> 16));
  hart.x[op->rd] = hart.page + (static_cast<std::uint32_t>(op->immediate) & 0xffff);
  return jump(hart, target & ~U64{1});
}

Op* jump_register(HartState& hart, Op* op) {
  const U64 target = hart.x[op->rs1] + static_cast<U64>(static_cast<std::int64_t>(op->immediate));
  return jump(hart, target & ~U64{1});
}

Op* stop(HartState& hart, Op* op) {
  leave_before(hart, op);
  return nullptr;
}

}  // namespace

void add_control(Handlers& handlers) {
  using enum decoding::Opcode;
  handlers[beq] = branch<equal>;
  handlers[bne] = branch<not_equal>;
  handlers[blt] = branch<less>;
  handlers[bge] = branch<not_less>;
  handlers[bltu] = branch<less_unsigned>;
  handlers[bgeu] = branch<not_less_unsigned>;
  handlers[jal] = jump_and_link;
  handlers[jalr] = jump_and_link_register;
  handlers.add_and_branch = {add_and_branch<equal>,         add_and_branch<not_equal>,
                             add_and_branch<less>,          add_and_branch<not_less>,
                             add_and_branch<less_unsigned>, add_and_branch<not_less_unsigned>};
  handlers.jump = jump_only;
  handlers.jump_register = jump_register;
  handlers.go_on = jump_only;
  handlers.stop = stop;
}

}  // namespace fermata::riscv::threaded
