// SPDX-License-Identifier: MIT
//
// The integer instructions of RV64I that neither jump nor touch memory.
#include <cstdint>

#include "fermata/riscv/threaded/dispatch.hpp"
#include "fermata/riscv/threaded/handlers.hpp"

namespace fermata::riscv::threaded {
namespace {

using U64 = std::uint64_t;

constexpr std::int64_t as_signed(U64 value) { return static_cast<std::int64_t>(value); }
constexpr U64 immediate(const Op* op) { return static_cast<U64>(static_cast<std::int64_t>(op->immediate)); }
/// The lower 32 bits, sign-extended.
constexpr U64 word(U64 value) { return static_cast<U64>(static_cast<std::int64_t>(static_cast<std::int32_t>(value))); }
constexpr std::uint32_t low(U64 value) { return static_cast<std::uint32_t>(value); }

constexpr U64 plus(U64 a, U64 b) { return a + b; }
constexpr U64 minus(U64 a, U64 b) { return a - b; }
constexpr U64 bit_and(U64 a, U64 b) { return a & b; }
constexpr U64 bit_or(U64 a, U64 b) { return a | b; }
constexpr U64 bit_xor(U64 a, U64 b) { return a ^ b; }
constexpr U64 less(U64 a, U64 b) { return as_signed(a) < as_signed(b) ? 1 : 0; }
constexpr U64 less_unsigned(U64 a, U64 b) { return a < b ? 1 : 0; }
constexpr U64 shift_left(U64 a, U64 b) { return a << (b & 63); }
constexpr U64 shift_right(U64 a, U64 b) { return a >> (b & 63); }
constexpr U64 shift_right_signed(U64 a, U64 b) { return static_cast<U64>(as_signed(a) >> (b & 63)); }
constexpr U64 add_word(U64 a, U64 b) { return word(a + b); }
constexpr U64 sub_word(U64 a, U64 b) { return word(a - b); }
constexpr U64 shift_left_word(U64 a, U64 b) { return word(low(a) << (b & 31)); }
constexpr U64 shift_right_word(U64 a, U64 b) { return word(low(a) >> (b & 31)); }
constexpr U64 shift_right_signed_word(U64 a, U64 b) { return word(static_cast<U64>(as_signed(word(a)) >> (b & 31))); }

using Function = U64 (*)(U64, U64);

template <Function function>
Op* with_register(HartState& hart, Op* op) {
  hart.x[op->rd] = function(hart.x[op->rs1], hart.x[op->rs2]);
  return next(hart, op);
}
template <Function function>
Op* with_immediate(HartState& hart, Op* op) {
  hart.x[op->rd] = function(hart.x[op->rs1], immediate(op));
  return next(hart, op);
}

Op* nothing(HartState& hart, Op* op) { return next(hart, op); }
Op* load_immediate(HartState& hart, Op* op) {
  hart.x[op->rd] = immediate(op);
  return next(hart, op);
}
Op* move(HartState& hart, Op* op) {
  hart.x[op->rd] = hart.x[op->rs1];
  return next(hart, op);
}
Op* shift_left_and_right(HartState& hart, Op* op) {
  hart.x[op->rd] = hart.x[op->rs1] << (op->immediate & 63) >> (op->immediate >> 8);
  return next(hart, op);
}
Op* shift_left_and_add(HartState& hart, Op* op) {
  hart.x[op->rd] = (hart.x[op->rs1] << op->immediate) + hart.x[op->rs2];
  return next(hart, op);
}
Op* add_upper_immediate_to_pc(HartState& hart, Op* op) {
  hart.x[op->rd] = hart.page + number_in_registers(op) + immediate(op);
  return next(hart, op);
}

}  // namespace

void add_arithmetic(Handlers& handlers) {
  using enum decoding::Opcode;
  handlers.nothing = nothing;
  handlers.load_immediate = load_immediate;
  handlers.move = move;
  handlers.shift_left_and_right = shift_left_and_right;
  handlers.shift_left_and_add = shift_left_and_add;
  handlers[lui] = load_immediate;
  handlers[auipc] = add_upper_immediate_to_pc;
  handlers[addi] = with_immediate<plus>;
  handlers[slti] = with_immediate<less>;
  handlers[sltiu] = with_immediate<less_unsigned>;
  handlers[xori] = with_immediate<bit_xor>;
  handlers[ori] = with_immediate<bit_or>;
  handlers[andi] = with_immediate<bit_and>;
  handlers[slli] = with_immediate<shift_left>;
  handlers[srli] = with_immediate<shift_right>;
  handlers[srai] = with_immediate<shift_right_signed>;
  handlers[addiw] = with_immediate<add_word>;
  handlers[slliw] = with_immediate<shift_left_word>;
  handlers[srliw] = with_immediate<shift_right_word>;
  handlers[sraiw] = with_immediate<shift_right_signed_word>;
  handlers[add] = with_register<plus>;
  handlers[sub] = with_register<minus>;
  handlers[sll] = with_register<shift_left>;
  handlers[slt] = with_register<less>;
  handlers[sltu] = with_register<less_unsigned>;
  handlers[xor_] = with_register<bit_xor>;
  handlers[srl] = with_register<shift_right>;
  handlers[sra] = with_register<shift_right_signed>;
  handlers[or_] = with_register<bit_or>;
  handlers[and_] = with_register<bit_and>;
  handlers[addw] = with_register<add_word>;
  handlers[subw] = with_register<sub_word>;
  handlers[sllw] = with_register<shift_left_word>;
  handlers[srlw] = with_register<shift_right_word>;
  handlers[sraw] = with_register<shift_right_signed_word>;
}

}  // namespace fermata::riscv::threaded
