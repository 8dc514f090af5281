// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdint>

#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

constexpr std::uint64_t begin = Board::ram_begin;
constexpr std::uint64_t all = ~std::uint64_t{0};

std::uint64_t pc_after(Bits instruction, std::uint64_t a, std::uint64_t b) {
  Board board;
  board.execute({instruction}, {{a0, a}, {a1, b}});
  return board.hart.pc();
}

TEST(Control, BranchesAsTheirConditionSays) {
  struct Case {
    Bits instruction;
    std::uint64_t a, b;
    bool is_taken;
  };
  for (const Case& c :
       {Case{beq(a0, a1, 64), 1, 1, true}, Case{beq(a0, a1, 64), 1, 2, false}, Case{bne(a0, a1, 64), 1, 2, true},
        Case{bne(a0, a1, 64), 2, 2, false}, Case{blt(a0, a1, 64), all, 0, true}, Case{blt(a0, a1, 64), 0, all, false},
        Case{blt(a0, a1, 64), 3, 3, false}, Case{bge(a0, a1, 64), 0, all, true}, Case{bge(a0, a1, 64), 3, 3, true},
        Case{bge(a0, a1, 64), all, 0, false}, Case{bltu(a0, a1, 64), 0, all, true},
        Case{bltu(a0, a1, 64), all, 0, false}, Case{bgeu(a0, a1, 64), all, 0, true},
        Case{bgeu(a0, a1, 64), 0, all, false}}) {
    EXPECT_EQ(pc_after(c.instruction, c.a, c.b), begin + (c.is_taken ? 64 : 4)) << std::hex << c.instruction;
  }
}

TEST(Control, OffsetsReachAsFarAsTheyCan) {
  for (const std::int32_t offset : {-4096, 4094}) {
    EXPECT_EQ(pc_after(beq(0, 0, offset), 0, 0), begin + static_cast<std::uint64_t>(std::int64_t{offset}));
  }
  for (const std::int32_t offset : {-0x10'0000, 0xf'fffe}) {
    EXPECT_EQ(pc_after(jal(0, offset), 0, 0), begin + static_cast<std::uint64_t>(std::int64_t{offset}));
  }
  EXPECT_EQ(pc_after(jalr(0, a0, -2048), begin, 0), begin - 2048);
}

TEST(Control, LinksToTheInstructionBehind) {
  Board board;
  board.execute({nop(), jal(ra, 8)});
  EXPECT_EQ(board.hart.x(ra), begin + 8);
  EXPECT_EQ(board.hart.pc(), begin + 12);
  board.execute({jalr(ra, ra, 101)});  // the target is computed before the link is written, its bit 0 cleared
  EXPECT_EQ(board.hart.pc(), begin + 8 + 100);
  EXPECT_EQ(board.hart.x(ra), begin + 16);
  board.execute({0x9502 /* c.jalr a0 */}, {{a0, begin + 0x200}});
  EXPECT_EQ(board.hart.pc(), begin + 0x200);
  EXPECT_EQ(board.hart.x(ra), begin + 110);
}

TEST(Control, ALoopWithinAPage) {
  Board board;
  board.put(begin, {addi(a0, a0, -1), add(a1, a1, a0), bne(a0, 0, -8), addi(a2, 0, 1)});
  board.hart.set_x(a0, 1000);
  EXPECT_EQ(board.hart.run(3001).executed, 3001U);
  EXPECT_EQ(board.hart.x(a1), 999U * 1000 / 2);
  EXPECT_EQ(board.hart.x(a2), 1U);
}

TEST(Control, ALoopAcrossPages) {
  Board board;
  const std::uint64_t here = begin + 0xffc;
  board.put(here, {addi(a0, a0, -1), bne(a0, 0, -0x800)});  // in the next page, and back into this one
  board.put(here + 4 - 0x800, {addi(a1, a1, 1), jal(0, 0x800 - 8)});
  board.hart.set_x(a0, 100);
  board.hart.set_pc(here);
  EXPECT_EQ(board.hart.run(99 * 4 + 2).executed, 99U * 4 + 2);
  EXPECT_EQ(board.hart.x(a1), 99U);
  EXPECT_EQ(board.hart.pc(), here + 8);
}

TEST(Control, CallsAndReturns) {
  Board board;
  const std::uint64_t function = begin + 0x3000;
  board.put(begin, {jal(ra, 0x3000), addi(a0, a0, -1), bne(a0, 0, -8)});
  board.put(function, {addi(a1, a1, 3), jalr(0, ra, 0)});
  board.hart.set_x(a0, 50);
  EXPECT_EQ(board.hart.run(50 * 5).executed, 250U);
  EXPECT_EQ(board.hart.x(a1), 150U);
  EXPECT_EQ(board.hart.pc(), begin + 12);
}

TEST(Control, InstructionsAcrossPagesRunEachTime) {
  Board board;
  const std::uint64_t here = begin + 0xffe;
  board.put(here - 4, {nop(), addi(a0, a0, 1), jal(0, -8)});  // the second one lies in two pages
  board.hart.set_pc(here - 4);
  EXPECT_EQ(board.hart.run(300).executed, 300U);
  EXPECT_EQ(board.hart.x(a0), 100U);
  board.put(here, {addi(a0, a0, 2)});  // both halves may change on their own
  EXPECT_EQ(board.hart.run(300).executed, 300U);
  EXPECT_EQ(board.hart.x(a0), 300U);
}

TEST(Control, ABranchAcrossPages) {
  Board board;
  const std::uint64_t here = begin + 0xffe;
  board.put(here, {bne(a0, 0, -0x7e)});
  board.put(here - 0x7e, {addi(a0, a0, -1), jal(0, 0x7a)});
  board.hart.set_x(a0, 3);
  board.hart.set_pc(here);
  EXPECT_EQ(board.hart.run(10).executed, 10U);
  EXPECT_EQ(board.hart.x(a0), 0U);
  EXPECT_EQ(board.hart.pc(), here + 4);
}

TEST(Control, StraightCodeLongerThanABlock) {
  Board board;
  std::uint64_t at = begin;
  for (int i = 0; i < 3000; ++i) {
    at = board.put(at, {addi(a0, a0, 1)});
  }
  EXPECT_EQ(board.hart.run(3000).executed, 3000U);
  EXPECT_EQ(board.hart.x(a0), 3000U);
  EXPECT_EQ(board.hart.pc(), at);
}

}  // namespace
}  // namespace fermata::riscv::testing
