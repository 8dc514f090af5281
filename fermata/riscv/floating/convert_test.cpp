// SPDX-License-Identifier: MIT
#include "fermata/riscv/floating/convert.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <limits>

namespace fermata::riscv::floating {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr F32 signalling_32{0xff80'0001};
constexpr F64 signalling_64{0x7ff0'0000'0000'0001};

F32 single(float value) { return {std::bit_cast<std::uint32_t>(value)}; }
F64 twice(double value) { return {std::bit_cast<std::uint64_t>(value)}; }

template <typename Integer>
struct Outcome {
  Integer value;
  int flags;
  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend std::ostream& operator<<(std::ostream& to, const Outcome& outcome) {
    return to << outcome.value << " flags " << outcome.flags;
  }
};

Outcome<std::int32_t> int32(double value, Rounding rounding = Rounding::toward_zero) {
  Flags flags = 0;
  const std::int32_t result = to_int32(twice(value), rounding, flags);
  return {result, flags};
}
Outcome<std::uint32_t> uint32(double value, Rounding rounding = Rounding::toward_zero) {
  Flags flags = 0;
  const std::uint32_t result = to_uint32(twice(value), rounding, flags);
  return {result, flags};
}
Outcome<std::int64_t> int64(double value, Rounding rounding = Rounding::toward_zero) {
  Flags flags = 0;
  const std::int64_t result = to_int64(twice(value), rounding, flags);
  return {result, flags};
}
Outcome<std::uint64_t> uint64(double value, Rounding rounding = Rounding::toward_zero) {
  Flags flags = 0;
  const std::uint64_t result = to_uint64(twice(value), rounding, flags);
  return {result, flags};
}

constexpr std::int32_t int32_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t int32_min = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t int64_min = std::numeric_limits<std::int64_t>::min();

TEST(Convert, RoundsToAnIntegerInEachDirection) {
  using Row = std::array<std::int32_t, 5>;  // in the order of the rounding modes
  const auto expect_row = [](double value, const Row& row) {
    for (unsigned mode = 0; mode < row.size(); ++mode) {
      EXPECT_EQ(int32(value, static_cast<Rounding>(mode)), (Outcome<std::int32_t>{row.at(mode), inexact}))
          << value << " in mode " << mode;
    }
  };
  expect_row(2.5, {2, 2, 2, 3, 3});
  expect_row(3.5, {4, 3, 3, 4, 4});
  expect_row(-2.5, {-2, -2, -3, -2, -3});
  expect_row(-0.5, {0, 0, -1, 0, -1});
  expect_row(0.5000001, {1, 0, 0, 1, 1});
  expect_row(5e-324, {0, 0, 0, 1, 0});
  expect_row(-5e-324, {0, 0, -1, 0, 0});
  EXPECT_EQ(int32(-7), (Outcome<std::int32_t>{-7, 0}));
  EXPECT_EQ(int32(-0.0), (Outcome<std::int32_t>{0, 0}));
}

TEST(Convert, TheEndsOf32Bits) {
  EXPECT_EQ(int32(2147483647.0), (Outcome<std::int32_t>{int32_max, 0}));
  EXPECT_EQ(int32(2147483647.5), (Outcome<std::int32_t>{int32_max, inexact}));
  EXPECT_EQ(int32(2147483647.5, Rounding::nearest_even), (Outcome<std::int32_t>{int32_max, invalid}));
  EXPECT_EQ(int32(2147483648.0), (Outcome<std::int32_t>{int32_max, invalid}));
  EXPECT_EQ(int32(-2147483648.0), (Outcome<std::int32_t>{int32_min, 0}));
  EXPECT_EQ(int32(-2147483648.5), (Outcome<std::int32_t>{int32_min, inexact}));
  EXPECT_EQ(int32(-2147483648.5, Rounding::down), (Outcome<std::int32_t>{int32_min, invalid}));
  EXPECT_EQ(uint32(4294967295.0), (Outcome<std::uint32_t>{0xffff'ffff, 0}));
  EXPECT_EQ(uint32(4294967295.5, Rounding::up), (Outcome<std::uint32_t>{0xffff'ffff, invalid}));
  EXPECT_EQ(uint32(4294967296.0), (Outcome<std::uint32_t>{0xffff'ffff, invalid}));
  EXPECT_EQ(uint32(-0.75), (Outcome<std::uint32_t>{0, inexact}));
  EXPECT_EQ(uint32(-0.75, Rounding::down), (Outcome<std::uint32_t>{0, invalid}));
  EXPECT_EQ(uint32(-0.5, Rounding::nearest_even), (Outcome<std::uint32_t>{0, inexact}));
  EXPECT_EQ(uint32(-1.0), (Outcome<std::uint32_t>{0, invalid}));
  EXPECT_EQ(uint32(-0.0), (Outcome<std::uint32_t>{0, 0}));
}

TEST(Convert, TheEndsOf64Bits) {
  EXPECT_EQ(int64(0x1.fffffffffffffp62), (Outcome<std::int64_t>{0x7fff'ffff'ffff'fc00, 0}));
  EXPECT_EQ(int64(0x1p63), (Outcome<std::int64_t>{int64_max, invalid}));
  EXPECT_EQ(int64(-0x1p63), (Outcome<std::int64_t>{int64_min, 0}));
  EXPECT_EQ(int64(-0x1.0000000000001p63), (Outcome<std::int64_t>{int64_min, invalid}));
  EXPECT_EQ(uint64(0x1.fffffffffffffp63), (Outcome<std::uint64_t>{0xffff'ffff'ffff'f800, 0}));
  EXPECT_EQ(uint64(0x1p64), (Outcome<std::uint64_t>{~std::uint64_t{0}, invalid}));
  EXPECT_EQ(uint64(-1e300), (Outcome<std::uint64_t>{0, invalid}));
  EXPECT_EQ(uint64(0x1.8p52), (Outcome<std::uint64_t>{0x0018'0000'0000'0000, 0}));
  EXPECT_EQ(uint64(0x1.8p0), (Outcome<std::uint64_t>{1, inexact}));
}

TEST(Convert, NansAndInfinitiesGiveTheBounds) {
  for (const F64 nan : {canonical_nan_64, signalling_64, negate(canonical_nan_64)}) {
    Flags flags = 0;
    EXPECT_EQ(to_int32(nan, Rounding::nearest_even, flags), int32_max);
    EXPECT_EQ(to_uint32(nan, Rounding::nearest_even, flags), 0xffff'ffffU);
    EXPECT_EQ(to_int64(nan, Rounding::nearest_even, flags), int64_max);
    EXPECT_EQ(to_uint64(nan, Rounding::nearest_even, flags), ~std::uint64_t{0});
    EXPECT_EQ(flags, invalid);
  }
  EXPECT_EQ(int32(infinity), (Outcome<std::int32_t>{int32_max, invalid}));
  EXPECT_EQ(int32(-infinity), (Outcome<std::int32_t>{int32_min, invalid}));
  EXPECT_EQ(uint64(-infinity), (Outcome<std::uint64_t>{0, invalid}));
  Flags flags = 0;
  EXPECT_EQ(to_int64(single(-std::numeric_limits<float>::infinity()), Rounding::up, flags), int64_min);
  EXPECT_EQ(to_uint32(signalling_32, Rounding::up, flags), 0xffff'ffffU);
  EXPECT_EQ(flags, invalid);
}

TEST(Convert, SinglesToIntegers) {
  Flags flags = 0;
  EXPECT_EQ(to_int32(single(-1.0F), Rounding::nearest_even, flags), -1);
  EXPECT_EQ(to_uint64(single(0x1p63F), Rounding::nearest_even, flags), std::uint64_t{1} << 63);
  EXPECT_EQ(to_int64(single(-0x1p63F), Rounding::nearest_even, flags), int64_min);
  EXPECT_EQ(flags, 0);
  EXPECT_EQ(to_uint32(single(0.5F), Rounding::nearest_away, flags), 1U);
  EXPECT_EQ(flags, inexact);
}

TEST(Convert, FromIntegers) {
  Flags flags = 0;
  EXPECT_EQ(f64_from_signed(0, Rounding::down, flags), twice(0.0));
  EXPECT_EQ(f64_from_signed(-1, Rounding::down, flags), twice(-1.0));
  EXPECT_EQ(f64_from_signed(int64_min, Rounding::up, flags), twice(-0x1p63));
  EXPECT_EQ(f32_from_unsigned(std::uint64_t{1} << 63, Rounding::up, flags), single(0x1p63F));
  EXPECT_EQ(f32_from_signed(16'777'216, Rounding::up, flags), single(16'777'216.0F));
  EXPECT_EQ(flags, 0);
  EXPECT_EQ(f32_from_signed(16'777'217, Rounding::nearest_even, flags), single(16'777'216.0F));
  EXPECT_EQ(flags, inexact);
  EXPECT_EQ(f32_from_signed(16'777'217, Rounding::nearest_away, flags), single(16'777'218.0F));
  EXPECT_EQ(f32_from_signed(-16'777'217, Rounding::down, flags), single(-16'777'218.0F));
  EXPECT_EQ(f64_from_unsigned(~std::uint64_t{0}, Rounding::nearest_even, flags), twice(0x1p64));
  EXPECT_EQ(f64_from_unsigned(~std::uint64_t{0}, Rounding::toward_zero, flags), twice(0x1.fffffffffffffp63));
  EXPECT_EQ(flags, inexact);
}

TEST(Convert, BetweenTheFormats) {
  Flags flags = 0;
  EXPECT_EQ(to_f64(single(1.5F), flags), twice(1.5));
  EXPECT_EQ(to_f64(F32{0x0000'0001}, flags), twice(0x1p-149));
  EXPECT_EQ(to_f64(single(-0.0F), flags), twice(-0.0));
  EXPECT_EQ(to_f64(F32{0xff80'0000}, flags), twice(-infinity));
  EXPECT_EQ(to_f64(F32{0xffc0'0001}, flags), canonical_nan_64);
  EXPECT_EQ(to_f32(twice(-infinity), Rounding::up, flags), F32{0xff80'0000});
  EXPECT_EQ(to_f32(twice(0x1p-149), Rounding::up, flags), F32{0x0000'0001});
  EXPECT_EQ(to_f32(negate(canonical_nan_64), Rounding::up, flags), canonical_nan_32);
  EXPECT_EQ(flags, 0);
  EXPECT_EQ(to_f64(signalling_32, flags), canonical_nan_64);
  EXPECT_EQ(flags, invalid);
  flags = 0;
  EXPECT_EQ(to_f32(signalling_64, Rounding::up, flags), canonical_nan_32);
  EXPECT_EQ(flags, invalid);
}

TEST(Convert, NarrowingOverflowsAndUnderflows) {
  Flags flags = 0;
  EXPECT_EQ(to_f32(twice(1e300), Rounding::nearest_even, flags), F32{0x7f80'0000});
  EXPECT_EQ(flags, overflow | inexact);
  EXPECT_EQ(to_f32(twice(-1e300), Rounding::up, flags), F32{0xff7f'ffff});
  flags = 0;
  EXPECT_EQ(to_f32(twice(5e-324), Rounding::nearest_even, flags), F32{0});
  EXPECT_EQ(flags, underflow | inexact);
  EXPECT_EQ(to_f32(twice(5e-324), Rounding::up, flags), F32{1});
  // Tiny or not is seen after rounding to 24 bits: the first would be 2^-126 with them, the second would not.
  flags = 0;
  EXPECT_EQ(to_f32(twice(0x1.fffffffp-127), Rounding::nearest_even, flags), F32{0x0080'0000});
  EXPECT_EQ(flags, inexact);
  flags = 0;
  EXPECT_EQ(to_f32(twice(0x1.fffffep-127), Rounding::nearest_even, flags), F32{0x0080'0000});
  EXPECT_EQ(flags, underflow | inexact);
}

}  // namespace
}  // namespace fermata::riscv::floating
