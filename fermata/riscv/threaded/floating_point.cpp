// SPDX-License-Identifier: MIT
//
// The F and D extensions. With mstatus.FS off they are illegal instructions, which QEMU finds when it decodes them;
// with a rounding mode that is none, when it executes them. That is why one is counted and the other is not.
#include <cstdint>

#include "fermata/riscv/floating/arithmetic.hpp"
#include "fermata/riscv/floating/compare.hpp"
#include "fermata/riscv/floating/convert.hpp"
#include "fermata/riscv/threaded/dispatch.hpp"
#include "fermata/riscv/threaded/handlers.hpp"
#include "fermata/riscv/threaded/memory_access.hpp"

namespace fermata::riscv::threaded {
namespace {

using floating::F32;
using floating::F64;
using floating::Flags;
using floating::Rounding;
using U64 = std::uint64_t;

template <class F>
F read(const HartState& hart, unsigned index) {
  if constexpr (std::is_same_v<F, F32>) {
    return floating::unbox(hart.f[index]);
  } else {
    return {hart.f[index]};
  }
}
void write(HartState& hart, unsigned index, F32 value) { hart.write_f(index, floating::box(value)); }
void write(HartState& hart, unsigned index, F64 value) { hart.write_f(index, value.bits); }

unsigned third_register(const Op* op) { return static_cast<unsigned>(op->immediate) >> 8; }

constexpr unsigned no_rounding = 5;  ///< and beyond, but for 7 in an instruction: the one in frm

unsigned rounding_of(const HartState& hart, const Op* op) {
  const unsigned in_instruction = static_cast<unsigned>(op->immediate) & 7;
  return in_instruction == 7 ? hart.frm : in_instruction;
}

/// Flags accrue in fflags, which makes the state dirty.
struct Accrued {
  explicit Accrued(HartState& state) : hart(state), flags(state.fflags) {}
  void store() {
    if (flags != hart.fflags) {
      hart.fflags = flags;
      hart.fs = 3;
    }
  }
  HartState& hart;
  Flags flags;
};

/// What an instruction computes, from its operands and into its destination.
using Operation = void (*)(HartState&, const Op*, Rounding, Flags&);

template <Operation operation>
[[gnu::noinline]] void carry_out(HartState& hart, const Op* op, Rounding rounding) {
  Accrued accrued(hart);
  operation(hart, op, rounding, accrued.flags);
  accrued.store();
}

/// With a rounding mode.
template <Operation operation>
Op* rounded(HartState& hart, Op* op) {
  if (hart.fs == 0) [[unlikely]] {
    return raise_illegal_counted(hart, op);
  }
  const unsigned rounding = rounding_of(hart, op);
  if (rounding >= no_rounding) [[unlikely]] {
    return raise_illegal(hart, op);
  }
  carry_out<operation>(hart, op, static_cast<Rounding>(rounding));
  return next(hart, op);
}

/// Without one.
template <Operation operation>
Op* exact(HartState& hart, Op* op) {
  if (hart.fs == 0) [[unlikely]] {
    return raise_illegal_counted(hart, op);
  }
  carry_out<operation>(hart, op, Rounding::nearest_even);
  return next(hart, op);
}

template <class F, F (*function)(F, F, Rounding, Flags&)>
void binary(HartState& hart, const Op* op, Rounding rounding, Flags& flags) {
  write(hart, op->rd, function(read<F>(hart, op->rs1), read<F>(hart, op->rs2), rounding, flags));
}
template <class F>
void square_root(HartState& hart, const Op* op, Rounding rounding, Flags& flags) {
  write(hart, op->rd, floating::square_root(read<F>(hart, op->rs1), rounding, flags));
}
template <class F, bool negates_product, bool negates_addend>
void fused(HartState& hart, const Op* op, Rounding rounding, Flags& flags) {
  const F a = read<F>(hart, op->rs1);
  const F c = read<F>(hart, third_register(op));
  write(hart, op->rd,
        floating::multiply_add(negates_product ? floating::negate(a) : a, read<F>(hart, op->rs2),
                               negates_addend ? floating::negate(c) : c, rounding, flags));
}
template <class F, F (*function)(F, F, Flags&)>
void select(HartState& hart, const Op* op, Rounding /*rounding*/, Flags& flags) {
  write(hart, op->rd, function(read<F>(hart, op->rs1), read<F>(hart, op->rs2), flags));
}
template <class F, F (*function)(F, F)>
void inject_sign(HartState& hart, const Op* op, Rounding /*rounding*/, Flags& /*flags*/) {
  write(hart, op->rd, function(read<F>(hart, op->rs1), read<F>(hart, op->rs2)));
}
template <class F, bool (*function)(F, F, Flags&)>
void compare(HartState& hart, const Op* op, Rounding /*rounding*/, Flags& flags) {
  hart.x[op->rd] = function(read<F>(hart, op->rs1), read<F>(hart, op->rs2), flags) ? 1 : 0;
}
template <class F>
void classify(HartState& hart, const Op* op, Rounding /*rounding*/, Flags& /*flags*/) {
  hart.x[op->rd] = floating::classify(read<F>(hart, op->rs1));
}

/// RV64 sign-extends 32-bit results, unsigned ones too.
constexpr U64 extend(std::int32_t value) { return static_cast<U64>(std::int64_t{value}); }
constexpr U64 extend(std::uint32_t value) { return extend(static_cast<std::int32_t>(value)); }
constexpr U64 extend(std::int64_t value) { return static_cast<U64>(value); }
constexpr U64 extend(U64 value) { return value; }

template <class F, class Integer, Integer (*function)(F, Rounding, Flags&)>
void to_integer(HartState& hart, const Op* op, Rounding rounding, Flags& flags) {
  hart.x[op->rd] = extend(function(read<F>(hart, op->rs1), rounding, flags));
}
template <class F, F (*function)(std::int64_t, Rounding, Flags&), class Integer>
void from_signed(HartState& hart, const Op* op, Rounding rounding, Flags& flags) {
  write(hart, op->rd, function(static_cast<Integer>(hart.x[op->rs1]), rounding, flags));
}
template <class F, F (*function)(U64, Rounding, Flags&), class Integer>
void from_unsigned(HartState& hart, const Op* op, Rounding rounding, Flags& flags) {
  write(hart, op->rd, function(static_cast<Integer>(hart.x[op->rs1]), rounding, flags));
}
void single_from_double(HartState& hart, const Op* op, Rounding rounding, Flags& flags) {
  write(hart, op->rd, floating::to_f32(read<F64>(hart, op->rs1), rounding, flags));
}
void double_from_single(HartState& hart, const Op* op, Rounding /*rounding*/, Flags& flags) {
  write(hart, op->rd, floating::to_f64(read<F32>(hart, op->rs1), flags));
}

void move_to_x_w(HartState& hart, const Op* op, Rounding /*rounding*/, Flags& /*flags*/) {
  hart.x[op->rd] = extend(static_cast<std::uint32_t>(hart.f[op->rs1]));
}
void move_to_x_d(HartState& hart, const Op* op, Rounding /*rounding*/, Flags& /*flags*/) {
  hart.x[op->rd] = hart.f[op->rs1];
}
void move_from_x_w(HartState& hart, const Op* op, Rounding /*rounding*/, Flags& /*flags*/) {
  write(hart, op->rd, F32{static_cast<std::uint32_t>(hart.x[op->rs1])});
}
void move_from_x_d(HartState& hart, const Op* op, Rounding /*rounding*/, Flags& /*flags*/) {
  write(hart, op->rd, F64{hart.x[op->rs1]});
}

U64 address_of(const HartState& hart, const Op* op) {
  return hart.x[op->rs1] + static_cast<U64>(static_cast<std::int64_t>(op->immediate));
}
F32 as_float(std::uint32_t bits) { return {bits}; }
F64 as_float(U64 bits) { return {bits}; }

template <class T>
void finish_load(HartState& hart, std::uint8_t rd, U64 value) {
  write(hart, rd, as_float(static_cast<T>(value)));
}

template <class T>
[[gnu::noinline]] Op* load_slow(HartState& hart, Op* op) {
  const Loaded loaded = load_slowly(hart, op, address_of(hart, op), sizeof(T));
  if (!loaded.done) {
    return leave_load(hart, op, finish_load<T>);
  }
  finish_load<T>(hart, op->rd, loaded.value);
  return resume_after(hart, op);
}
template <class T>
Op* load(HartState& hart, Op* op) {
  if (hart.fs == 0) [[unlikely]] {
    return raise_illegal_counted(hart, op);
  }
  if (const std::byte* const host = fast_load_pointer<T>(hart, address_of(hart, op))) [[likely]] {
    write(hart, op->rd, as_float(read_at<T>(host)));
    return next(hart, op);
  }
  return load_slow<T>(hart, op);
}
template <class T>
[[gnu::noinline]] Op* store_slow(HartState& hart, Op* op) {
  return store_slowly(hart, op, address_of(hart, op), sizeof(T), hart.f[op->rs2]) ? resume_after(hart, op) : nullptr;
}
template <class T>
Op* store(HartState& hart, Op* op) {
  if (hart.fs == 0) [[unlikely]] {
    return raise_illegal_counted(hart, op);
  }
  if (std::byte* const host = fast_store_pointer<T>(hart, address_of(hart, op))) [[likely]] {
    write_at(host, static_cast<T>(hart.f[op->rs2]));
    return next(hart, op);
  }
  return store_slow<T>(hart, op);
}

/// The instructions that F and D have alike, which stand in the same order for both.
template <class F, F (*from_i64)(std::int64_t, Rounding, Flags&), F (*from_u64)(U64, Rounding, Flags&)>
void add_format(Handlers& handlers, decoding::Opcode load_opcode) {
  Handler* at = &handlers[load_opcode];
  using T = decltype(F::bits);
  const Handler all[] = {
      load<T>,
      store<T>,
      rounded<fused<F, false, false>>,
      rounded<fused<F, false, true>>,  // fmadd, fmsub
      rounded<fused<F, true, false>>,
      rounded<fused<F, true, true>>,  // fnmsub, fnmadd
      rounded<binary<F, floating::add>>,
      rounded<binary<F, floating::subtract>>,
      rounded<binary<F, floating::multiply>>,
      rounded<binary<F, floating::divide>>,
      rounded<square_root<F>>,
      exact<inject_sign<F, floating::with_sign_of>>,
      exact<inject_sign<F, floating::with_opposite_sign_of>>,
      exact<inject_sign<F, floating::with_xored_sign_of>>,
      exact<select<F, floating::minimum>>,
      exact<select<F, floating::maximum>>,
      exact<compare<F, floating::is_equal>>,
      exact<compare<F, floating::is_less>>,
      exact<compare<F, floating::is_less_or_equal>>,
      exact<classify<F>>,
      rounded<to_integer<F, std::int32_t, floating::to_int32>>,
      rounded<to_integer<F, std::uint32_t, floating::to_uint32>>,
      rounded<to_integer<F, std::int64_t, floating::to_int64>>,
      rounded<to_integer<F, U64, floating::to_uint64>>,
      rounded<from_signed<F, from_i64, std::int32_t>>,
      rounded<from_unsigned<F, from_u64, std::uint32_t>>,
      rounded<from_signed<F, from_i64, std::int64_t>>,
      rounded<from_unsigned<F, from_u64, U64>>,
  };
  for (const Handler handler : all) {
    *at++ = handler;
  }
}

}  // namespace

void add_floating(Handlers& handlers) {
  using enum decoding::Opcode;
  add_format<F32, floating::f32_from_signed, floating::f32_from_unsigned>(handlers, flw);
  add_format<F64, floating::f64_from_signed, floating::f64_from_unsigned>(handlers, fld);
  handlers[fmv_x_w] = exact<move_to_x_w>;
  handlers[fmv_w_x] = exact<move_from_x_w>;
  handlers[fmv_x_d] = exact<move_to_x_d>;
  handlers[fmv_d_x] = exact<move_from_x_d>;
  handlers[fcvt_s_d] = rounded<single_from_double>;
  handlers[fcvt_d_s] = rounded<double_from_single>;
}

}  // namespace fermata::riscv::threaded
