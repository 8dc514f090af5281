// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

constexpr std::uint64_t top = std::uint64_t{1} << 63;
constexpr std::uint64_t all = ~std::uint64_t{0};

struct Case {
  std::string name;
  Bits instruction;
  std::uint64_t a, b, expected;
};

void check(std::initializer_list<Case> cases) {
  Board board;
  for (const Case& c : cases) {
    EXPECT_EQ(board.compute(c.instruction, c.a, c.b), c.expected) << c.name << " " << c.a << " " << c.b;
  }
  EXPECT_TRUE(board.log.traps.empty());
}

constexpr Bits op(Bits funct7, Bits funct3) { return r_type(funct7, a1, a0, funct3, a2, 0x33); }
constexpr Bits op_32(Bits funct7, Bits funct3) { return r_type(funct7, a1, a0, funct3, a2, 0x3b); }
constexpr Bits op_imm(Bits funct3, std::int32_t immediate) { return i_type(immediate, a0, funct3, a2, 0x13); }
constexpr Bits op_imm_32(Bits funct3, std::int32_t immediate) { return i_type(immediate, a0, funct3, a2, 0x1b); }

TEST(Arithmetic, OfTwoRegisters) {
  check({{"add", op(0, 0), all, 1, 0},
         {"add", op(0, 0), top, top, 0},
         {"sub", op(0x20, 0), 0, 1, all},
         {"sll", op(0, 1), 1, 63, top},
         {"sll", op(0, 1), 3, 64, 3},
         {"slt", op(0, 2), all, 0, 1},
         {"slt", op(0, 2), 0, all, 0},
         {"slt", op(0, 2), top, top - 1, 1},
         {"sltu", op(0, 3), all, 0, 0},
         {"sltu", op(0, 3), 0, all, 1},
         {"sltu", op(0, 3), 5, 5, 0},
         {"xor", op(0, 4), 0xff00, 0x0ff0, 0xf0f0},
         {"srl", op(0, 5), top, 63, 1},
         {"srl", op(0, 5), all, 127, 1},
         {"sra", op(0x20, 5), top, 63, all},
         {"sra", op(0x20, 5), top, 62, all - 1},
         {"or", op(0, 6), 0xff00, 0x0ff0, 0xfff0},
         {"and", op(0, 7), 0xff00, 0x0ff0, 0x0f00}});
}

TEST(Arithmetic, OfWords) {
  check({{"addw", op_32(0, 0), 0x7fff'ffff, 1, 0xffff'ffff'8000'0000},
         {"addw", op_32(0, 0), 0x1'0000'0001, 0x2'0000'0002, 3},
         {"subw", op_32(0x20, 0), 0, 1, all},
         {"subw", op_32(0x20, 0), 0x8000'0000, 1, 0x7fff'ffff},
         {"sllw", op_32(0, 1), 1, 31, 0xffff'ffff'8000'0000},
         {"sllw", op_32(0, 1), 0xdead'0000'0001, 32, 1},
         {"srlw", op_32(0, 5), 0xffff'ffff'8000'0000, 31, 1},
         {"srlw", op_32(0, 5), 0x8000'0000, 32, 0xffff'ffff'8000'0000},
         {"sraw", op_32(0x20, 5), 0x8000'0000, 31, all},
         {"sraw", op_32(0x20, 5), 0x7fff'ffff, 30, 1}});
}

TEST(Arithmetic, WithImmediates) {
  check({{"addi", op_imm(0, -2048), 0, 0, all - 2047},
         {"addi to x0 + 0", i_type(0, a0, 0, a2, 0x13), 77, 0, 77},
         {"slti", op_imm(2, -1), top, 0, 1},
         {"slti", op_imm(2, -1), 0, 0, 0},
         {"sltiu", op_imm(3, -1), all - 1, 0, 1},
         {"sltiu", op_imm(3, 1), 0, 0, 1},
         {"xori", op_imm(4, -1), 0x0f, 0, all ^ 0x0f},
         {"ori", op_imm(6, 0x7ff), 0x800, 0, 0xfff},
         {"andi", op_imm(7, -16), 0xff, 0, 0xf0},
         {"slli", op_imm(1, 63), 3, 0, top},
         {"srli", op_imm(5, 63), top, 0, 1},
         {"srai", op_imm(5, 0x400 | 63), top, 0, all},
         {"addiw", op_imm_32(0, 1), 0x7fff'ffff, 0, 0xffff'ffff'8000'0000},
         {"addiw as sext.w", op_imm_32(0, 0), 0xdead'beef'0000'0001, 0, 1},
         {"slliw", op_imm_32(1, 31), 1, 0, 0xffff'ffff'8000'0000},
         {"srliw", op_imm_32(5, 4), 0xffff'ffff'f000'0000, 0, 0x0f00'0000},
         {"sraiw", op_imm_32(5, 0x400 | 4), 0x8000'0000, 0, 0xffff'ffff'f800'0000}});
}

TEST(Arithmetic, LuiAndAuipcSignExtend) {
  check({{"lui", lui(a2, 0x7fff'f000), 0, 0, 0x7fff'f000},
         {"lui", lui(a2, 0x8000'0000), 0, 0, 0xffff'ffff'8000'0000},
         {"auipc", auipc(a2, 0x1000), 0, 0, Board::ram_begin + 0x1000},
         {"auipc", auipc(a2, 0xffff'f000), 0, 0, Board::ram_begin - 0x1000},
         {"auipc", auipc(a2, 0x8000'0000), 0, 0, Board::ram_begin - 0x8000'0000}});
}

TEST(Arithmetic, AuipcKnowsItsOwnPlaceInTheBlock) {
  Board board;
  board.execute({nop(), auipc(a0, 0), nop(), auipc(a1, 0x7fff'f000)});
  EXPECT_EQ(board.hart.x(a0), Board::ram_begin + 4);
  EXPECT_EQ(board.hart.x(a1), Board::ram_begin + 12 + 0x7fff'f000);
}

TEST(Arithmetic, X0StaysZeroWhateverIsWritten) {
  Board board;
  board.execute({addi(0, 0, 5), lui(0, 0x1000), add(0, a0, a0), r_type(1, a0, a0, 0, 0, 0x33), auipc(0, 0),
                 ld(0, a1, 0), amo(0, true, 0, a1, a0), csrrw(0, 0x340, a0), jal(0, 4), jalr(0, a2, 0)},
                {{a0, 7}, {a1, Board::data}, {a2, Board::ram_begin + 40}});
  EXPECT_TRUE(board.log.traps.empty());
  EXPECT_EQ(board.hart.pc(), Board::ram_begin + 40);
  EXPECT_EQ(board.hart.x(0), 0U);
  board.execute({add(a2, 0, 0)});
  EXPECT_EQ(board.hart.x(a2), 0U);
}

TEST(Arithmetic, MovesAndImmediatesInTheirShortForms) {
  check({{"li", addi(a2, 0, -7), 1, 2, all - 6},
         {"mv", addi(a2, a1, 0), 1, 2, 2},
         {"c.mv by add", add(a2, 0, a1), 1, 2, 2},
         {"add with x0 behind", add(a2, a1, 0), 1, 2, 2}});
}

}  // namespace
}  // namespace fermata::riscv::testing
