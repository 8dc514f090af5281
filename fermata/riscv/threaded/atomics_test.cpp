// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdint>

#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

constexpr std::uint64_t all = ~std::uint64_t{0};

TEST(Atomics, GiveTheOldValueAndWriteTheNewOne) {
  struct Case {
    Bits funct5;
    std::uint64_t old, operand, expected;
  };
  constexpr std::uint64_t top = std::uint64_t{1} << 63;
  Board board;
  for (const Case& c : {Case{1, 5, 7, 7}, Case{0, all, 2, 1}, Case{4, 0xff, 0x0f, 0xf0}, Case{0xc, 0xff, 0x0f, 0x0f},
                        Case{8, 0xf0, 0x0f, 0xff}, Case{0x10, top, 1, top}, Case{0x10, 3, 1, 1}, Case{0x14, top, 1, 1},
                        Case{0x14, 3, 1, 3}, Case{0x18, top, 1, 1}, Case{0x18, 1, top, 1}, Case{0x1c, top, 1, top},
                        Case{0x1c, 1, 3, 3}}) {
    board.poke(Board::data, c.old);
    EXPECT_EQ(board.compute(amo(c.funct5, true, a2, a0, a1), Board::data, c.operand), c.old);
    EXPECT_EQ(board.peek<std::uint64_t>(Board::data), c.expected) << c.funct5;
  }
}

TEST(Atomics, OfWordsSignExtendAndTouchFourBytes) {
  struct Case {
    Bits funct5;
    std::uint32_t old;
    std::uint64_t operand;
    std::uint32_t expected;
  };
  Board board;
  for (const Case& c :
       {Case{1, 0x8000'0000, 0x1'0000'0007, 7}, Case{0, 0xffff'ffff, 2, 1}, Case{0x10, 0x8000'0000, 1, 0x8000'0000},
        Case{0x14, 0x8000'0000, 1, 1}, Case{0x18, 0x8000'0000, 1, 1}, Case{0x1c, 0x8000'0000, 1, 0x8000'0000},
        Case{0x18, 5, 0x1'0000'0000, 0}}) {
    board.poke(Board::data, std::uint64_t{0xdead'beef'0000'0000} | c.old);
    EXPECT_EQ(board.compute(amo(c.funct5, false, a2, a0, a1), Board::data, c.operand),
              static_cast<std::uint64_t>(static_cast<std::int32_t>(c.old)));
    EXPECT_EQ(board.peek<std::uint64_t>(Board::data), std::uint64_t{0xdead'beef'0000'0000} | c.expected) << c.funct5;
  }
}

TEST(Atomics, TheDestinationMayBeTheAddressOrTheOperand) {
  Board board;
  board.poke(Board::data, std::uint64_t{5});
  board.execute({amo(0, true, a0, a0, a1)}, {{a0, Board::data}, {a1, 2}});
  EXPECT_EQ(board.hart.x(a0), 5U);
  EXPECT_EQ(board.peek<std::uint64_t>(Board::data), 7U);
  board.execute({amo(0, true, a1, a0, a1)}, {{a0, Board::data}, {a1, 2}});
  EXPECT_EQ(board.hart.x(a1), 7U);
  EXPECT_EQ(board.peek<std::uint64_t>(Board::data), 9U);
}

TEST(Atomics, NotAlignedIsATrap) {
  Board board;
  board.compute(amo(0, true, a2, a0, a1), Board::data + 4);
  board.compute(amo(0, false, a2, a0, a1), Board::data + 2);
  board.compute(lr(true, a2, a0), Board::data + 4);
  board.compute(sc(false, a2, a0, a1), Board::data + 1);
  ASSERT_EQ(board.log.traps.size(), 4U);
  EXPECT_EQ(board.log.traps[0].cause, 6U);
  EXPECT_EQ(board.log.traps[0].value, Board::data + 4);
  EXPECT_EQ(board.log.traps[1].cause, 6U);
  EXPECT_EQ(board.log.traps[2].cause, 4U);
  EXPECT_EQ(board.log.traps[3].cause, 6U);
}

TEST(Atomics, OutsideRamIsAnAccessFault) {
  Board board;
  board.compute(amo(0, true, a2, a0, a1), Board::nowhere);
  board.compute(amo(0, true, a2, a0, a1), Board::probe_begin);
  board.compute(lr(true, a2, a0), Board::probe_begin);
  board.compute(amo(0, true, a2, a0, a1), Board::rom_begin);
  ASSERT_EQ(board.log.traps.size(), 4U);
  EXPECT_EQ(board.log.traps[0].cause, 7U);
  EXPECT_EQ(board.log.traps[1].cause, 7U);
  EXPECT_EQ(board.log.traps[2].cause, 5U);
  EXPECT_EQ(board.log.traps[3].cause, 7U);
}

/// LR, the instructions in between, SC: the SC's result.
std::uint64_t reserve_and_store(Board& board, Bits between, std::uint64_t store_at = Board::data) {
  board.poke(Board::data, std::uint64_t{5});
  board.hart.set_pc(Board::ram_begin);
  board.execute({lr(true, a2, a0), between, sc(true, a3, a1, a4)},
                {{a0, Board::data}, {a1, store_at}, {a4, 9}, {a3, 55}, {t0, 5}, {t1, 6}});
  return board.hart.x(a3);
}

TEST(Atomics, AReservationLetsOneStoreThrough) {
  Board board;
  EXPECT_EQ(reserve_and_store(board, nop()), 0U);
  EXPECT_EQ(board.hart.x(a2), 5U);
  EXPECT_EQ(board.peek<std::uint64_t>(Board::data), 9U);
  board.execute({sc(true, a3, a1, a4)}, {{a4, 11}});  // it is used up
  EXPECT_EQ(board.hart.x(a3), 1U);
  EXPECT_EQ(board.peek<std::uint64_t>(Board::data), 9U);
}

TEST(Atomics, AReservationIsForOneAddress) {
  Board board;
  EXPECT_EQ(reserve_and_store(board, nop(), Board::data + 8), 1U);
  EXPECT_EQ(board.peek<std::uint64_t>(Board::data + 8), 0U);
  board.execute({sc(true, a3, a0, a4)});  // a failed SC ends it too
  EXPECT_EQ(board.hart.x(a3), 1U);
}

TEST(Atomics, ProtectionAppliesToAStoreThatFailsAnyway) {
  Board board;
  board.compute(sc(true, a2, a0, a1), Board::nowhere);
  board.compute(sc(false, a2, a0, a1), Board::rom_begin);
  ASSERT_EQ(board.log.traps.size(), 2U);
  for (const auto& trap : board.log.traps) {
    EXPECT_EQ(trap.cause, 7U);
  }
}

TEST(Atomics, AStoreInBetweenBreaksAReservationIfItChangesTheValue) {
  Board board;
  EXPECT_EQ(reserve_and_store(board, sd(t1, a0, 0)), 1U);
  EXPECT_EQ(board.peek<std::uint64_t>(Board::data), 6U);
  EXPECT_EQ(reserve_and_store(board, sd(t0, a0, 0)), 0U);
  EXPECT_EQ(reserve_and_store(board, sd(t1, a0, 8)), 0U);
}

TEST(Atomics, ATrapOrAnotherHartsTurnBreaksAReservation) {
  Board board;
  board.poke(Board::handler, mret);
  board.execute({lr(true, a2, a0)}, {{a0, Board::data}});
  board.hart.break_reservation();
  board.execute({sc(true, a3, a0, a4)}, {{a3, 55}});
  EXPECT_EQ(board.hart.x(a3), 1U);

  board.execute({lr(true, a2, a0), ecall});
  EXPECT_EQ(board.hart.pc(), Board::handler);
  board.hart.set_pc(Board::ram_begin);
  board.execute({sc(true, a3, a0, a4)}, {{a3, 55}});
  EXPECT_EQ(board.hart.x(a3), 1U);
}

TEST(Atomics, AWordsReservationSignExtends) {
  Board board;
  board.poke(Board::data, std::uint32_t{0x8000'0000});
  board.execute({lr(false, a2, a0), sc(false, a3, a0, a1)}, {{a0, Board::data}, {a1, 0x1'0000'0001}, {a3, 5}});
  EXPECT_EQ(board.hart.x(a2), 0xffff'ffff'8000'0000U);
  EXPECT_EQ(board.hart.x(a3), 0U);
  EXPECT_EQ(board.peek<std::uint64_t>(Board::data), 1U);
}

TEST(Atomics, IntoCodeAreSeen) {
  Board board;
  const std::uint64_t target = Board::ram_begin + 0x40;
  board.put(target, {addi(a2, 0, 1), jal(0, -0x44)});
  board.put(Board::ram_begin, {amo(1, false, a3, a0, a1), jal(0, 0x3c)});
  board.hart.set_pc(target);
  (void)board.hart.run(1);
  EXPECT_EQ(board.hart.x(a2), 1U);
  board.hart.set_pc(Board::ram_begin);
  board.hart.set_x(a0, target);
  board.hart.set_x(a1, addi(a2, 0, 2));
  (void)board.hart.run(3);
  EXPECT_EQ(board.hart.x(a2), 2U);
  EXPECT_EQ(board.hart.x(a3), addi(a2, 0, 1));
}

}  // namespace
}  // namespace fermata::riscv::testing
