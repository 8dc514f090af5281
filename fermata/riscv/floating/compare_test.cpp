// SPDX-License-Identifier: MIT
#include "fermata/riscv/floating/compare.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <vector>

namespace fermata::riscv::floating {
namespace {

F32 single(float value) { return {std::bit_cast<std::uint32_t>(value)}; }
F64 twice(double value) { return {std::bit_cast<std::uint64_t>(value)}; }

constexpr F32 signalling_32{0x7f80'0001};
constexpr F32 negative_quiet_32{0xffc0'0001};
constexpr F64 signalling_64{0xfff0'0000'0000'0001};
constexpr F64 quiet_64{0x7ff8'0000'0000'0001};

/// In ascending order.
template <typename Float>
std::vector<Float> ascending() {
  using Bits = decltype(Float{}.bits);
  constexpr Bits sign = Bits{1} << (sizeof(Bits) * 8 - 1);
  const Bits infinity = sizeof(Bits) == 4 ? Bits{0x7f80'0000} : static_cast<Bits>(0x7ff0'0000'0000'0000);
  const Bits least_normal = sizeof(Bits) == 4 ? Bits{0x0080'0000} : static_cast<Bits>(0x0010'0000'0000'0000);
  const std::array<Bits, 6> magnitudes{1, least_normal - 1, least_normal, least_normal * 3, infinity - 1, infinity};
  std::vector<Float> numbers;
  for (auto at = magnitudes.rbegin(); at != magnitudes.rend(); ++at) {
    numbers.push_back({static_cast<Bits>(*at | sign)});
  }
  numbers.push_back({0});
  for (const Bits bits : magnitudes) {
    numbers.push_back({bits});
  }
  return numbers;
}

template <typename Float>
void expect_total_order() {
  const std::vector<Float> numbers = ascending<Float>();
  Flags flags = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    for (std::size_t j = 0; j < numbers.size(); ++j) {
      EXPECT_EQ(is_equal(numbers[i], numbers[j], flags), i == j);
      EXPECT_EQ(is_less(numbers[i], numbers[j], flags), i < j);
      EXPECT_EQ(is_less_or_equal(numbers[i], numbers[j], flags), i <= j);
      EXPECT_EQ(minimum(numbers[i], numbers[j], flags), numbers[std::min(i, j)]);
      EXPECT_EQ(maximum(numbers[i], numbers[j], flags), numbers[std::max(i, j)]);
    }
  }
  EXPECT_EQ(flags, 0);
}

TEST(Compare, NumbersAreInTheirOrder) {
  expect_total_order<F32>();
  expect_total_order<F64>();
}

TEST(Compare, TheZerosAreEqualButNotForMinimumAndMaximum) {
  Flags flags = 0;
  EXPECT_TRUE(is_equal(single(0.0F), single(-0.0F), flags));
  EXPECT_FALSE(is_less(single(-0.0F), single(0.0F), flags));
  EXPECT_TRUE(is_less_or_equal(single(0.0F), single(-0.0F), flags));
  EXPECT_TRUE(is_equal(twice(0.0), twice(-0.0), flags));
  EXPECT_EQ(minimum(single(0.0F), single(-0.0F), flags), single(-0.0F));
  EXPECT_EQ(minimum(single(-0.0F), single(0.0F), flags), single(-0.0F));
  EXPECT_EQ(maximum(single(-0.0F), single(0.0F), flags), single(0.0F));
  EXPECT_EQ(maximum(twice(0.0), twice(-0.0), flags), twice(0.0));
  EXPECT_EQ(flags, 0);
}

template <typename Float>
void expect_nan_rules(Float number, Float quiet, Float signalling) {
  const auto flags_of = [](auto compare, Float a, Float b) {
    Flags flags = inexact;  // stays
    EXPECT_FALSE(compare(a, b, flags));
    return flags & ~inexact;
  };
  const auto equal = [](Float a, Float b, Flags& flags) { return is_equal(a, b, flags); };
  const auto less = [](Float a, Float b, Flags& flags) { return is_less(a, b, flags); };
  const auto less_or_equal = [](Float a, Float b, Flags& flags) { return is_less_or_equal(a, b, flags); };
  EXPECT_EQ(flags_of(equal, quiet, quiet), 0);
  EXPECT_EQ(flags_of(equal, number, quiet), 0);
  EXPECT_EQ(flags_of(equal, signalling, number), invalid);
  EXPECT_EQ(flags_of(equal, quiet, signalling), invalid);
  EXPECT_EQ(flags_of(less, quiet, number), invalid);
  EXPECT_EQ(flags_of(less, number, signalling), invalid);
  EXPECT_EQ(flags_of(less_or_equal, quiet, quiet), invalid);
  EXPECT_EQ(flags_of(less_or_equal, number, quiet), invalid);
}

TEST(Compare, EqualIsQuietAndLessSignals) {
  expect_nan_rules(single(1.0F), negative_quiet_32, signalling_32);
  expect_nan_rules(twice(1.0), quiet_64, signalling_64);
}

TEST(Compare, MinimumAndMaximumPreferNumbers) {
  Flags flags = 0;
  EXPECT_EQ(minimum(single(3.0F), negative_quiet_32, flags), single(3.0F));
  EXPECT_EQ(maximum(negative_quiet_32, single(3.0F), flags), single(3.0F));
  EXPECT_EQ(minimum(negative_quiet_32, negative_quiet_32, flags), canonical_nan_32);
  EXPECT_EQ(flags, 0);
  EXPECT_EQ(maximum(twice(3.0), signalling_64, flags), twice(3.0));
  EXPECT_EQ(flags, invalid);
  flags = 0;
  EXPECT_EQ(minimum(signalling_64, quiet_64, flags), canonical_nan_64);
  EXPECT_EQ(flags, invalid);
}

TEST(Compare, ClassesAreOneBitEach) {
  EXPECT_EQ(classify(single(-std::numeric_limits<float>::infinity())), 1U << 0);
  EXPECT_EQ(classify(single(-1.0F)), 1U << 1);
  EXPECT_EQ(classify(F32{0x807f'ffff}), 1U << 2);
  EXPECT_EQ(classify(single(-0.0F)), 1U << 3);
  EXPECT_EQ(classify(single(0.0F)), 1U << 4);
  EXPECT_EQ(classify(F32{0x0000'0001}), 1U << 5);
  EXPECT_EQ(classify(F32{0x0080'0000}), 1U << 6);
  EXPECT_EQ(classify(single(std::numeric_limits<float>::infinity())), 1U << 7);
  EXPECT_EQ(classify(signalling_32), 1U << 8);
  EXPECT_EQ(classify(negative_quiet_32), 1U << 9);
  EXPECT_EQ(classify(twice(-std::numeric_limits<double>::infinity())), 1U << 0);
  EXPECT_EQ(classify(twice(-2.0)), 1U << 1);
  EXPECT_EQ(classify(twice(-5e-324)), 1U << 2);
  EXPECT_EQ(classify(twice(-0.0)), 1U << 3);
  EXPECT_EQ(classify(twice(0.0)), 1U << 4);
  EXPECT_EQ(classify(twice(5e-324)), 1U << 5);
  EXPECT_EQ(classify(twice(2.0)), 1U << 6);
  EXPECT_EQ(classify(twice(std::numeric_limits<double>::infinity())), 1U << 7);
  EXPECT_EQ(classify(signalling_64), 1U << 8);
  EXPECT_EQ(classify(quiet_64), 1U << 9);
}

TEST(Compare, SignInjectionTakesAnyBits) {
  EXPECT_EQ(with_sign_of(single(1.0F), single(-0.0F)), single(-1.0F));
  EXPECT_EQ(with_opposite_sign_of(single(1.0F), single(-0.0F)), single(1.0F));
  EXPECT_EQ(with_opposite_sign_of(single(-1.0F), single(2.0F)), single(-1.0F));
  EXPECT_EQ(with_xored_sign_of(single(-1.0F), single(-2.0F)), single(1.0F));
  EXPECT_EQ(with_xored_sign_of(single(1.0F), single(-2.0F)), single(-1.0F));
  EXPECT_EQ(with_sign_of(signalling_64, twice(1.0)), F64{0x7ff0'0000'0000'0001});
  EXPECT_EQ(with_opposite_sign_of(twice(1.0), quiet_64), twice(-1.0));
  EXPECT_EQ(with_xored_sign_of(quiet_64, signalling_64), F64{0xfff8'0000'0000'0001});
}

}  // namespace
}  // namespace fermata::riscv::floating
