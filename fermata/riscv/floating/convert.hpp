// SPDX-License-Identifier: MIT
//
// FCVT.* of the F and D extensions. Pure functions, any thread. To an integer: what is out of range, infinite or NaN is
// invalid (and not inexact), and gives the nearest bound, a NaN the upper one (RISC-V unprivileged specification,
// "Single-Precision Floating-Point Conversion and Move Instructions"). RV64 sign-extends 32-bit results, the unsigned
// too.
#pragma once

#include <cstdint>

#include "fermata/riscv/floating/float.hpp"

namespace fermata::riscv::floating {

[[nodiscard]] std::int32_t to_int32(F32 a, Rounding rounding, Flags& flags);
[[nodiscard]] std::int32_t to_int32(F64 a, Rounding rounding, Flags& flags);
[[nodiscard]] std::uint32_t to_uint32(F32 a, Rounding rounding, Flags& flags);
[[nodiscard]] std::uint32_t to_uint32(F64 a, Rounding rounding, Flags& flags);
[[nodiscard]] std::int64_t to_int64(F32 a, Rounding rounding, Flags& flags);
[[nodiscard]] std::int64_t to_int64(F64 a, Rounding rounding, Flags& flags);
[[nodiscard]] std::uint64_t to_uint64(F32 a, Rounding rounding, Flags& flags);
[[nodiscard]] std::uint64_t to_uint64(F64 a, Rounding rounding, Flags& flags);

/// From a 64-bit integer; a 32-bit one is extended by the caller as its sign says, with the same result.
[[nodiscard]] F32 f32_from_signed(std::int64_t value, Rounding rounding, Flags& flags);
[[nodiscard]] F32 f32_from_unsigned(std::uint64_t value, Rounding rounding, Flags& flags);
[[nodiscard]] F64 f64_from_signed(std::int64_t value, Rounding rounding, Flags& flags);
[[nodiscard]] F64 f64_from_unsigned(std::uint64_t value, Rounding rounding, Flags& flags);

[[nodiscard]] F32 to_f32(F64 a, Rounding rounding, Flags& flags);
/// Exact.
[[nodiscard]] F64 to_f64(F32 a, Flags& flags);

}  // namespace fermata::riscv::floating
