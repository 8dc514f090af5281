// SPDX-License-Identifier: MIT
#include "fermata/riscv/floating/arithmetic.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cfenv>
#include <cmath>
#include <limits>
#include <random>

namespace fermata::riscv::floating {
namespace {

constexpr std::array roundings{Rounding::nearest_even, Rounding::toward_zero, Rounding::down, Rounding::up,
                               Rounding::nearest_away};
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest = std::numeric_limits<double>::max();
constexpr double least_normal = std::numeric_limits<double>::min();
constexpr double least = std::numeric_limits<double>::denorm_min();
constexpr F64 signalling_nan{0x7ff0'0000'0000'0001};
constexpr F64 quiet_nan{0xfff8'0000'0000'1234};

F32 single(float value) { return {std::bit_cast<std::uint32_t>(value)}; }
F64 twice(double value) { return {std::bit_cast<std::uint64_t>(value)}; }

struct Outcome {
  F64 value;
  int flags;
  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend std::ostream& operator<<(std::ostream& to, const Outcome& outcome) {
    return to << std::hex << outcome.value.bits << " (" << std::hexfloat << std::bit_cast<double>(outcome.value)
              << ") flags " << outcome.flags;
  }
};

Outcome gives(double value, int flags = 0) { return {twice(value), flags}; }
const Outcome no_value{canonical_nan_64, invalid};

Outcome sum(double a, double b, Rounding rounding = Rounding::nearest_even) {
  Flags flags = 0;
  const F64 value = add(twice(a), twice(b), rounding, flags);
  return {value, flags};
}
Outcome difference(double a, double b, Rounding rounding = Rounding::nearest_even) {
  Flags flags = 0;
  const F64 value = subtract(twice(a), twice(b), rounding, flags);
  return {value, flags};
}
Outcome product(double a, double b, Rounding rounding = Rounding::nearest_even) {
  Flags flags = 0;
  const F64 value = multiply(twice(a), twice(b), rounding, flags);
  return {value, flags};
}
Outcome quotient(double a, double b, Rounding rounding = Rounding::nearest_even) {
  Flags flags = 0;
  const F64 value = divide(twice(a), twice(b), rounding, flags);
  return {value, flags};
}
Outcome root(double a, Rounding rounding = Rounding::nearest_even) {
  Flags flags = 0;
  const F64 value = square_root(twice(a), rounding, flags);
  return {value, flags};
}
Outcome fused(double a, double b, double c, Rounding rounding = Rounding::nearest_even) {
  Flags flags = 0;
  const F64 value = multiply_add(twice(a), twice(b), twice(c), rounding, flags);
  return {value, flags};
}

/// Half a unit in the last place of 1.
constexpr double half_unit = 0x1p-53;

TEST(Arithmetic, TiesAndDirectionsOfASum) {
  EXPECT_EQ(sum(1, half_unit), gives(1, inexact));
  EXPECT_EQ(sum(1 + 2 * half_unit, half_unit), gives(1 + 4 * half_unit, inexact));
  EXPECT_EQ(sum(1, half_unit, Rounding::nearest_away), gives(1 + 2 * half_unit, inexact));
  EXPECT_EQ(sum(-1, -half_unit, Rounding::nearest_away), gives(-1 - 2 * half_unit, inexact));
  EXPECT_EQ(sum(1, half_unit, Rounding::toward_zero), gives(1, inexact));
  EXPECT_EQ(sum(1, least, Rounding::up), gives(1 + 2 * half_unit, inexact));
  EXPECT_EQ(sum(1, least, Rounding::down), gives(1, inexact));
  EXPECT_EQ(sum(-1, -least, Rounding::down), gives(-1 - 2 * half_unit, inexact));
  EXPECT_EQ(sum(1, -least, Rounding::toward_zero), gives(1 - half_unit, inexact));
  EXPECT_EQ(sum(1, 2), gives(3));
}

TEST(Arithmetic, AZeroSumIsPositiveExceptDownwards) {
  for (const Rounding rounding : roundings) {
    const double zero = rounding == Rounding::down ? -0.0 : 0.0;
    EXPECT_EQ(sum(1, -1, rounding), gives(zero));
    EXPECT_EQ(difference(3, 3, rounding), gives(zero));
    EXPECT_EQ(sum(0.0, -0.0, rounding), gives(zero));
    EXPECT_EQ(sum(-0.0, -0.0, rounding), gives(-0.0));
    EXPECT_EQ(sum(0.0, 0.0, rounding), gives(0.0));
    EXPECT_EQ(fused(1, 2, -2, rounding), gives(zero));
    EXPECT_EQ(fused(0, 5, -0.0, rounding), gives(zero));
    EXPECT_EQ(fused(-0.0, 5, -0.0, rounding), gives(-0.0));
  }
}

TEST(Arithmetic, SubnormalSumsAreExact) {
  EXPECT_EQ(sum(least, least), gives(2 * least));
  EXPECT_EQ(difference(least_normal, least), gives(least_normal - least));
  EXPECT_EQ(sum(least_normal - least, least), gives(least_normal));
  EXPECT_EQ(sum(-0.0, least), gives(least));
}

TEST(Arithmetic, InfinitiesAndNans) {
  EXPECT_EQ(sum(infinity, -infinity), no_value);
  EXPECT_EQ(difference(infinity, -infinity), gives(infinity));
  EXPECT_EQ(sum(-infinity, 1), gives(-infinity));
  EXPECT_EQ(product(infinity, 0), no_value);
  EXPECT_EQ(product(-infinity, -2), gives(infinity));
  EXPECT_EQ(quotient(infinity, infinity), no_value);
  EXPECT_EQ(quotient(0.0, -0.0), no_value);
  EXPECT_EQ(quotient(1, -infinity), gives(-0.0));
  EXPECT_EQ(quotient(-infinity, 2), gives(-infinity));
  EXPECT_EQ(root(-1), no_value);
  EXPECT_EQ(root(-infinity), no_value);
  EXPECT_EQ(root(infinity), gives(infinity));
  EXPECT_EQ(root(-0.0), gives(-0.0));
  EXPECT_EQ(fused(infinity, 0, 1), no_value);
  EXPECT_EQ(fused(infinity, 1, -infinity), no_value);
  EXPECT_EQ(fused(infinity, 1, infinity), gives(infinity));
  EXPECT_EQ(fused(2, 3, -infinity), gives(-infinity));
}

TEST(Arithmetic, NansBecomeCanonicalAndOnlySignallingOnesAreInvalid) {
  Flags flags = 0;
  EXPECT_EQ(add(quiet_nan, twice(1), Rounding::up, flags), canonical_nan_64);
  EXPECT_EQ(multiply(twice(1), quiet_nan, Rounding::up, flags), canonical_nan_64);
  EXPECT_EQ(divide(quiet_nan, twice(0), Rounding::up, flags), canonical_nan_64);
  EXPECT_EQ(square_root(quiet_nan, Rounding::up, flags), canonical_nan_64);
  EXPECT_EQ(multiply_add(twice(1), quiet_nan, twice(infinity), Rounding::up, flags), canonical_nan_64);
  EXPECT_EQ(flags, 0);
  EXPECT_EQ(multiply_add(twice(0), twice(infinity), quiet_nan, Rounding::up, flags), canonical_nan_64);
  EXPECT_EQ(flags, invalid);  // as RISC-V has it
  for (const bool is_first : {true, false}) {
    const F64 a = is_first ? signalling_nan : quiet_nan;
    const F64 b = is_first ? quiet_nan : signalling_nan;
    const auto expect_invalid = [](F64 value, Flags& raised) {
      EXPECT_EQ(value, canonical_nan_64);
      EXPECT_EQ(raised, invalid);
      raised = 0;
    };
    flags = 0;
    expect_invalid(add(a, b, Rounding::nearest_even, flags), flags);
    expect_invalid(subtract(a, b, Rounding::nearest_even, flags), flags);
    expect_invalid(multiply(a, b, Rounding::nearest_even, flags), flags);
    expect_invalid(divide(a, b, Rounding::nearest_even, flags), flags);
    expect_invalid(multiply_add(twice(1), a, b, Rounding::nearest_even, flags), flags);
    expect_invalid(square_root(signalling_nan, Rounding::nearest_even, flags), flags);
  }
}

TEST(Arithmetic, DivisionByZeroIsExact) {
  EXPECT_EQ(quotient(1, 0.0), gives(infinity, divide_by_zero));
  EXPECT_EQ(quotient(-least, 0.0), gives(-infinity, divide_by_zero));
  EXPECT_EQ(quotient(infinity, -0.0), gives(-infinity));
  EXPECT_EQ(quotient(0.0, -3), gives(-0.0));
}

TEST(Arithmetic, OverflowDependsOnDirectionAndSign) {
  const int raised = overflow | inexact;
  EXPECT_EQ(product(largest, 2), gives(infinity, raised));
  EXPECT_EQ(product(largest, 2, Rounding::nearest_away), gives(infinity, raised));
  EXPECT_EQ(product(largest, 2, Rounding::toward_zero), gives(largest, raised));
  EXPECT_EQ(product(largest, 2, Rounding::down), gives(largest, raised));
  EXPECT_EQ(product(largest, 2, Rounding::up), gives(infinity, raised));
  EXPECT_EQ(product(-largest, 2, Rounding::down), gives(-infinity, raised));
  EXPECT_EQ(product(-largest, 2, Rounding::up), gives(-largest, raised));
  // Half a unit more than the largest number is where rounding to nearest overflows; below it does not.
  EXPECT_EQ(sum(largest, 0x1p970), gives(infinity, raised));
  EXPECT_EQ(sum(largest, 0x1.fffffffffffffp969), gives(largest, inexact));
  EXPECT_EQ(sum(largest, least, Rounding::up), gives(infinity, raised));
}

TEST(Arithmetic, TininessIsDetectedAfterRounding) {
  const int raised = underflow | inexact;
  EXPECT_EQ(product(least, 0.5), gives(0.0, raised));
  EXPECT_EQ(product(least, 0.5, Rounding::nearest_away), gives(least, raised));
  EXPECT_EQ(product(least, -0.5, Rounding::down), gives(-least, raised));
  EXPECT_EQ(product(least, -0.5, Rounding::up), gives(-0.0, raised));
  EXPECT_EQ(product(3 * least, 0.5), gives(2 * least, raised));
  EXPECT_EQ(product(least_normal, 0.5), gives(least_normal / 2));  // tiny but exact
  // 1 - 2^-54 would be 1 with 53 bits, 1 - 2^-53 would not: only the second is tiny, though both become least_normal.
  EXPECT_EQ(fused(least_normal, 1, -least / 1, Rounding::nearest_even), gives(least_normal - least));
  EXPECT_EQ(product(0x1.fffffffffffffp-1, least_normal), gives(least_normal, raised));
  EXPECT_EQ(fused(0x1p-600, -0x1p-477, least_normal), gives(least_normal, inexact));
  EXPECT_EQ(fused(0x1p-600, -0x1p-476, least_normal), gives(least_normal, inexact));
  EXPECT_EQ(fused(0x1p-600, -0x1p-475, least_normal), gives(least_normal, raised));
}

TEST(Arithmetic, AFusedProductIsRoundedOnce) {
  const double x = 1 + 0x1p-30;
  EXPECT_EQ(fused(x, x, -(1 + 0x1p-29)), gives(0x1p-60));
  EXPECT_EQ(fused(largest, 2, -largest), gives(largest));
  EXPECT_EQ(fused(0x1p-600, 0x1p-600, 1, Rounding::up), gives(1 + 2 * half_unit, inexact));
  EXPECT_EQ(fused(0x1p-600, -0x1p-600, 1), gives(1, inexact));
  EXPECT_EQ(fused(0x1p-600, -0x1p-600, 1, Rounding::toward_zero), gives(1 - half_unit, inexact));
}

TEST(Arithmetic, FlagsAccrue) {
  Flags flags = invalid | inexact;
  EXPECT_EQ(divide(twice(1), twice(0), Rounding::nearest_even, flags), twice(infinity));
  EXPECT_EQ(flags, invalid | inexact | divide_by_zero);
  EXPECT_EQ(add(twice(1), twice(1), Rounding::nearest_even, flags), twice(2));
  EXPECT_EQ(flags, invalid | inexact | divide_by_zero);
}

TEST(Arithmetic, RootsAreExactWhereTheyCanBe) {
  for (const Rounding rounding : roundings) {
    EXPECT_EQ(root(4, rounding), gives(2));
    EXPECT_EQ(root(0x1p-1074, rounding), gives(0x1p-537));
    EXPECT_EQ(root(9.0 * 0x1p-1074, rounding), gives(3.0 * 0x1p-537));
  }
  EXPECT_EQ(root(2), gives(0x1.6a09e667f3bcdp0, inexact));
  EXPECT_EQ(root(2, Rounding::toward_zero), gives(0x1.6a09e667f3bccp0, inexact));
  EXPECT_EQ(root(largest), gives(0x1.fffffffffffffp511, inexact));
  EXPECT_EQ(root(largest, Rounding::up), gives(0x1p512, inexact));
}

/// Whatever is drawn, the host's own arithmetic, which rounds to nearest, has the same values.
template <typename Float, typename Host>
void expect_values_of_the_host(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto draw = [&random] {
    auto bits = static_cast<decltype(Float{}.bits)>(random());
    if (random() % 2 == 0) {  // exponents near one another
      const auto exponents = static_cast<decltype(bits)>(sizeof(Float) == 4 ? 0x3f80'0000 : 0x3f80'0000'0000'0000);
      bits = (bits & ~(exponents << 1)) | exponents;
    }
    return Float{bits};
  };
  const auto expect_same = [](Float ours, Host host) {
    if (std::isnan(host)) {
      ASSERT_TRUE(std::isnan(std::bit_cast<Host>(ours.bits)));
    } else {
      ASSERT_EQ(ours.bits, std::bit_cast<decltype(Float{}.bits)>(host));
    }
  };
  Flags flags = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Float a = draw();
    const Float b = draw();
    const Float c = draw();
    const auto [x, y, z] = std::array{std::bit_cast<Host>(a), std::bit_cast<Host>(b), std::bit_cast<Host>(c)};
    expect_same(add(a, b, Rounding::nearest_even, flags), x + y);
    expect_same(subtract(a, b, Rounding::nearest_even, flags), x - y);
    expect_same(multiply(a, b, Rounding::nearest_even, flags), x * y);
    expect_same(divide(a, b, Rounding::nearest_even, flags), x / y);
    expect_same(square_root(a, Rounding::nearest_even, flags), std::sqrt(x));
    expect_same(multiply_add(a, b, c, Rounding::nearest_even, flags), std::fma(x, y, z));
  }
}

TEST(Arithmetic, ValuesAreThoseOfTheHost) {
  expect_values_of_the_host<F32, float>(1);
  expect_values_of_the_host<F64, double>(2);
}

TEST(Arithmetic, SinglesRoundToTheirOwnPrecision) {
  Flags flags = 0;
  EXPECT_EQ(add(single(1), single(0x1p-24F), Rounding::nearest_even, flags), single(1));
  EXPECT_EQ(flags, inexact);
  EXPECT_EQ(add(single(1), single(0x1p-24F), Rounding::nearest_away, flags), single(1 + 0x1p-23F));
  flags = 0;
  EXPECT_EQ(multiply(single(0x1p100F), single(0x1p100F), Rounding::toward_zero, flags), F32{0x7f7f'ffff});
  EXPECT_EQ(flags, overflow | inexact);
  flags = 0;
  EXPECT_EQ(multiply(single(0x1p-100F), single(0x1p-49F), Rounding::nearest_even, flags), F32{0x0000'0001});
  EXPECT_EQ(flags, 0);
  EXPECT_EQ(multiply_add(single(0x1p-100F), single(0x1p-50F), single(0), Rounding::nearest_even, flags), F32{0});
  EXPECT_EQ(flags, underflow | inexact);
  flags = 0;
  EXPECT_EQ(divide(single(1), single(3), Rounding::up, flags), F32{0x3eaa'aaab});
  EXPECT_EQ(divide(single(1), single(3), Rounding::down, flags), F32{0x3eaa'aaaa});
  EXPECT_EQ(flags, inexact);
  EXPECT_EQ(square_root(single(2), Rounding::nearest_even, flags), F32{0x3fb5'04f3});
}

TEST(Arithmetic, TheHostsRoundingModeDoesNotMatter) {
  const int before = std::fegetround();
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    ASSERT_EQ(std::fesetround(mode), 0);
    const std::array outcomes{sum(1, least), product(least, 0.5), quotient(1, 3), root(2), fused(1, half_unit, 1)};
    ASSERT_EQ(std::fesetround(before), 0);
    const std::array expected{gives(1, inexact), gives(0, underflow | inexact), gives(0x1.5555555555555p-2, inexact),
                              gives(0x1.6a09e667f3bcdp0, inexact), gives(1, inexact)};
    EXPECT_EQ(outcomes, expected);
  }
}

}  // namespace
}  // namespace fermata::riscv::floating
