// SPDX-License-Identifier: MIT
//
// FEQ, FLT, FLE, FMIN, FMAX, FCLASS and FSGNJ* of the F and D extensions. Pure functions, any thread.
#pragma once

#include <cstdint>

#include "fermata/riscv/floating/float.hpp"

namespace fermata::riscv::floating {

/// Quiet: only a signalling NaN is invalid.
[[nodiscard]] bool is_equal(F32 a, F32 b, Flags& flags);
[[nodiscard]] bool is_equal(F64 a, F64 b, Flags& flags);
/// Signalling: any NaN is invalid.
[[nodiscard]] bool is_less(F32 a, F32 b, Flags& flags);
[[nodiscard]] bool is_less(F64 a, F64 b, Flags& flags);
[[nodiscard]] bool is_less_or_equal(F32 a, F32 b, Flags& flags);
[[nodiscard]] bool is_less_or_equal(F64 a, F64 b, Flags& flags);

/// minimumNumber and maximumNumber of IEEE 754-2019 (F extension 2.2): -0 is less than +0, a number wins over a NaN,
/// two NaNs give the canonical one; a signalling NaN is invalid.
[[nodiscard]] F32 minimum(F32 a, F32 b, Flags& flags);
[[nodiscard]] F64 minimum(F64 a, F64 b, Flags& flags);
[[nodiscard]] F32 maximum(F32 a, F32 b, Flags& flags);
[[nodiscard]] F64 maximum(F64 a, F64 b, Flags& flags);

/// The one bit of FCLASS: 0 -inf, 1 negative normal, 2 negative subnormal, 3 -0, 4 +0, 5 positive subnormal, 6 positive
/// normal, 7 +inf, 8 signalling NaN, 9 quiet NaN.
[[nodiscard]] std::uint64_t classify(F32 a);
[[nodiscard]] std::uint64_t classify(F64 a);

/// FSGNJ, FSGNJN, FSGNJX: `a` with the sign of `b`, with the opposite, with the exclusive or of both.
[[nodiscard]] constexpr F32 with_sign_of(F32 a, F32 b) { return {(a.bits & 0x7fff'ffff) | (b.bits & 0x8000'0000)}; }
[[nodiscard]] constexpr F64 with_sign_of(F64 a, F64 b) {
  return {(a.bits & 0x7fff'ffff'ffff'ffff) | (b.bits & 0x8000'0000'0000'0000)};
}
[[nodiscard]] constexpr F32 with_opposite_sign_of(F32 a, F32 b) { return with_sign_of(a, negate(b)); }
[[nodiscard]] constexpr F64 with_opposite_sign_of(F64 a, F64 b) { return with_sign_of(a, negate(b)); }
[[nodiscard]] constexpr F32 with_xored_sign_of(F32 a, F32 b) { return {a.bits ^ (b.bits & 0x8000'0000)}; }
[[nodiscard]] constexpr F64 with_xored_sign_of(F64 a, F64 b) { return {a.bits ^ (b.bits & 0x8000'0000'0000'0000)}; }

}  // namespace fermata::riscv::floating
