// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace fermata::riscv::floating {

/// The bits of an IEEE 754 binary32 or binary64 number. Distinct types, so that a width is never mixed up.
struct F32 {
  std::uint32_t bits = 0;
  friend constexpr bool operator==(F32, F32) = default;  ///< of the bits: not the comparison of IEEE 754
};
struct F64 {
  std::uint64_t bits = 0;
  friend constexpr bool operator==(F64, F64) = default;
};

/// The values are those of frm (RISC-V unprivileged specification, "Floating-Point Control and Status Register").
enum class Rounding : std::uint8_t {
  nearest_even = 0,
  toward_zero = 1,
  down = 2,
  up = 3,
  nearest_away = 4,  ///< ties go to the larger magnitude
};

/// Accrued exceptions, as in fflags. Operations only ever set bits.
using Flags = std::uint8_t;
inline constexpr Flags inexact = 1;
inline constexpr Flags underflow = 2;  ///< tiny after rounding, and inexact
inline constexpr Flags overflow = 4;
inline constexpr Flags divide_by_zero = 8;
inline constexpr Flags invalid = 16;

/// What every operation gives where IEEE 754 has a NaN: no payload is propagated.
inline constexpr F32 canonical_nan_32{0x7fc0'0000};
inline constexpr F64 canonical_nan_64{0x7ff8'0000'0000'0000};

/// A single in a 64-bit register: the upper half is all ones.
[[nodiscard]] constexpr std::uint64_t box(F32 value) { return 0xffff'ffff'0000'0000 | value.bits; }
/// The single in a register; the canonical NaN if it is not boxed.
[[nodiscard]] constexpr F32 unbox(std::uint64_t register_bits) {
  return register_bits >> 32 == 0xffff'ffff ? F32{static_cast<std::uint32_t>(register_bits)} : canonical_nan_32;
}

[[nodiscard]] constexpr F32 negate(F32 value) { return {value.bits ^ 0x8000'0000}; }
[[nodiscard]] constexpr F64 negate(F64 value) { return {value.bits ^ 0x8000'0000'0000'0000}; }

}  // namespace fermata::riscv::floating
