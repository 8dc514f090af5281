// SPDX-License-Identifier: MIT
//
// Every operation that rounds, against MPFR: a result with 200 bits, rounded to odd, and from there into the format by
// MPFR's own roundings to an integer. Nothing of what is tested takes part in that.
#include <gtest/gtest.h>
#include <mpfr.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "fermata/riscv/floating/arithmetic.hpp"
#include "fermata/riscv/floating/convert.hpp"

namespace fermata::riscv::floating {
namespace {

constexpr std::array roundings{Rounding::nearest_even, Rounding::toward_zero, Rounding::down, Rounding::up,
                               Rounding::nearest_away};

double value_of(F32 a) { return static_cast<double>(std::bit_cast<float>(a.bits)); }
double value_of(F64 a) { return std::bit_cast<double>(a.bits); }
bool is_signalling(F32 a) { return std::isnan(value_of(a)) && (a.bits & 0x0040'0000) == 0; }
bool is_signalling(F64 a) { return std::isnan(value_of(a)) && (a.bits & 0x0008'0000'0000'0000) == 0; }

/// A number of MPFR that goes with its scope.
class Real {
 public:
  explicit Real(mpfr_prec_t precision = 200) { mpfr_init2(value_, precision); }
  explicit Real(double value) : Real() { mpfr_set_d(value_, value, MPFR_RNDZ); }
  ~Real() { mpfr_clear(value_); }
  Real(const Real&) = delete;
  Real& operator=(const Real&) = delete;
  mpfr_ptr get() { return value_; }
  /// After an operation that was rounded toward zero: the last bit stands for what was cut off.
  void make_odd(int ternary) {
    if (ternary != 0 && mpfr_min_prec(value_) < mpfr_get_prec(value_)) {
      mpfr_sgn(value_) > 0 ? mpfr_nextabove(value_) : mpfr_nextbelow(value_);
    }
  }

 private:
  mpfr_t value_;
};

void round_to_integer(Real& value, Rounding rounding) {
  switch (rounding) {
    case Rounding::nearest_even: mpfr_roundeven(value.get(), value.get()); break;
    case Rounding::toward_zero: mpfr_trunc(value.get(), value.get()); break;
    case Rounding::down: mpfr_floor(value.get(), value.get()); break;
    case Rounding::up: mpfr_ceil(value.get(), value.get()); break;
    case Rounding::nearest_away: mpfr_round(value.get(), value.get()); break;
  }
}

/// Rounds to a multiple of 2^quantum. True if that changed the value.
bool round_to_multiple(Real& value, mpfr_srcptr from, long quantum, Rounding rounding) {
  mpfr_mul_2si(value.get(), from, -quantum, MPFR_RNDZ);
  round_to_integer(value, rounding);
  mpfr_mul_2si(value.get(), value.get(), quantum, MPFR_RNDZ);
  return mpfr_cmp(value.get(), from) != 0;
}

template <typename Float>
struct Expected {
  Float value{};
  Flags flags = 0;
};

template <typename Float>
Float bits_of(double value) {
  if constexpr (sizeof(Float) == 4) {
    return {std::bit_cast<std::uint32_t>(static_cast<float>(value))};
  } else {
    return {std::bit_cast<std::uint64_t>(value)};
  }
}

/// A finite value that is not 0, rounded into the format.
template <typename Float>
Expected<Float> round_to_format(Real& exact, Rounding rounding) {
  constexpr long precision = sizeof(Float) == 4 ? 24 : 53;
  constexpr long largest = sizeof(Float) == 4 ? 127 : 1023;  // exponent, of numbers as 1.x * 2^exponent
  constexpr long smallest = 1 - largest;
  const long exponent = mpfr_get_exp(exact.get()) - 1;
  Expected<Float> expected;
  Real value;
  const long quantum = std::max(exponent, smallest) - (precision - 1);
  const bool is_inexact = round_to_multiple(value, exact.get(), quantum, rounding);
  if (is_inexact) {
    expected.flags |= inexact;
    Real unbounded;
    static_cast<void>(round_to_multiple(unbounded, exact.get(), exponent - (precision - 1), rounding));
    if (mpfr_get_exp(unbounded.get()) - 1 < smallest) {
      expected.flags |= underflow;
    }
  }
  const bool is_negative = mpfr_sgn(exact.get()) < 0;
  if (mpfr_zero_p(value.get()) == 0 && mpfr_get_exp(value.get()) - 1 > largest) {
    expected.flags |= overflow | inexact;
    const bool is_infinite = rounding == Rounding::nearest_even || rounding == Rounding::nearest_away ||
                             rounding == (is_negative ? Rounding::down : Rounding::up);
    const double finite = sizeof(Float) == 4 ? static_cast<double>(std::numeric_limits<float>::max())
                                             : std::numeric_limits<double>::max();
    const double limit = is_infinite ? std::numeric_limits<double>::infinity() : finite;
    expected.value = bits_of<Float>(is_negative ? -limit : limit);
    return expected;
  }
  expected.value = bits_of<Float>(std::copysign(mpfr_get_d(value.get(), MPFR_RNDZ), is_negative ? -1.0 : 1.0));
  return expected;
}

enum class Operation { add, subtract, multiply, divide, square_root, multiply_add };

/// The operation by MPFR, rounded toward zero with 200 bits.
int compute(Operation operation, Real& result, double a, double b, double c) {
  Real x(a);
  Real y(b);
  Real z(c);
  switch (operation) {
    case Operation::add: return mpfr_add(result.get(), x.get(), y.get(), MPFR_RNDZ);
    case Operation::subtract: return mpfr_sub(result.get(), x.get(), y.get(), MPFR_RNDZ);
    case Operation::multiply: return mpfr_mul(result.get(), x.get(), y.get(), MPFR_RNDZ);
    case Operation::divide: return mpfr_div(result.get(), x.get(), y.get(), MPFR_RNDZ);
    case Operation::square_root: return mpfr_sqrt(result.get(), x.get(), MPFR_RNDZ);
    case Operation::multiply_add: return mpfr_fma(result.get(), x.get(), y.get(), z.get(), MPFR_RNDZ);
  }
  return 0;
}

/// The sign of an exact 0: of a sum as IEEE 754-2019 6.3 has it, of anything else by MPFR.
bool is_zero_negative(Operation operation, Rounding rounding, double a, double b, double c, Real& result) {
  const bool down = rounding == Rounding::down;
  const auto of_sum = [down](bool x, bool y) { return x == y ? x : down; };
  const bool is_b_negative = std::signbit(b);
  switch (operation) {
    case Operation::add: return a == 0 && b == 0 ? of_sum(std::signbit(a), is_b_negative) : down;
    case Operation::subtract: return a == 0 && b == 0 ? of_sum(std::signbit(a), !is_b_negative) : down;
    case Operation::multiply_add:
      return c == 0 && (a == 0 || b == 0) ? of_sum(std::signbit(a) != is_b_negative, std::signbit(c)) : down;
    default: return mpfr_signbit(result.get()) != 0;
  }
}

template <typename Float>
Expected<Float> expect_of(Operation operation, Rounding rounding, Float a, Float b, Float c) {
  const bool takes_b = operation != Operation::square_root;
  const bool takes_c = operation == Operation::multiply_add;
  const double x = value_of(a);
  const double y = takes_b ? value_of(b) : 1;
  const double z = takes_c ? value_of(c) : 1;
  const Float nan = bits_of<Float>(std::numeric_limits<double>::quiet_NaN());
  const bool is_signal = is_signalling(a) || (takes_b && is_signalling(b)) || (takes_c && is_signalling(c));
  const bool is_product_invalid = takes_c && ((std::isinf(x) && y == 0) || (x == 0 && std::isinf(y)));
  if (std::isnan(x) || std::isnan(y) || std::isnan(z)) {
    return {nan, is_signal || is_product_invalid ? invalid : Flags{0}};
  }
  Real result;
  const int ternary = compute(operation, result, x, y, z);
  if (mpfr_nan_p(result.get()) != 0) {
    return {nan, invalid};
  }
  if (mpfr_inf_p(result.get()) != 0) {
    const double infinity = std::numeric_limits<double>::infinity();
    const bool is_division_by_zero = operation == Operation::divide && std::isfinite(x);
    return {bits_of<Float>(mpfr_sgn(result.get()) < 0 ? -infinity : infinity),
            is_division_by_zero ? divide_by_zero : Flags{0}};
  }
  if (mpfr_zero_p(result.get()) != 0) {
    return {bits_of<Float>(is_zero_negative(operation, rounding, x, y, z, result) ? -0.0 : 0.0), 0};
  }
  result.make_odd(ternary);
  return round_to_format<Float>(result, rounding);
}

template <typename Float>
Expected<Float> actual_of(Operation operation, Rounding rounding, Float a, Float b, Float c) {
  Expected<Float> actual;
  switch (operation) {
    case Operation::add: actual.value = add(a, b, rounding, actual.flags); break;
    case Operation::subtract: actual.value = subtract(a, b, rounding, actual.flags); break;
    case Operation::multiply: actual.value = multiply(a, b, rounding, actual.flags); break;
    case Operation::divide: actual.value = divide(a, b, rounding, actual.flags); break;
    case Operation::square_root: actual.value = square_root(a, rounding, actual.flags); break;
    case Operation::multiply_add: actual.value = multiply_add(a, b, c, rounding, actual.flags); break;
  }
  return actual;
}

/// Operands that find mistakes: the edges of the format, few bits set, and exponents near one another.
template <typename Float>
class Operands {
 public:
  using Bits = decltype(Float{}.bits);

  explicit Operands(std::uint64_t seed) : random_(seed) {}

  Float next() {
    switch (random_() % 8) {
      case 0: return {static_cast<Bits>(random_())};
      case 1: return edge();
      case 2: return of(random_() % 3, fraction());  // subnormal, or nearly
      case 3: return of(largest_exponent - 1 - random_() % 2, fraction());
      case 4: return of(bias + random_() % 4, random_() % 16);
      default: return of(bias - 30 + random_() % 60, fraction());
    }
  }
  /// One that nearly cancels, or is half a unit or so of `near`.
  Float near(Float near) {
    const std::uint64_t exponent = near.bits >> fraction_bits & largest_exponent;
    const std::uint64_t distance = random_() % 3 == 0 ? random_() % 4 : random_() % (2 * fraction_bits + 4);
    return of(exponent > distance ? exponent - distance : 0, fraction());
  }

 private:
  static constexpr int fraction_bits = sizeof(Float) == 4 ? 23 : 52;
  static constexpr Bits largest_exponent = sizeof(Float) == 4 ? 255 : 2047;
  static constexpr Bits bias = largest_exponent / 2;

  Float of(std::uint64_t exponent, std::uint64_t bits) {
    const Bits sign = static_cast<Bits>(random_() & 1) << (sizeof(Float) * 8 - 1);
    const Bits mask = (Bits{1} << fraction_bits) - 1;
    return {static_cast<Bits>(sign | static_cast<Bits>(exponent) << fraction_bits | (static_cast<Bits>(bits) & mask))};
  }
  std::uint64_t fraction() {
    const std::uint64_t bits = random_();
    switch (random_() % 4) {
      case 0: return bits;
      case 1: return std::uint64_t{1} << bits % fraction_bits;
      case 2: return ~(std::uint64_t{1} << bits % fraction_bits);
      default: return ~std::uint64_t{0} << bits % fraction_bits;
    }
  }
  Float edge() {
    const std::array<Float, 10> edges{of(0, 0),                  // zero
                                      of(0, 1),                  // least subnormal
                                      of(0, ~std::uint64_t{0}),  // largest subnormal
                                      of(1, 0),                  // least normal
                                      of(bias, 0),               // 1
                                      of(largest_exponent - 1, ~std::uint64_t{0}),
                                      of(largest_exponent, 0),  // infinity
                                      of(largest_exponent, 1),  // signalling NaN
                                      of(largest_exponent, ~std::uint64_t{0}),
                                      of(bias + fraction_bits, 0)};
    return edges.at(random_() % edges.size());
  }

  std::mt19937_64 random_;
};

template <typename Float>
void expect_agreement(Operation operation, int count) {
  Operands<Float> operands(static_cast<std::uint64_t>(operation) * 2 + sizeof(Float) / 8);
  for (int i = 0; i < count && !::testing::Test::HasFailure(); ++i) {
    const Float a = operands.next();
    const Float b = i % 4 == 0 ? operands.near(a) : operands.next();
    Flags ignored = 0;
    const Float c = i % 3 == 0 ? operands.near(multiply(a, b, Rounding::toward_zero, ignored)) : operands.next();
    for (const Rounding rounding : roundings) {
      const Expected<Float> expected = expect_of(operation, rounding, a, b, c);
      const Expected<Float> actual = actual_of(operation, rounding, a, b, c);
      ASSERT_TRUE(actual.value == expected.value && actual.flags == expected.flags)
          << std::hex << "operation " << static_cast<int>(operation) << " rounding " << static_cast<int>(rounding)
          << " of " << a.bits << " " << b.bits << " " << c.bits << ": " << actual.value.bits << " flags "
          << int{actual.flags} << ", MPFR has " << expected.value.bits << " flags " << int{expected.flags};
    }
  }
}

class AgainstMpfr : public ::testing::TestWithParam<Operation> {};

TEST_P(AgainstMpfr, SinglesAgree) { expect_agreement<F32>(GetParam(), 60'000); }
TEST_P(AgainstMpfr, DoublesAgree) { expect_agreement<F64>(GetParam(), 60'000); }

INSTANTIATE_TEST_SUITE_P(Operations, AgainstMpfr,
                         ::testing::Values(Operation::add, Operation::subtract, Operation::multiply, Operation::divide,
                                           Operation::square_root, Operation::multiply_add));

TEST(AgainstMpfr, NarrowingAgrees) {
  Operands<F64> operands(20);
  std::mt19937_64 random(21);
  for (int i = 0; i < 200'000; ++i) {
    F64 a = operands.next();
    if (i % 2 == 0) {  // within the range of singles, and near its ends
      const std::uint64_t exponent = 1023 - 152 + random() % 284;
      a.bits = (a.bits & 0x800f'ffff'ffff'ffff) | exponent << 52;
    }
    if (!std::isfinite(value_of(a)) || value_of(a) == 0) {
      continue;
    }
    Real exact(value_of(a));
    for (const Rounding rounding : roundings) {
      const auto expected = round_to_format<F32>(exact, rounding);
      Flags flags = 0;
      ASSERT_EQ(to_f32(a, rounding, flags).bits, expected.value.bits) << std::hex << a.bits;
      ASSERT_EQ(flags, expected.flags) << std::hex << a.bits;
    }
  }
}

template <typename Float, typename Integer, typename Convert>
void expect_integer_agreement(Convert convert, std::uint64_t seed) {
  using Limits = std::numeric_limits<Integer>;
  Operands<Float> operands(seed);
  Real lower;
  Real upper;
  mpfr_set_sj(lower.get(), static_cast<std::intmax_t>(Limits::min()), MPFR_RNDZ);
  mpfr_set_uj(upper.get(), static_cast<std::uintmax_t>(Limits::max()), MPFR_RNDZ);
  for (int i = 0; i < 40'000; ++i) {
    const Float a = operands.next();
    for (const Rounding rounding : roundings) {
      Integer expected = Limits::max();
      Flags expected_flags = invalid;
      Real rounded(value_of(a));
      if (std::isfinite(value_of(a))) {
        round_to_integer(rounded, rounding);
      }
      if (mpfr_lessequal_p(lower.get(), rounded.get()) != 0 && mpfr_lessequal_p(rounded.get(), upper.get()) != 0) {
        expected = mpfr_sgn(rounded.get()) < 0 ? static_cast<Integer>(mpfr_get_sj(rounded.get(), MPFR_RNDZ))
                                               : static_cast<Integer>(mpfr_get_uj(rounded.get(), MPFR_RNDZ));
        expected_flags = mpfr_cmp_d(rounded.get(), value_of(a)) != 0 ? inexact : Flags{0};
      } else if (mpfr_less_p(rounded.get(), lower.get()) != 0) {
        expected = Limits::min();
      }
      Flags flags = 0;
      ASSERT_EQ(convert(a, rounding, flags), expected) << std::hex << a.bits;
      ASSERT_EQ(flags, expected_flags) << std::hex << a.bits;
    }
  }
}

template <typename Float>
void expect_integer_agreement() {
  expect_integer_agreement<Float, std::int32_t>([](Float a, Rounding r, Flags& f) { return to_int32(a, r, f); }, 1);
  expect_integer_agreement<Float, std::uint32_t>([](Float a, Rounding r, Flags& f) { return to_uint32(a, r, f); }, 2);
  expect_integer_agreement<Float, std::int64_t>([](Float a, Rounding r, Flags& f) { return to_int64(a, r, f); }, 3);
  expect_integer_agreement<Float, std::uint64_t>([](Float a, Rounding r, Flags& f) { return to_uint64(a, r, f); }, 4);
}

TEST(AgainstMpfr, SinglesToIntegersAgree) { expect_integer_agreement<F32>(); }
TEST(AgainstMpfr, DoublesToIntegersAgree) { expect_integer_agreement<F64>(); }

template <typename Float, typename Convert>
void expect_agreement_from(std::uint64_t value, bool is_signed, Convert convert) {
  Real exact;
  static_cast<void>(is_signed ? mpfr_set_sj(exact.get(), static_cast<std::intmax_t>(value), MPFR_RNDZ)
                              : mpfr_set_uj(exact.get(), value, MPFR_RNDZ));
  for (const Rounding rounding : roundings) {
    const auto expected = value == 0 ? Expected<Float>{} : round_to_format<Float>(exact, rounding);
    Flags flags = 0;
    ASSERT_EQ(convert(value, rounding, flags).bits, expected.value.bits) << std::hex << value;
    ASSERT_EQ(flags, expected.flags) << std::hex << value;
  }
}

TEST(AgainstMpfr, IntegersToFloatsAgree) {
  std::mt19937_64 random(30);
  for (int i = 0; i < 60'000; ++i) {
    std::uint64_t value = random() >> random() % 64;
    value = i % 3 == 0 ? (~std::uint64_t{0} << random() % 64) + random() % 3 - 1 : value;
    const auto as_signed = [value] { return static_cast<std::int64_t>(value); };
    expect_agreement_from<F32>(value, true,
                               [&](auto, Rounding r, Flags& f) { return f32_from_signed(as_signed(), r, f); });
    expect_agreement_from<F64>(value, true,
                               [&](auto, Rounding r, Flags& f) { return f64_from_signed(as_signed(), r, f); });
    expect_agreement_from<F32>(value, false, [](auto v, Rounding r, Flags& f) { return f32_from_unsigned(v, r, f); });
    expect_agreement_from<F64>(value, false, [](auto v, Rounding r, Flags& f) { return f64_from_unsigned(v, r, f); });
  }
}

}  // namespace
}  // namespace fermata::riscv::floating
