// SPDX-License-Identifier: MIT
#include "fermata/riscv/floating/arithmetic.hpp"

#include <bit>
#include <cmath>
#include <type_traits>
#include <utility>

#include "fermata/riscv/floating/parts.hpp"

namespace fermata::riscv::floating {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t upper_half(Wide value) { return static_cast<std::uint64_t>(value >> 64); }
constexpr std::uint64_t lower_half(Wide value) { return static_cast<std::uint64_t>(value); }

constexpr int leading_zeros(Wide value) {
  return upper_half(value) != 0 ? std::countl_zero(upper_half(value)) : 64 + std::countl_zero(lower_half(value));
}

constexpr Wide shift_right_sticky(Wide value, int count) {
  if (count == 0) {
    return value;
  }
  if (count >= 128) {
    return value != 0 ? 1 : 0;
  }
  return value >> count | (value << (128 - count) != 0 ? 1 : 0);
}

/// 128 bits as 64, the lowest standing for the rest.
constexpr std::uint64_t squeeze(Wide value) { return upper_half(value) | (lower_half(value) != 0 ? 1 : 0); }

template <typename Float>
Float nan_result(bool is_invalid, Flags& flags) {
  return is_invalid ? parts::invalid_result<Float>(flags) : parts::canonical_nan<Float>();
}

/// The sign of a sum that is 0 though its terms are not, or whose terms are zeros of unlike sign (IEEE 754-2019 6.3).
constexpr bool is_zero_sum_negative(Rounding rounding) { return rounding == Rounding::down; }

template <typename Float>
Float add_special(Float a, Float b, Rounding rounding, Flags& flags) {
  if (parts::is_nan(a) || parts::is_nan(b)) {
    return nan_result<Float>(parts::is_signalling_nan(a) || parts::is_signalling_nan(b), flags);
  }
  if (parts::is_infinity(a)) {
    const bool are_opposite = parts::is_infinity(b) && a.bits != b.bits;
    return are_opposite ? parts::invalid_result<Float>(flags) : a;
  }
  if (parts::is_infinity(b)) {
    return b;
  }
  if (parts::is_zero(a) && parts::is_zero(b)) {
    return a.bits == b.bits ? a : parts::zero<Float>(is_zero_sum_negative(rounding));
  }
  return parts::is_zero(a) ? b : a;
}

template <typename Float>
Float sum(Float a, Float b, Rounding rounding, Flags& flags) {
  if (!parts::is_finite(a) || !parts::is_finite(b) || parts::is_zero(a) || parts::is_zero(b)) [[unlikely]] {
    return add_special(a, b, rounding, flags);
  }
  if (parts::magnitude(a) < parts::magnitude(b)) {
    std::swap(a, b);
  }
  parts::Number larger = parts::take_apart(a);
  const parts::Number smaller = parts::take_apart(b);
  const std::uint64_t aligned = parts::shift_right_sticky(smaller.significand, larger.exponent - smaller.exponent);
  if (larger.is_negative == smaller.is_negative) {
    const std::uint64_t total = larger.significand + aligned;
    const int carry = static_cast<int>(total >> 63);
    larger.significand = total >> carry | (total & static_cast<unsigned>(carry));
    larger.exponent += carry;
  } else {
    const std::uint64_t difference = larger.significand - aligned;
    if (difference == 0) {
      return parts::zero<Float>(is_zero_sum_negative(rounding));
    }
    const int shift = std::countl_zero(difference) - 1;
    larger.significand = difference << shift;
    larger.exponent -= shift;
  }
  return parts::put_together<Float>(larger, rounding, flags);
}

template <typename Float>
Float multiply_special(Float a, Float b, bool is_negative, Flags& flags) {
  if (parts::is_nan(a) || parts::is_nan(b)) {
    return nan_result<Float>(parts::is_signalling_nan(a) || parts::is_signalling_nan(b), flags);
  }
  if (parts::is_infinity(a) || parts::is_infinity(b)) {
    const bool has_no_value = parts::is_zero(a) || parts::is_zero(b);
    return has_no_value ? parts::invalid_result<Float>(flags) : parts::signed_infinity<Float>(is_negative);
  }
  return parts::zero<Float>(is_negative);
}

template <typename Float>
Float product(Float a, Float b, Rounding rounding, Flags& flags) {
  const bool is_negative = parts::is_negative(a) != parts::is_negative(b);
  if (!parts::is_finite(a) || !parts::is_finite(b) || parts::is_zero(a) || parts::is_zero(b)) [[unlikely]] {
    return multiply_special(a, b, is_negative, flags);
  }
  const parts::Number x = parts::take_apart(a);
  const parts::Number y = parts::take_apart(b);
  // Bits 62 and 63 lead, so 125 or 126 does; the upper half is wanted with 62.
  const std::uint64_t exact = squeeze(static_cast<Wide>(x.significand) * (y.significand << 1));
  const int shift = std::countl_zero(exact) - 1;
  return parts::put_together<Float>({is_negative, x.exponent + y.exponent + 1 - shift, exact << shift}, rounding,
                                    flags);
}

template <typename Float>
Float divide_special(Float a, Float b, bool is_negative, Flags& flags) {
  if (parts::is_nan(a) || parts::is_nan(b)) {
    return nan_result<Float>(parts::is_signalling_nan(a) || parts::is_signalling_nan(b), flags);
  }
  if ((parts::is_infinity(a) && parts::is_infinity(b)) || (parts::is_zero(a) && parts::is_zero(b))) {
    return parts::invalid_result<Float>(flags);
  }
  if (parts::is_infinity(a)) {
    return parts::signed_infinity<Float>(is_negative);
  }
  if (parts::is_zero(b)) {
    flags |= divide_by_zero;
    return parts::signed_infinity<Float>(is_negative);
  }
  return parts::zero<Float>(is_negative);
}

/// floor(a * 2^fraction_bits_kept / b) and what is left over as a sticky bit, of significands.
template <typename Float>
std::uint64_t quotient_of(std::uint64_t a, std::uint64_t b) {
  constexpr int shift = parts::leading_bit - parts::Layout<Float>::fraction_bits;
  constexpr int kept = parts::Layout<Float>::fraction_bits + 3;
  const std::uint64_t divisor = b >> shift;
  const Wide dividend = static_cast<Wide>(a >> shift) << kept;
  if constexpr (sizeof(Float) == 4) {
    const std::uint64_t narrow = lower_half(dividend);
    return narrow / divisor << 1 | (narrow % divisor != 0 ? 1 : 0);
  } else {
    const auto quotient = lower_half(dividend / divisor);
    return quotient << 1 | (lower_half(dividend) != quotient * divisor ? 1 : 0);
  }
}

template <typename Float>
Float quotient(Float a, Float b, Rounding rounding, Flags& flags) {
  const bool is_negative = parts::is_negative(a) != parts::is_negative(b);
  if (!parts::is_finite(a) || !parts::is_finite(b) || parts::is_zero(a) || parts::is_zero(b)) [[unlikely]] {
    return divide_special(a, b, is_negative, flags);
  }
  const parts::Number x = parts::take_apart(a);
  const parts::Number y = parts::take_apart(b);
  const std::uint64_t ratio = quotient_of<Float>(x.significand, y.significand);
  constexpr int leading_of_one = parts::Layout<Float>::fraction_bits + 4;
  const int zeros = std::countl_zero(ratio) - 1;
  const int exponent = x.exponent - y.exponent + (parts::leading_bit - leading_of_one) - zeros;
  return parts::put_together<Float>({is_negative, exponent, ratio << zeros}, rounding, flags);
}

/// floor(sqrt(value)), found from a number near it: the host's square root, with whatever error it may have, is only
/// where the search begins.
template <typename Integer>
std::uint64_t integer_square_root(Integer value, double near) {
  auto root = static_cast<std::uint64_t>(near);
  while (static_cast<Integer>(root) * root > value) {
    --root;
  }
  while (static_cast<Integer>(root + 1) * (root + 1) <= value) {
    ++root;
  }
  return root;
}

/// The root of `significand` * 2^`shift`, rounded down, its lowest bit standing for the rest.
template <typename Float>
std::uint64_t root_of(std::uint64_t significand, int shift) {
  // Wide enough for a root of the format's precision and two bits more.
  using Integer = std::conditional_t<sizeof(Float) == 4, std::uint64_t, Wide>;
  const Integer radicand = static_cast<Integer>(significand) << shift;
  const double near = std::sqrt(static_cast<double>(significand << shift % 2)) * static_cast<double>(1U << shift / 2);
  const std::uint64_t whole = integer_square_root(radicand, near);
  const bool is_exact = static_cast<Integer>(whole) * whole == radicand;
  return whole << 1 | (is_exact ? 0 : 1);
}

template <typename Float>
Float root(Float a, Rounding rounding, Flags& flags) {
  if (parts::is_nan(a)) {
    return nan_result<Float>(parts::is_signalling_nan(a), flags);
  }
  if (parts::is_zero(a)) {
    return a;
  }
  if (parts::is_negative(a)) {
    return parts::invalid_result<Float>(flags);
  }
  if (parts::is_infinity(a)) {
    return a;
  }
  const parts::Number x = parts::take_apart(a);
  constexpr int fraction_bits = parts::Layout<Float>::fraction_bits;
  constexpr int leading_of_root = fraction_bits + 2;
  const int odd = x.exponent & 1;
  const std::uint64_t significand = x.significand >> (parts::leading_bit - fraction_bits);
  const std::uint64_t whole = root_of<Float>(significand, 2 * leading_of_root - fraction_bits + odd);
  const std::uint64_t aligned = whole << (parts::leading_bit - leading_of_root - 1);
  return parts::put_together<Float>({false, (x.exponent - odd) / 2, aligned}, rounding, flags);
}

template <typename Float>
Float multiply_add_special(Float a, Float b, Float c, Rounding rounding, Flags& flags) {
  const bool is_product_negative = parts::is_negative(a) != parts::is_negative(b);
  const bool is_product_invalid =
      (parts::is_infinity(a) && parts::is_zero(b)) || (parts::is_zero(a) && parts::is_infinity(b));
  if (is_product_invalid || parts::is_nan(a) || parts::is_nan(b) || parts::is_nan(c)) {
    // infinity * 0 is invalid even where a quiet NaN is added (RISC-V unprivileged specification, FMADD).
    const bool is_signalling =
        parts::is_signalling_nan(a) || parts::is_signalling_nan(b) || parts::is_signalling_nan(c);
    return nan_result<Float>(is_product_invalid || is_signalling, flags);
  }
  const bool is_product_infinite = parts::is_infinity(a) || parts::is_infinity(b);
  const Float exact_product = is_product_infinite ? parts::signed_infinity<Float>(is_product_negative)
                                                  : parts::zero<Float>(is_product_negative);
  const bool is_product_zero = parts::is_zero(a) || parts::is_zero(b);
  if (!is_product_infinite && !is_product_zero) {
    return c;  // which is infinite
  }
  return add_special(exact_product, c, rounding, flags);
}

/// A Number with 128 bits, the leading one at bit 126.
struct WideNumber {
  bool is_negative;
  int exponent;
  Wide significand;
};

WideNumber normalized(bool is_negative, int exponent, Wide significand) {
  const int shift = leading_zeros(significand) - 1;
  return {is_negative, exponent - shift, significand << shift};
}

/// Nothing is lost before the last step: where much cancels, the terms' exponents differ by 1 at most, and the sticky
/// bit is far below what remains otherwise.
template <typename Float>
Float wide_sum(WideNumber larger, WideNumber smaller, Rounding rounding, Flags& flags) {
  if (larger.exponent < smaller.exponent ||
      (larger.exponent == smaller.exponent && larger.significand < smaller.significand)) {
    std::swap(larger, smaller);
  }
  const Wide aligned = shift_right_sticky(smaller.significand, larger.exponent - smaller.exponent);
  WideNumber total = larger;
  if (larger.is_negative != smaller.is_negative) {
    total.significand -= aligned;
    if (total.significand == 0) {
      return parts::zero<Float>(is_zero_sum_negative(rounding));
    }
    total = normalized(total.is_negative, total.exponent, total.significand);
  } else {
    total.significand += aligned;
    if (leading_zeros(total.significand) == 0) {
      total.significand = shift_right_sticky(total.significand, 1);
      ++total.exponent;
    }
  }
  return parts::put_together<Float>({total.is_negative, total.exponent, squeeze(total.significand)}, rounding, flags);
}

template <typename Float>
Float product_sum(Float a, Float b, Float c, Rounding rounding, Flags& flags) {
  const bool has_special = !parts::is_finite(a) || !parts::is_finite(b) || !parts::is_finite(c);
  if (has_special || parts::is_zero(a) || parts::is_zero(b)) [[unlikely]] {
    return multiply_add_special(a, b, c, rounding, flags);
  }
  if (parts::is_zero(c)) {
    return product(a, b, rounding, flags);
  }
  const parts::Number x = parts::take_apart(a);
  const parts::Number y = parts::take_apart(b);
  const parts::Number z = parts::take_apart(c);
  const Wide exact = static_cast<Wide>(x.significand) * y.significand;  // bit 124 or 125 leads; 124 stands for 1
  const WideNumber of_product = normalized(x.is_negative != y.is_negative, x.exponent + y.exponent + 2, exact);
  const WideNumber addend{z.is_negative, z.exponent, static_cast<Wide>(z.significand) << 64};
  return wide_sum<Float>(of_product, addend, rounding, flags);
}

}  // namespace

F32 add(F32 a, F32 b, Rounding rounding, Flags& flags) { return sum(a, b, rounding, flags); }
F64 add(F64 a, F64 b, Rounding rounding, Flags& flags) { return sum(a, b, rounding, flags); }
// A NaN's sign does not matter, so this is a - b for all operands.
F32 subtract(F32 a, F32 b, Rounding rounding, Flags& flags) { return sum(a, negate(b), rounding, flags); }
F64 subtract(F64 a, F64 b, Rounding rounding, Flags& flags) { return sum(a, negate(b), rounding, flags); }
F32 multiply(F32 a, F32 b, Rounding rounding, Flags& flags) { return product(a, b, rounding, flags); }
F64 multiply(F64 a, F64 b, Rounding rounding, Flags& flags) { return product(a, b, rounding, flags); }
F32 divide(F32 a, F32 b, Rounding rounding, Flags& flags) { return quotient(a, b, rounding, flags); }
F64 divide(F64 a, F64 b, Rounding rounding, Flags& flags) { return quotient(a, b, rounding, flags); }
F32 square_root(F32 a, Rounding rounding, Flags& flags) { return root(a, rounding, flags); }
F64 square_root(F64 a, Rounding rounding, Flags& flags) { return root(a, rounding, flags); }
F32 multiply_add(F32 a, F32 b, F32 c, Rounding rounding, Flags& flags) { return product_sum(a, b, c, rounding, flags); }
F64 multiply_add(F64 a, F64 b, F64 c, Rounding rounding, Flags& flags) { return product_sum(a, b, c, rounding, flags); }

}  // namespace fermata::riscv::floating
