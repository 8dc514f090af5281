// SPDX-License-Identifier: MIT
//
// FADD, FSUB, FMUL, FDIV, FSQRT and the fused family of the F and D extensions. Pure functions of their arguments, any
// thread; none depends on, or changes, the host's floating-point environment. Results are correctly rounded, a NaN is
// canonical. `flags` accrues as fflags does.
#pragma once

#include "fermata/riscv/floating/float.hpp"

namespace fermata::riscv::floating {

[[nodiscard]] F32 add(F32 a, F32 b, Rounding rounding, Flags& flags);
[[nodiscard]] F64 add(F64 a, F64 b, Rounding rounding, Flags& flags);
[[nodiscard]] F32 subtract(F32 a, F32 b, Rounding rounding, Flags& flags);
[[nodiscard]] F64 subtract(F64 a, F64 b, Rounding rounding, Flags& flags);
[[nodiscard]] F32 multiply(F32 a, F32 b, Rounding rounding, Flags& flags);
[[nodiscard]] F64 multiply(F64 a, F64 b, Rounding rounding, Flags& flags);
[[nodiscard]] F32 divide(F32 a, F32 b, Rounding rounding, Flags& flags);
[[nodiscard]] F64 divide(F64 a, F64 b, Rounding rounding, Flags& flags);
[[nodiscard]] F32 square_root(F32 a, Rounding rounding, Flags& flags);
[[nodiscard]] F64 square_root(F64 a, Rounding rounding, Flags& flags);

/// a * b + c, rounded once. FMSUB is (a, b, -c), FNMSUB (-a, b, c), FNMADD (-a, b, -c).
[[nodiscard]] F32 multiply_add(F32 a, F32 b, F32 c, Rounding rounding, Flags& flags);
[[nodiscard]] F64 multiply_add(F64 a, F64 b, F64 c, Rounding rounding, Flags& flags);

}  // namespace fermata::riscv::floating
