// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdint>

#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

constexpr std::uint64_t pattern = 0x8877'6655'4433'2281;

TEST(LoadsAndStores, LoadsExtendAsTheirNameSays) {
  Board board;
  board.poke(Board::data, pattern);
  struct Case {
    Bits instruction;
    std::uint64_t expected;
  };
  for (int round = 0; round < 2; ++round) {  // the first goes the slow way, the next the fast one
    for (const Case& c :
         {Case{lb(a2, a0, 0), 0xffff'ffff'ffff'ff81}, Case{lb(a2, a0, 1), 0x22}, Case{lbu(a2, a0, 0), 0x81},
          Case{lh(a2, a0, 0), 0x2281}, Case{lh(a2, a0, 6), 0xffff'ffff'ffff'8877}, Case{lhu(a2, a0, 6), 0x8877},
          Case{lw(a2, a0, 0), 0x4433'2281}, Case{lw(a2, a0, 4), 0xffff'ffff'8877'6655},
          Case{lwu(a2, a0, 4), 0x8877'6655}, Case{ld(a2, a0, 0), pattern}}) {
      EXPECT_EQ(board.compute(c.instruction, Board::data), c.expected) << std::hex << c.instruction;
    }
  }
}

TEST(LoadsAndStores, StoresTouchTheirBytesOnly) {
  Board board;
  for (const auto& [instruction, expected] : {std::pair<Bits, std::uint64_t>(sb(a1, a0, 1), 0xffff'ffff'ffff'11ff),
                                              std::pair<Bits, std::uint64_t>(sh(a1, a0, 2), 0xffff'ffff'2211'ffff),
                                              std::pair<Bits, std::uint64_t>(sw(a1, a0, 4), 0x4433'2211'ffff'ffff),
                                              std::pair<Bits, std::uint64_t>(sd(a1, a0, 0), 0x8877'6655'4433'2211)}) {
    for (int round = 0; round < 2; ++round) {
      board.poke(Board::data, ~std::uint64_t{0});
      board.compute(instruction, Board::data, 0x8877'6655'4433'2211);
      EXPECT_EQ(board.peek<std::uint64_t>(Board::data), expected) << std::hex << instruction;
    }
  }
}

TEST(LoadsAndStores, NegativeOffsets) {
  Board board;
  board.poke(Board::data, pattern);
  EXPECT_EQ(board.compute(ld(a2, a0, -2048), Board::data + 2048), pattern);
  board.compute(sd(a1, a0, -8), Board::data, 42);
  EXPECT_EQ(board.peek<std::uint64_t>(Board::data - 8), 42U);
}

TEST(LoadsAndStores, NotAlignedWithinAPageAndAcrossPages) {
  Board board;
  for (std::uint64_t at = Board::data + 0xff0; at < Board::data + 0x1010; ++at) {
    board.compute(sd(a1, a0, 0), at, pattern);
    EXPECT_EQ(board.peek<std::uint64_t>(at), pattern) << at;
    EXPECT_EQ(board.compute(ld(a2, a0, 0), at), pattern) << at;
    EXPECT_EQ(board.compute(lw(a2, a0, 0), at), 0x4433'2281U) << at;
    EXPECT_EQ(board.compute(lhu(a2, a0, 0), at), 0x2281U) << at;
    board.compute(sh(a1, a0, 0), at + 2, 0xabcd);
    EXPECT_EQ(board.peek<std::uint64_t>(at), 0x8877'6655'abcd'2281U) << at;
  }
  EXPECT_TRUE(board.log.traps.empty());
}

TEST(LoadsAndStores, WhereNothingIsAnAccessFault) {
  Board board;
  board.compute(ld(a2, a0, 8), Board::nowhere);
  board.compute(sw(a1, a0, -4), Board::nowhere);
  board.compute(sb(a1, a0, 0), Board::rom_begin);  // a ROM
  ASSERT_EQ(board.log.traps.size(), 3U);
  EXPECT_EQ(board.log.traps[0].cause, 5U);
  EXPECT_EQ(board.log.traps[0].value, Board::nowhere + 8);
  EXPECT_EQ(board.log.traps[0].pc, Board::ram_begin);
  EXPECT_EQ(board.log.traps[1].cause, 7U);
  EXPECT_EQ(board.log.traps[1].value, Board::nowhere - 4);
  EXPECT_EQ(board.log.traps[2].cause, 7U);
  EXPECT_EQ(board.log.traps[2].value, Board::rom_begin);
  EXPECT_EQ(board.compute(ld(a2, a0, 0), Board::rom_begin), 0U);
}

TEST(LoadsAndStores, AcrossTheEndOfRamNothingIsWritten) {
  Board board;
  const std::uint64_t end = Board::ram_begin + Board::ram_size;
  board.compute(sd(a1, a0, 0), end - 4, pattern);
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].cause, 7U);
  EXPECT_EQ(board.log.traps[0].value, end);
  EXPECT_EQ(board.peek<std::uint32_t>(end - 4), 0U);
  board.compute(ld(a2, a0, 0), end - 4, 0);
  ASSERT_EQ(board.log.traps.size(), 2U);
  EXPECT_EQ(board.log.traps[1].cause, 5U);
  EXPECT_EQ(board.log.traps[1].value, end);
}

TEST(LoadsAndStores, AtBothEndsOfTheAddressSpace) {
  Board board;
  for (const std::uint64_t address :
       {~std::uint64_t{0}, ~std::uint64_t{0} - 7, std::uint64_t{0}, std::uint64_t{1} << 63}) {
    board.log.traps.clear();
    board.compute(ld(a2, a0, 0), address);
    board.compute(sd(a1, a0, 0), address);
    ASSERT_EQ(board.log.traps.size(), 2U) << address;
    EXPECT_EQ(board.log.traps[0].cause, 5U);
    EXPECT_EQ(board.log.traps[1].cause, 7U);
  }
}

TEST(LoadsAndStores, ATrapInTheMiddleOfABlockLeavesTheRestUndone) {
  Board board;
  const RunResult result = board.execute({addi(a1, a1, 1), addi(a1, a1, 1), ld(a2, a0, 0), addi(a1, a1, 1)},
                                         {{a0, Board::nowhere}, {a1, 0}, {a2, 9}});
  EXPECT_EQ(result.executed, 4U);  // two of them, and two of the endless loop of the handler
  EXPECT_EQ(board.hart.x(a1), 2U);
  EXPECT_EQ(board.hart.x(a2), 9U);
  EXPECT_EQ(board.hart.pc(), Board::handler);
  EXPECT_EQ(board.csr(0x341), Board::ram_begin + 8);
}

}  // namespace
}  // namespace fermata::riscv::testing
