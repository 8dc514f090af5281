// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

TEST(MemoryAccess, ADeviceSeesOffsetSizeValueAndTheTimeWithItsAccessInIt) {
  Board board;
  struct Seen {
    std::uint64_t offset;
    unsigned size;
    std::uint64_t value;
    std::uint64_t at;
  };
  std::vector<Seen> seen;
  board.probe.on_write = [&](std::uint64_t offset, unsigned size, std::uint64_t value) {
    seen.push_back({offset, size, value, board.time.executed()});
  };
  const std::uint64_t start = board.time.executed();
  board.execute({nop(), sb(a1, a0, 1), nop(), sh(a1, a0, 2), sw(a1, a0, 4), nop(), sd(a1, a0, 8)},
                {{a0, Board::probe_begin}, {a1, 0x8877'6655'4433'2211}});
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[0].offset, 1U);
  EXPECT_EQ(seen[0].size, 1U);
  EXPECT_EQ(seen[0].value, 0x11U);
  EXPECT_EQ(seen[0].at, start + 2);
  EXPECT_EQ(seen[1].value, 0x2211U);
  EXPECT_EQ(seen[1].at, start + 4);
  EXPECT_EQ(seen[2].value, 0x4433'2211U);
  EXPECT_EQ(seen[2].at, start + 5);
  EXPECT_EQ(seen[3].value, 0x8877'6655'4433'2211U);
  EXPECT_EQ(seen[3].at, start + 7);
  EXPECT_EQ(board.time.executed(), start + 7);
}

TEST(MemoryAccess, ReadsOfADeviceExtend) {
  Board board;
  board.probe.on_read = [](std::uint64_t, unsigned) { return std::uint64_t{0x80}; };
  EXPECT_EQ(board.compute(lb(a2, a0, 0), Board::probe_begin), 0xffff'ffff'ffff'ff80U);
  EXPECT_EQ(board.compute(lbu(a2, a0, 0), Board::probe_begin), 0x80U);
  EXPECT_EQ(board.compute(lw(a2, a0, 0), Board::probe_begin), 0x80U);
}

TEST(MemoryAccess, NotAlignedAtADeviceIsAnAccessFault) {
  Board board;
  int accesses = 0;
  board.probe.on_read = [&](std::uint64_t, unsigned) { return static_cast<std::uint64_t>(++accesses); };
  board.compute(lw(a2, a0, 2), Board::probe_begin);
  board.compute(lw(a2, a0, -2), Board::probe_begin);  // half of it is nowhere
  board.compute(sd(a1, a0, 0xffc), Board::probe_begin);
  ASSERT_EQ(board.log.traps.size(), 3U);
  EXPECT_EQ(board.log.traps[0].cause, 5U);
  EXPECT_EQ(board.log.traps[0].value, Board::probe_begin + 2);
  EXPECT_EQ(board.log.traps[1].cause, 5U);
  EXPECT_EQ(board.log.traps[2].cause, 7U);
  EXPECT_EQ(accesses, 0);
}

TEST(MemoryAccess, AnInterruptThatADeviceRaisesIsTakenBeforeTheNextInstruction) {
  Board board;
  board.probe.on_write = [&](std::uint64_t, unsigned, std::uint64_t) {
    board.hart.set_interrupt(Interrupt::machine_external, true);
  };
  board.set_csr(0x304, 1 << 11);
  board.set_csr(0x300, 8);
  board.execute({nop(), sw(a1, a0, 0), addi(a2, 0, 1)}, {{a0, Board::probe_begin}, {a2, 0}});
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].cause, std::uint64_t{1} << 63 | 11);
  EXPECT_EQ(board.log.traps[0].pc, Board::ram_begin + 8);
  EXPECT_EQ(board.hart.x(a2), 0U);
}

// A probe whose reads are answered later.
struct LateBoard : Board {
  LateBoard() {
    probe.access_rules.may_answer_later = true;
    probe.on_read = [this](std::uint64_t, unsigned) {
      ++reads;
      hart.defer_load();
      return 0;
    };
  }
  int reads = 0;
};

TEST(MemoryAccess, ALoadThatIsAnsweredLaterIsCountedAndStopsTheHart) {
  LateBoard board;
  const std::uint64_t start = board.time.executed();
  const RunResult result = board.execute({nop(), lw(a2, a0, 8), addi(a2, a2, 1)}, {{a0, Board::probe_begin}, {a2, 5}});
  EXPECT_EQ(result.why, RunStop::left);
  EXPECT_EQ(result.executed, 2U);
  EXPECT_EQ(board.time.executed(), start + 2) << "as the window saw it";
  EXPECT_EQ(board.hart.pc(), Board::ram_begin + 8);
  EXPECT_TRUE(board.hart.awaits_load());
  EXPECT_EQ(board.hart.x(a2), 5U);
  board.hart.finish_load(0x1234'5678'8000'0000);
  EXPECT_EQ(board.hart.x(a2), 0xffff'ffff'8000'0000U);
  EXPECT_EQ(board.hart.run(1).executed, 1U);
  EXPECT_EQ(board.hart.x(a2), 0xffff'ffff'8000'0001U);
  EXPECT_EQ(board.reads, 1);
}

TEST(MemoryAccess, EachLoadTakesALateValueInItsWay) {
  LateBoard board;
  const std::uint64_t value = 0xfedc'ba98'f6f5'f4f3;
  const std::vector<std::pair<Bits, std::uint64_t>> loads{
      {lb(a2, a0, 0), 0xffff'ffff'ffff'fff3}, {lbu(a2, a0, 0), 0xf3},
      {lh(a2, a0, 0), 0xffff'ffff'ffff'f4f3}, {lhu(a2, a0, 0), 0xf4f3},
      {lw(a2, a0, 0), 0xffff'ffff'f6f5'f4f3}, {lwu(a2, a0, 0), 0xf6f5'f4f3},
      {ld(a2, a0, 0), 0xfedc'ba98'f6f5'f4f3}};
  for (const auto& [instruction, expected] : loads) {
    board.compute(instruction, Board::probe_begin);
    board.hart.finish_load(value);
    EXPECT_EQ(board.hart.x(a2), expected);
  }
  board.compute(lw(zero, a0, 0), Board::probe_begin);
  board.hart.finish_load(value);
  EXPECT_EQ(board.hart.x(zero), 0U);
  board.set_csr(0x300, 1 << 13);
  board.compute(flw(1, a0, 0), Board::probe_begin);
  board.hart.finish_load(value);
  EXPECT_EQ(board.hart.f(1), 0xffff'ffff'f6f5'f4f3U) << "boxed";
  board.compute(fld(1, a0, 0), Board::probe_begin);
  board.hart.finish_load(value);
  EXPECT_EQ(board.hart.f(1), value);
}

TEST(MemoryAccess, AnInterruptThatComesBeforeALateValueIsTakenAfterTheLoad) {
  LateBoard board;
  board.set_csr(0x304, 1 << 11);
  board.set_csr(0x300, 8);
  board.execute({lw(a2, a0, 0), addi(a3, 0, 1)}, {{a0, Board::probe_begin}, {a3, 0}});
  board.hart.set_interrupt(Interrupt::machine_external, true);
  board.hart.finish_load(77);
  EXPECT_EQ(board.hart.run(1).executed, 1U);
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].pc, Board::ram_begin + 4);
  EXPECT_EQ(board.hart.x(a2), 77U);
  EXPECT_EQ(board.hart.x(a3), 0U);
  EXPECT_EQ(board.reads, 1);
}

TEST(MemoryAccess, AWindowThatAnswersLaterTakesNoPartsAndNoAtomics) {
  LateBoard board;
  board.compute(lw(a2, a0, 2), Board::probe_begin);
  board.compute(ld(a2, a0, 0), Board::probe_begin + 0xffc);
  board.compute(sd(a1, a0, 0), Board::probe_begin - 4);
  board.compute(sd(a1, a0, 0), Board::probe_begin + 0xffc);
  board.compute(lr(false, a2, a0), Board::probe_begin);
  board.compute(sc(false, a2, a0, a1), Board::probe_begin);
  board.compute(amo(0, true, a2, a0, a1), Board::probe_begin);
  board.hart.set_pc(Board::probe_begin);
  (void)board.hart.run(1);
  std::vector<std::uint64_t> causes;
  for (std::size_t i = 0; i < 8 && i < board.log.traps.size(); ++i) {
    causes.push_back(board.log.traps[i].cause);
  }
  EXPECT_EQ(causes, (std::vector<std::uint64_t>{5, 5, 7, 7, 5, 7, 7, 1}));
  EXPECT_EQ(board.reads, 0);
}

TEST(MemoryAccess, ResetForgetsALoadThatIsNotDone) {
  LateBoard board;
  board.compute(lw(a2, a0, 0), Board::probe_begin);
  EXPECT_TRUE(board.hart.awaits_load());
  board.hart.reset(Board::ram_begin);
  EXPECT_FALSE(board.hart.awaits_load());
  EXPECT_EQ(board.hart.x(a2), 0U);
}

TEST(MemoryAccess, CodeThatStoresIntoItselfRunsWhatItStored) {
  Board board;
  // Overwrites the instruction right behind the store, in the same block.
  board.execute({sw(a1, a0, 0), addi(a2, 0, 1)}, {{a0, Board::ram_begin + 4}, {a1, addi(a2, 0, 2)}});
  EXPECT_EQ(board.hart.x(a2), 2U);
}

TEST(MemoryAccess, CodeThatIsOverwrittenInALoopRunsAsItStandsThere) {
  Board board;
  // a0: the address of the addi; a1: its bits, whose immediate grows by one each time around.
  board.put(Board::ram_begin, {sw(a1, a0, 0), add(a1, a1, a3), addi(a2, a2, 0), addi(a4, a4, -1), bne(a4, 0, -16)});
  board.hart.set_x(a0, Board::ram_begin + 8);
  board.hart.set_x(a1, addi(a2, a2, 0));
  board.hart.set_x(a3, 1 << 20);
  board.hart.set_x(a4, 20);
  EXPECT_EQ(board.hart.run(100).executed, 100U);
  EXPECT_EQ(board.hart.x(a2), 19U * 20 / 2);
}

TEST(MemoryAccess, DataBesideCodeKeepsTheCode) {
  Board board;
  const std::uint64_t data = Board::ram_begin + 20;  // in the line of the code, behind it
  board.put(Board::ram_begin, {ld(a1, a0, 0), addi(a1, a1, 1), sd(a1, a0, 0), addi(a2, a2, -1), bne(a2, 0, -16)});
  board.hart.set_x(a0, data);
  board.hart.set_x(a2, 10);
  EXPECT_EQ(board.hart.run(15).executed, 15U);
  const std::size_t used = board.code.memory_used();
  board.hart.set_x(a2, 100'000);
  EXPECT_EQ(board.hart.run(100'000).executed, 100'000U);
  EXPECT_EQ(board.peek<std::uint64_t>(data), 3U + 20'000);
  EXPECT_EQ(board.code.memory_used(), used);  // nothing was decoded again
}

TEST(MemoryAccess, DmaIntoCodeIsSeen) {
  Board board;
  board.put(Board::ram_begin, {addi(a0, a0, 1), jal(0, -4)});
  (void)board.hart.run(10);
  board.put(Board::ram_begin, {addi(a0, a0, 16)});
  (void)board.hart.run(10);
  EXPECT_EQ(board.hart.x(a0), 5U + 5 * 16);
}

TEST(MemoryAccess, DmaFromADevicesWindowIntoTheBlockThatRuns) {
  Board board;
  board.probe.on_write = [&](std::uint64_t, unsigned, std::uint64_t) {
    board.put(Board::ram_begin + 4, {addi(a2, 0, 77)});
  };
  board.execute({sw(a1, a0, 0), addi(a2, 0, 1)}, {{a0, Board::probe_begin}});
  EXPECT_EQ(board.hart.x(a2), 77U);
}

}  // namespace
}  // namespace fermata::riscv::testing
