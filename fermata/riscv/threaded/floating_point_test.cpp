// SPDX-License-Identifier: MIT
//
// The arithmetic itself is tested in floating/; here that each instruction does the right one with the right registers,
// rounding mode, flags and FS.
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>

#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

constexpr unsigned mstatus = 0x300, fcsr = 3, fflags = 1;
constexpr std::uint64_t box(float value) { return 0xffff'ffff'0000'0000 | std::bit_cast<std::uint32_t>(value); }
constexpr std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }
constexpr Bits dynamic = 7;
constexpr std::uint64_t canonical = 0xffff'ffff'7fc0'0000;

class FloatingPoint : public ::testing::Test {
 protected:
  FloatingPoint() { board.set_csr(mstatus, 1 << 13); }

  void run(Bits instruction) {
    board.hart.set_pc(Board::ram_begin);
    board.execute({instruction});
  }
  std::uint64_t to_f(Bits instruction) {
    run(instruction);
    return board.hart.f(4);
  }
  std::uint64_t to_x(Bits instruction) {
    run(instruction);
    return board.hart.x(a2);
  }
  void set(std::uint64_t f1, std::uint64_t f2 = 0, std::uint64_t f3 = 0) {
    board.hart.set_f(1, f1);
    board.hart.set_f(2, f2);
    board.hart.set_f(3, f3);
  }
  Board board;
};

TEST_F(FloatingPoint, SingleArithmetic) {
  set(box(7.0F), box(2.0F), box(0.5F));
  EXPECT_EQ(to_f(op_fp(0x00, 4, 1, 2, dynamic)), box(9.0F));
  EXPECT_EQ(to_f(op_fp(0x04, 4, 1, 2, dynamic)), box(5.0F));
  EXPECT_EQ(to_f(op_fp(0x08, 4, 1, 2, dynamic)), box(14.0F));
  EXPECT_EQ(to_f(op_fp(0x0c, 4, 1, 2, dynamic)), box(3.5F));
  EXPECT_EQ(to_f(fma(0x43, false, 4, 1, 2, 3, dynamic)), box(14.5F));
  EXPECT_EQ(to_f(fma(0x47, false, 4, 1, 2, 3, dynamic)), box(13.5F));
  EXPECT_EQ(to_f(fma(0x4b, false, 4, 1, 2, 3, dynamic)), box(-13.5F));
  EXPECT_EQ(to_f(fma(0x4f, false, 4, 1, 2, 3, dynamic)), box(-14.5F));
  EXPECT_EQ(to_f(op_fp(0x14, 4, 1, 2, 0)), box(2.0F));
  EXPECT_EQ(to_f(op_fp(0x14, 4, 1, 2, 1)), box(7.0F));
  set(box(9.0F), box(-2.0F));
  EXPECT_EQ(to_f(op_fp(0x2c, 4, 1, 0, dynamic)), box(3.0F));
  EXPECT_EQ(to_f(op_fp(0x10, 4, 1, 2, 0)), box(-9.0F));
  EXPECT_EQ(to_f(op_fp(0x10, 4, 1, 2, 1)), box(9.0F));
  EXPECT_EQ(to_f(op_fp(0x10, 4, 1, 2, 2)), box(-9.0F));
  EXPECT_EQ(board.csr(fflags), 0U);
}

TEST_F(FloatingPoint, DoubleArithmetic) {
  set(bits(7.0), bits(2.0), bits(0.5));
  EXPECT_EQ(to_f(op_fp(0x01, 4, 1, 2, dynamic)), bits(9.0));
  EXPECT_EQ(to_f(op_fp(0x05, 4, 1, 2, dynamic)), bits(5.0));
  EXPECT_EQ(to_f(op_fp(0x09, 4, 1, 2, dynamic)), bits(14.0));
  EXPECT_EQ(to_f(op_fp(0x0d, 4, 1, 2, dynamic)), bits(3.5));
  EXPECT_EQ(to_f(fma(0x43, true, 4, 1, 2, 3, dynamic)), bits(14.5));
  EXPECT_EQ(to_f(fma(0x47, true, 4, 1, 2, 3, dynamic)), bits(13.5));
  EXPECT_EQ(to_f(fma(0x4b, true, 4, 1, 2, 3, dynamic)), bits(-13.5));
  EXPECT_EQ(to_f(fma(0x4f, true, 4, 1, 2, 3, dynamic)), bits(-14.5));
  EXPECT_EQ(to_f(op_fp(0x15, 4, 1, 2, 0)), bits(2.0));
  EXPECT_EQ(to_f(op_fp(0x15, 4, 1, 2, 1)), bits(7.0));
  set(bits(9.0), bits(-2.0));
  EXPECT_EQ(to_f(op_fp(0x2d, 4, 1, 0, dynamic)), bits(3.0));
  EXPECT_EQ(to_f(op_fp(0x11, 4, 1, 2, 0)), bits(-9.0));
  EXPECT_EQ(to_f(op_fp(0x11, 4, 1, 2, 1)), bits(9.0));
  EXPECT_EQ(to_f(op_fp(0x11, 4, 1, 2, 2)), bits(-9.0));
}

TEST_F(FloatingPoint, ComparesAndClassifies) {
  set(box(1.0F), box(2.0F));
  EXPECT_EQ(to_x(op_fp(0x50, a2, 1, 2, 2)), 0U);  // feq
  EXPECT_EQ(to_x(op_fp(0x50, a2, 1, 2, 1)), 1U);  // flt
  EXPECT_EQ(to_x(op_fp(0x50, a2, 1, 1, 0)), 1U);  // fle
  EXPECT_EQ(to_x(op_fp(0x70, a2, 1, 0, 1)), 1U << 6);
  set(bits(-1.0), bits(2.0));
  EXPECT_EQ(to_x(op_fp(0x51, a2, 1, 1, 2)), 1U);
  EXPECT_EQ(to_x(op_fp(0x51, a2, 2, 1, 1)), 0U);
  EXPECT_EQ(to_x(op_fp(0x51, a2, 2, 1, 0)), 0U);
  EXPECT_EQ(to_x(op_fp(0x71, a2, 1, 0, 1)), 1U << 1);
}

TEST_F(FloatingPoint, ConvertsToIntegers) {
  for (const Bits format : {0U, 1U}) {
    set(format == 0 ? box(-1.5F) : bits(-1.5));
    EXPECT_EQ(to_x(op_fp(0x60 | format, a2, 1, 0, 1)), ~std::uint64_t{0});      // .w, toward zero
    EXPECT_EQ(to_x(op_fp(0x60 | format, a2, 1, 0, 2)), ~std::uint64_t{0} - 1);  // down
    EXPECT_EQ(to_x(op_fp(0x60 | format, a2, 1, 2, 0)), ~std::uint64_t{0} - 1);  // .l, nearest even
    EXPECT_EQ(to_x(op_fp(0x60 | format, a2, 1, 1, 1)), 0U);                     // .wu
    EXPECT_EQ(to_x(op_fp(0x60 | format, a2, 1, 3, 1)), 0U);                     // .lu
    set(format == 0 ? box(3e9F) : bits(3e9));
    EXPECT_EQ(to_x(op_fp(0x60 | format, a2, 1, 1, 1)), 0xffff'ffff'b2d0'5e00U);  // .wu sign-extends
    EXPECT_EQ(to_x(op_fp(0x60 | format, a2, 1, 0, 1)), 0x7fff'ffffU);
  }
}

TEST_F(FloatingPoint, ConvertsFromIntegersAndBetweenFormats) {
  board.hart.set_x(a0, 0xffff'ffff'ffff'ffff);
  EXPECT_EQ(to_f(op_fp(0x68, 4, a0, 0, 0)), box(-1.0F));
  EXPECT_EQ(to_f(op_fp(0x68, 4, a0, 1, 0)), box(4294967296.0F));
  EXPECT_EQ(to_f(op_fp(0x68, 4, a0, 2, 0)), box(-1.0F));
  EXPECT_EQ(to_f(op_fp(0x68, 4, a0, 3, 0)), box(18446744073709551616.0F));
  EXPECT_EQ(to_f(op_fp(0x69, 4, a0, 0, 0)), bits(-1.0));
  EXPECT_EQ(to_f(op_fp(0x69, 4, a0, 1, 0)), bits(4294967295.0));
  EXPECT_EQ(to_f(op_fp(0x69, 4, a0, 2, 0)), bits(-1.0));
  EXPECT_EQ(to_f(op_fp(0x69, 4, a0, 3, 1)), bits(18446744073709549568.0));
  set(bits(0.1));
  EXPECT_EQ(to_f(op_fp(0x20, 4, 1, 1, 0)), box(0.1F));
  set(box(0.5F));
  EXPECT_EQ(to_f(op_fp(0x21, 4, 1, 0, 0)), bits(0.5));
}

TEST_F(FloatingPoint, MovesBits) {
  set(0x1234'5678'8765'4321);
  EXPECT_EQ(to_x(op_fp(0x70, a2, 1, 0, 0)), 0xffff'ffff'8765'4321U);
  EXPECT_EQ(to_x(op_fp(0x71, a2, 1, 0, 0)), 0x1234'5678'8765'4321U);
  board.hart.set_x(a0, 0x1111'2222'3333'4444);
  EXPECT_EQ(to_f(op_fp(0x78, 4, a0, 0, 0)), 0xffff'ffff'3333'4444U);
  EXPECT_EQ(to_f(op_fp(0x79, 4, a0, 0, 0)), 0x1111'2222'3333'4444U);
}

TEST_F(FloatingPoint, ASingleThatIsNotBoxedIsANan) {
  set(bits(1.0), box(1.0F));
  EXPECT_EQ(to_f(op_fp(0x00, 4, 1, 2, dynamic)), canonical);
  EXPECT_EQ(to_f(op_fp(0x10, 4, 1, 1, 0)), canonical);
}

TEST_F(FloatingPoint, RoundsAsTheInstructionOrFrmSays) {
  set(box(1.0F), box(3.0F));
  const std::uint64_t down = to_f(op_fp(0x0c, 4, 1, 2, 2));
  EXPECT_EQ(to_f(op_fp(0x0c, 4, 1, 2, 3)), down + 1);
  board.set_csr(2, 2);
  EXPECT_EQ(to_f(op_fp(0x0c, 4, 1, 2, dynamic)), down);
  board.set_csr(2, 3);
  EXPECT_EQ(to_f(op_fp(0x0c, 4, 1, 2, dynamic)), down + 1);
  EXPECT_EQ(board.csr(fflags), 1U);  // inexact
}

TEST_F(FloatingPoint, ARoundingModeThatIsNoneIsIllegalAndNotCounted) {
  const std::uint64_t before = board.csr(0xb02);
  run(op_fp(0x00, 4, 1, 2, 5));
  board.set_csr(2, 6);
  run(op_fp(0x00, 4, 1, 2, dynamic));
  ASSERT_EQ(board.log.traps.size(), 2U);
  EXPECT_EQ(board.log.traps[0].cause, 2U);
  EXPECT_EQ(board.log.traps[0].value, op_fp(0x00, 4, 1, 2, 5));
  EXPECT_EQ(board.log.traps[1].cause, 2U);
  EXPECT_EQ(board.csr(0xb02), before + 3);  // the CSR's, and twice one of the handler
}

TEST_F(FloatingPoint, MakesTheStateDirty) {
  const auto fs_after = [&](Bits instruction) {
    board.set_csr(mstatus, 1 << 13);
    run(instruction);
    return board.csr(mstatus) >> 13 & 3;
  };
  set(box(1.0F), box(3.0F));
  EXPECT_EQ(fs_after(op_fp(0x50, a2, 1, 2, 2)), 1U);  // feq without a flag
  EXPECT_EQ(fs_after(op_fp(0x70, a2, 1, 0, 0)), 1U);  // fmv.x.w
  EXPECT_EQ(fs_after(fsw(1, sp, 0)), 1U);
  EXPECT_EQ(fs_after(op_fp(0x00, 4, 1, 2, 0)), 3U);
  set(canonical ^ 0x0040'0000 ^ 1, box(1.0F));
  EXPECT_EQ(fs_after(op_fp(0x50, a2, 1, 2, 2)), 3U);  // a signalling NaN sets a flag
  EXPECT_EQ(board.csr(fcsr), 16U);
}

TEST_F(FloatingPoint, IsIllegalWhileOff) {
  board.set_csr(mstatus, 0);
  for (const Bits bits_of : {op_fp(0x00, 4, 1, 2, 0), op_fp(0x50, a2, 1, 2, 2), fma(0x43, true, 4, 1, 2, 3, 0),
                             flw(1, a0, 0), fsd(1, a0, 0)}) {
    board.log.traps.clear();
    run(bits_of);
    ASSERT_EQ(board.log.traps.size(), 1U);
    EXPECT_EQ(board.log.traps[0].cause, 2U);
    EXPECT_EQ(board.log.traps[0].value, bits_of);
  }
}

TEST_F(FloatingPoint, LoadsAndStores) {
  board.hart.set_x(a0, Board::data);
  board.poke(Board::data, std::uint64_t{0x1122'3344'5566'7788});
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(to_f(flw(4, a0, 4)), 0xffff'ffff'1122'3344U);
    EXPECT_EQ(to_f(fld(4, a0, 0)), 0x1122'3344'5566'7788U);
    EXPECT_EQ(to_f(fld(4, a0, 4)), 0x1122'3344U | board.peek<std::uint64_t>(Board::data + 8) << 32);  // not aligned
    set(0xaaaa'bbbb'cccc'dddd);
    run(fsw(1, a0, 16));
    run(fsd(1, a0, 24));
    run(fsd(1, a0, 36));
    EXPECT_EQ(board.peek<std::uint64_t>(Board::data + 16), 0xcccc'ddddU);
    EXPECT_EQ(board.peek<std::uint64_t>(Board::data + 24), 0xaaaa'bbbb'cccc'ddddU);
    EXPECT_EQ(board.peek<std::uint64_t>(Board::data + 36), 0xaaaa'bbbb'cccc'ddddU);
  }
  run(fld(4, a2, 0));
  EXPECT_EQ(board.log.traps.size(), 1U);
}

}  // namespace
}  // namespace fermata::riscv::testing
