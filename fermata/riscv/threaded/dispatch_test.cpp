// SPDX-License-Identifier: MIT
//
// What dispatch.hpp promises is visible as counts and pcs: here those of blocks that are left at each place.
#include "fermata/riscv/threaded/dispatch.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

TEST(Dispatch, ABlockLeftAnywhereCountsWhatWasExecuted) {
  constexpr unsigned length = 20;
  for (unsigned fault_at = 0; fault_at < length; ++fault_at) {
    Board board;
    std::uint64_t at = Board::ram_begin;
    std::uint64_t fault_pc = 0;
    for (unsigned i = 0; i < length; ++i) {  // compressed ones and others in turn
      fault_pc = i == fault_at ? at : fault_pc;
      at = board.put(at, {i == fault_at ? ld(a1, 0, 0) : i % 2 == 0 ? Bits{0x0505} : addi(a0, a0, 1)});
    }
    (void)board.hart.run(fault_at + 1);
    ASSERT_EQ(board.log.traps.size(), 1U);
    EXPECT_EQ(board.log.traps[0].pc, fault_pc);
    EXPECT_EQ(board.hart.x(a0), fault_at);
  }
}

TEST(Dispatch, AnIllegalInstructionsBitsAreTheTrapsValue) {
  for (const Bits bits : {Bits{0x0000'0000}, Bits{0x8000}, Bits{0x0000'000b}, Bits{0xffff'ffff}, Bits{0x0000'305b}}) {
    Board board;
    board.execute({nop(), nop(), bits});
    ASSERT_EQ(board.log.traps.size(), 1U) << bits;
    EXPECT_EQ(board.log.traps[0].cause, 2U);
    EXPECT_EQ(board.log.traps[0].value, (bits & 3) == 3 ? bits : bits & 0xffff);
    EXPECT_EQ(board.log.traps[0].pc, Board::ram_begin + 8);
  }
}

TEST(Dispatch, AcrossPagesToo) {
  Board board;
  board.put(Board::ram_begin + 0xffe, {0xffff'ffff});
  board.hart.set_pc(Board::ram_begin + 0xffe);
  (void)board.hart.run(1);
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].value, 0xffff'ffffU);
}

}  // namespace
}  // namespace fermata::riscv::testing
