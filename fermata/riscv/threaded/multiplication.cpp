// SPDX-License-Identifier: MIT
//
// The M extension. Division by zero and overflow have results, not traps (unprivileged specification, "Division
// Operations").
#include <cstdint>

#include "fermata/riscv/threaded/dispatch.hpp"
#include "fermata/riscv/threaded/handlers.hpp"

namespace fermata::riscv::threaded {
namespace {

using U64 = std::uint64_t;
using S64 = std::int64_t;
__extension__ using S128 = __int128;
__extension__ using U128 = unsigned __int128;

constexpr S64 as_signed(U64 value) { return static_cast<S64>(value); }
constexpr U64 word(U64 value) { return static_cast<U64>(static_cast<S64>(static_cast<std::int32_t>(value))); }
constexpr std::uint32_t low(U64 value) { return static_cast<std::uint32_t>(value); }

constexpr U64 multiply(U64 a, U64 b) { return a * b; }
constexpr U64 multiply_word(U64 a, U64 b) { return word(a * b); }
constexpr U64 multiply_high(U64 a, U64 b) {
  return static_cast<U64>(static_cast<S128>(as_signed(a)) * as_signed(b) >> 64);
}
constexpr U64 multiply_high_unsigned(U64 a, U64 b) { return static_cast<U64>(static_cast<U128>(a) * b >> 64); }
constexpr U64 multiply_high_mixed(U64 a, U64 b) {
  return static_cast<U64>(static_cast<S128>(as_signed(a)) * static_cast<S128>(b) >> 64);
}

/// b of -1 apart: the one quotient that overflows.
constexpr U64 divide(U64 a, U64 b) {
  return b == 0 ? ~U64{0} : b == ~U64{0} ? 0 - a : static_cast<U64>(as_signed(a) / as_signed(b));
}
constexpr U64 remainder(U64 a, U64 b) {
  return b == 0 ? a : b == ~U64{0} ? 0 : static_cast<U64>(as_signed(a) % as_signed(b));
}
constexpr U64 divide_unsigned(U64 a, U64 b) { return b == 0 ? ~U64{0} : a / b; }
constexpr U64 remainder_unsigned(U64 a, U64 b) { return b == 0 ? a : a % b; }
constexpr U64 divide_word(U64 a, U64 b) { return word(divide(word(a), word(b))); }
constexpr U64 remainder_word(U64 a, U64 b) { return word(remainder(word(a), word(b))); }
constexpr U64 divide_unsigned_word(U64 a, U64 b) { return low(b) == 0 ? ~U64{0} : word(low(a) / low(b)); }
constexpr U64 remainder_unsigned_word(U64 a, U64 b) { return low(b) == 0 ? word(a) : word(low(a) % low(b)); }

template <U64 (*function)(U64, U64)>
Op* compute(HartState& hart, Op* op) {
  hart.x[op->rd] = function(hart.x[op->rs1], hart.x[op->rs2]);
  return next(hart, op);
}

}  // namespace

void add_multiplication(Handlers& handlers) {
  using enum decoding::Opcode;
  handlers[mul] = compute<multiply>;
  handlers[mulh] = compute<multiply_high>;
  handlers[mulhsu] = compute<multiply_high_mixed>;
  handlers[mulhu] = compute<multiply_high_unsigned>;
  handlers[div] = compute<divide>;
  handlers[divu] = compute<divide_unsigned>;
  handlers[rem] = compute<threaded::remainder>;
  handlers[remu] = compute<remainder_unsigned>;
  handlers[mulw] = compute<multiply_word>;
  handlers[divw] = compute<divide_word>;
  handlers[divuw] = compute<divide_unsigned_word>;
  handlers[remw] = compute<remainder_word>;
  handlers[remuw] = compute<remainder_unsigned_word>;
}

}  // namespace fermata::riscv::threaded
