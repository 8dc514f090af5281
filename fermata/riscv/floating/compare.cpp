// SPDX-License-Identifier: MIT
#include "fermata/riscv/floating/compare.hpp"

#include "fermata/riscv/floating/parts.hpp"

namespace fermata::riscv::floating {
namespace {

/// The order of numbers as an order of integers, but for the two zeros.
template <typename Float>
bool is_before(Float a, Float b) {
  if (parts::is_negative(a) != parts::is_negative(b)) {
    return parts::is_negative(a);
  }
  return parts::is_negative(a) ? a.bits > b.bits : a.bits < b.bits;
}

template <typename Float>
bool are_both_zero(Float a, Float b) {
  return parts::is_zero(a) && parts::is_zero(b);
}

template <typename Float>
bool equal(Float a, Float b, Flags& flags) {
  if (parts::is_nan(a) || parts::is_nan(b)) {
    if (parts::is_signalling_nan(a) || parts::is_signalling_nan(b)) {
      flags |= invalid;
    }
    return false;
  }
  return a.bits == b.bits || are_both_zero(a, b);
}

template <typename Float>
bool less(Float a, Float b, bool or_equal, Flags& flags) {
  if (parts::is_nan(a) || parts::is_nan(b)) {
    flags |= invalid;
    return false;
  }
  if (a.bits == b.bits || are_both_zero(a, b)) {
    return or_equal;
  }
  return is_before(a, b);
}

template <typename Float>
Float select(Float a, Float b, bool wants_smaller, Flags& flags) {
  if (parts::is_signalling_nan(a) || parts::is_signalling_nan(b)) {
    flags |= invalid;
  }
  if (parts::is_nan(a)) {
    return parts::is_nan(b) ? parts::canonical_nan<Float>() : b;
  }
  if (parts::is_nan(b)) {
    return a;
  }
  return is_before(a, b) == wants_smaller ? a : b;
}

template <typename Float>
std::uint64_t class_of(Float a) {
  if (parts::is_nan(a)) {
    return parts::is_signalling_nan(a) ? 1U << 8 : 1U << 9;
  }
  const bool is_negative = parts::is_negative(a);
  const auto bit = [is_negative](unsigned of_negative) {
    return std::uint64_t{1} << (is_negative ? of_negative : 7 - of_negative);
  };
  if (parts::is_infinity(a)) {
    return bit(0);
  }
  if (parts::is_zero(a)) {
    return bit(3);
  }
  return parts::magnitude(a) < parts::implicit_one<Float> ? bit(2) : bit(1);
}

}  // namespace

bool is_equal(F32 a, F32 b, Flags& flags) { return equal(a, b, flags); }
bool is_equal(F64 a, F64 b, Flags& flags) { return equal(a, b, flags); }
bool is_less(F32 a, F32 b, Flags& flags) { return less(a, b, false, flags); }
bool is_less(F64 a, F64 b, Flags& flags) { return less(a, b, false, flags); }
bool is_less_or_equal(F32 a, F32 b, Flags& flags) { return less(a, b, true, flags); }
bool is_less_or_equal(F64 a, F64 b, Flags& flags) { return less(a, b, true, flags); }

F32 minimum(F32 a, F32 b, Flags& flags) { return select(a, b, true, flags); }
F64 minimum(F64 a, F64 b, Flags& flags) { return select(a, b, true, flags); }
F32 maximum(F32 a, F32 b, Flags& flags) { return select(a, b, false, flags); }
F64 maximum(F64 a, F64 b, Flags& flags) { return select(a, b, false, flags); }

std::uint64_t classify(F32 a) { return class_of(a); }
std::uint64_t classify(F64 a) { return class_of(a); }

}  // namespace fermata::riscv::floating
