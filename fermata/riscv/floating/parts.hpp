// SPDX-License-Identifier: MIT
//
// What the operations have in common: a number taken apart, and a result rounded and put together. Private to this
// folder. All of it is integer arithmetic, so that it is the same on every host and under every host setting.
#pragma once

#include <bit>
#include <cstdint>

#include "fermata/riscv/floating/float.hpp"

namespace fermata::riscv::floating::parts {

template <typename Float>
struct Layout;
template <>
struct Layout<F32> {
  using Bits = std::uint32_t;
  static constexpr int fraction_bits = 23;
  static constexpr int largest_exponent = 255;  ///< biased: of infinities and NaNs
};
template <>
struct Layout<F64> {
  using Bits = std::uint64_t;
  static constexpr int fraction_bits = 52;
  static constexpr int largest_exponent = 2047;
};

template <typename Float>
using Bits = typename Layout<Float>::Bits;

template <typename Float>
inline constexpr Bits<Float> sign_bit = Bits<Float>{1} << (sizeof(Float) * 8 - 1);
template <typename Float>
inline constexpr Bits<Float> implicit_one = Bits<Float>{1} << Layout<Float>::fraction_bits;
template <typename Float>
inline constexpr Bits<Float> infinity = sign_bit<Float> - implicit_one<Float>;
template <typename Float>
inline constexpr int bias = Layout<Float>::largest_exponent / 2;

template <typename Float>
[[nodiscard]] constexpr Float canonical_nan() {
  return {static_cast<Bits<Float>>(infinity<Float> | implicit_one<Float> >> 1)};
}

template <typename Float>
[[nodiscard]] constexpr Bits<Float> magnitude(Float a) {
  return a.bits & static_cast<Bits<Float>>(~sign_bit<Float>);
}
template <typename Float>
[[nodiscard]] constexpr bool is_negative(Float a) {
  return (a.bits & sign_bit<Float>) != 0;
}
template <typename Float>
[[nodiscard]] constexpr bool is_nan(Float a) {
  return magnitude(a) > infinity<Float>;
}
template <typename Float>
[[nodiscard]] constexpr bool is_signalling_nan(Float a) {
  return is_nan(a) && (a.bits & implicit_one<Float> >> 1) == 0;
}
template <typename Float>
[[nodiscard]] constexpr bool is_infinity(Float a) {
  return magnitude(a) == infinity<Float>;
}
template <typename Float>
[[nodiscard]] constexpr bool is_zero(Float a) {
  return magnitude(a) == 0;
}
template <typename Float>
[[nodiscard]] constexpr bool is_finite(Float a) {
  return magnitude(a) < infinity<Float>;
}

template <typename Float>
[[nodiscard]] constexpr Float zero(bool negative) {
  return {negative ? sign_bit<Float> : Bits<Float>{0}};
}
template <typename Float>
[[nodiscard]] constexpr Float signed_infinity(bool negative) {
  return {static_cast<Bits<Float>>(zero<Float>(negative).bits | infinity<Float>)};
}

/// A result without a value.
template <typename Float>
[[nodiscard]] constexpr Float invalid_result(Flags& flags) {
  flags |= invalid;
  return canonical_nan<Float>();
}

/// A finite number that is not 0: significand * 2^(exponent - leading_bit), the significand's leading one at that bit.
/// The lowest bit may stand for any further ones ("sticky").
struct Number {
  bool is_negative;
  int exponent;
  std::uint64_t significand;
};
inline constexpr int leading_bit = 62;

/// Of a finite number that is not 0.
template <typename Float>
[[nodiscard]] constexpr Number take_apart(Float a) {
  constexpr int shift = leading_bit - Layout<Float>::fraction_bits;
  const std::uint64_t fraction = a.bits & (implicit_one<Float> - 1);
  const int biased = static_cast<int>(magnitude(a) >> Layout<Float>::fraction_bits);
  if (biased != 0) [[likely]] {
    return {is_negative(a), biased - bias<Float>, (fraction | implicit_one<Float>) << shift};
  }
  const int missing = std::countl_zero(fraction) - 1;  // left of the leading bit
  return {is_negative(a), 1 - bias<Float> + shift - missing, fraction << missing};
}

/// `value` shifted right by 0 or more bits, the lowest bit standing for all that was lost.
[[nodiscard]] constexpr std::uint64_t shift_right_sticky(std::uint64_t value, int count) {
  if (count == 0) {
    return value;
  }
  if (count >= 64) {
    return value != 0 ? 1 : 0;
  }
  return value >> count | (value << (64 - count) != 0 ? 1 : 0);
}

/// What is added to a magnitude before its low bits, all ones in `mask`, are cut off.
[[nodiscard]] constexpr std::uint64_t rounding_increment(bool negative, Rounding rounding, std::uint64_t mask) {
  switch (rounding) {
    case Rounding::nearest_even:
    case Rounding::nearest_away: return mask / 2 + 1;
    case Rounding::down: return negative ? mask : 0;
    case Rounding::up: return negative ? 0 : mask;
    case Rounding::toward_zero: break;
  }
  return 0;
}

template <typename Float>
[[nodiscard]] constexpr Float overflowed(bool negative, bool rounds_up, Flags& flags) {
  flags |= overflow | inexact;
  const Float limit = signed_infinity<Float>(negative);
  return rounds_up ? limit : Float{limit.bits - 1};
}

/// Rounds a number into a format. Tiny is what would be below the normal range if it were rounded with an unbounded
/// exponent (IEEE 754-2019 7.5, "after rounding").
template <typename Float>
[[nodiscard]] constexpr Float put_together(const Number& number, Rounding rounding, Flags& flags) {
  constexpr int shift = leading_bit - Layout<Float>::fraction_bits;
  constexpr std::uint64_t mask = (std::uint64_t{1} << shift) - 1;
  constexpr std::uint64_t carry = std::uint64_t{1} << (leading_bit + 1);
  const std::uint64_t increment = rounding_increment(number.is_negative, rounding, mask);
  std::uint64_t significand = number.significand;
  int biased = number.exponent + bias<Float>;
  if (biased <= 0) [[unlikely]] {
    const bool is_tiny = biased < 0 || significand + increment < carry;
    significand = shift_right_sticky(significand, 1 - biased);
    biased = 1;
    if (is_tiny && (significand & mask) != 0) {
      flags |= underflow;
    }
  } else if (biased >= Layout<Float>::largest_exponent - 1) [[unlikely]] {
    if (biased >= Layout<Float>::largest_exponent || significand + increment >= carry) {
      return overflowed<Float>(number.is_negative, increment != 0, flags);
    }
  }
  const std::uint64_t lost = significand & mask;
  if (lost != 0) {
    flags |= inexact;
  }
  significand = (significand + increment) >> shift;
  if (lost == mask / 2 + 1 && rounding == Rounding::nearest_even) {
    significand &= ~std::uint64_t{1};
  }
  // The significand's leading one, or a carry beyond it, adds to the exponent.
  const std::uint64_t exponent_field = static_cast<std::uint64_t>(biased - 1) << Layout<Float>::fraction_bits;
  return {static_cast<Bits<Float>>(zero<Float>(number.is_negative).bits | (exponent_field + significand))};
}

}  // namespace fermata::riscv::floating::parts
