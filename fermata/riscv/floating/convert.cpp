// SPDX-License-Identifier: MIT
#include "fermata/riscv/floating/convert.hpp"

#include <bit>
#include <limits>

#include "fermata/riscv/floating/parts.hpp"

namespace fermata::riscv::floating {
namespace {

/// A magnitude in fixed point.
struct Fixed {
  std::uint64_t whole;
  std::uint64_t fraction;  ///< in 2^-64, sticky
};

/// Of a number below 2^64.
Fixed to_fixed(const parts::Number& number) {
  const int shift = parts::leading_bit - number.exponent;
  if (shift <= 0) {
    return {number.significand << -shift, 0};
  }
  if (shift < 64) {
    return {number.significand >> shift, number.significand << (64 - shift)};
  }
  return {0, parts::shift_right_sticky(number.significand, shift - 64)};
}

bool rounds_up(const Fixed& fixed, bool is_negative, Rounding rounding) {
  constexpr std::uint64_t half = std::uint64_t{1} << 63;
  switch (rounding) {
    case Rounding::nearest_even: return fixed.fraction > half || (fixed.fraction == half && (fixed.whole & 1) != 0);
    case Rounding::nearest_away: return fixed.fraction >= half;
    case Rounding::down: return is_negative && fixed.fraction != 0;
    case Rounding::up: return !is_negative && fixed.fraction != 0;
    case Rounding::toward_zero: break;
  }
  return false;
}

template <typename Integer, typename Float>
Integer to_integer(Float a, Rounding rounding, Flags& flags) {
  using Limits = std::numeric_limits<Integer>;
  if (parts::is_zero(a)) {
    return 0;
  }
  const bool is_negative = parts::is_negative(a) && !parts::is_nan(a);
  // The largest magnitude on this side of 0; of the lower bound of signed integers it is one more.
  const std::uint64_t limit = !is_negative        ? static_cast<std::uint64_t>(Limits::max())
                              : Limits::is_signed ? static_cast<std::uint64_t>(Limits::max()) + 1
                                                  : 0;
  if (parts::is_finite(a)) {
    const parts::Number number = parts::take_apart(a);
    if (number.exponent < 64) {
      const Fixed fixed = to_fixed(number);
      // No carry out of 64 bits: where there is a fraction, the whole has few bits.
      const std::uint64_t whole = fixed.whole + (rounds_up(fixed, is_negative, rounding) ? 1 : 0);
      if (whole <= limit) {
        flags |= fixed.fraction != 0 ? inexact : Flags{0};
        return static_cast<Integer>(is_negative ? 0 - whole : whole);
      }
    }
  }
  flags |= invalid;
  return is_negative ? Limits::min() : Limits::max();
}

template <typename Float>
Float from_magnitude(bool is_negative, std::uint64_t value, Rounding rounding, Flags& flags) {
  if (value == 0) {
    return {};
  }
  const int zeros = std::countl_zero(value);
  const std::uint64_t significand =
      zeros == 0 ? parts::shift_right_sticky(value, 1) : value << (zeros - 63 + parts::leading_bit);
  return parts::put_together<Float>({is_negative, 63 - zeros, significand}, rounding, flags);
}

template <typename Float>
Float from_signed(std::int64_t value, Rounding rounding, Flags& flags) {
  const auto bits = static_cast<std::uint64_t>(value);
  return from_magnitude<Float>(value < 0, value < 0 ? 0 - bits : bits, rounding, flags);
}

template <typename To, typename From>
To convert(From a, Rounding rounding, Flags& flags) {
  if (parts::is_nan(a)) {
    flags |= parts::is_signalling_nan(a) ? invalid : Flags{0};
    return parts::canonical_nan<To>();
  }
  if (parts::is_infinity(a)) {
    return parts::signed_infinity<To>(parts::is_negative(a));
  }
  if (parts::is_zero(a)) {
    return parts::zero<To>(parts::is_negative(a));
  }
  return parts::put_together<To>(parts::take_apart(a), rounding, flags);
}

}  // namespace

std::int32_t to_int32(F32 a, Rounding rounding, Flags& flags) { return to_integer<std::int32_t>(a, rounding, flags); }
std::int32_t to_int32(F64 a, Rounding rounding, Flags& flags) { return to_integer<std::int32_t>(a, rounding, flags); }
std::uint32_t to_uint32(F32 a, Rounding rounding, Flags& flags) {
  return to_integer<std::uint32_t>(a, rounding, flags);
}
std::uint32_t to_uint32(F64 a, Rounding rounding, Flags& flags) {
  return to_integer<std::uint32_t>(a, rounding, flags);
}
std::int64_t to_int64(F32 a, Rounding rounding, Flags& flags) { return to_integer<std::int64_t>(a, rounding, flags); }
std::int64_t to_int64(F64 a, Rounding rounding, Flags& flags) { return to_integer<std::int64_t>(a, rounding, flags); }
std::uint64_t to_uint64(F32 a, Rounding rounding, Flags& flags) {
  return to_integer<std::uint64_t>(a, rounding, flags);
}
std::uint64_t to_uint64(F64 a, Rounding rounding, Flags& flags) {
  return to_integer<std::uint64_t>(a, rounding, flags);
}

F32 f32_from_signed(std::int64_t value, Rounding rounding, Flags& flags) {
  return from_signed<F32>(value, rounding, flags);
}
F32 f32_from_unsigned(std::uint64_t value, Rounding rounding, Flags& flags) {
  return from_magnitude<F32>(false, value, rounding, flags);
}
F64 f64_from_signed(std::int64_t value, Rounding rounding, Flags& flags) {
  return from_signed<F64>(value, rounding, flags);
}
F64 f64_from_unsigned(std::uint64_t value, Rounding rounding, Flags& flags) {
  return from_magnitude<F64>(false, value, rounding, flags);
}

F32 to_f32(F64 a, Rounding rounding, Flags& flags) { return convert<F32>(a, rounding, flags); }
F64 to_f64(F32 a, Flags& flags) { return convert<F64>(a, Rounding::nearest_even, flags); }

}  // namespace fermata::riscv::floating
