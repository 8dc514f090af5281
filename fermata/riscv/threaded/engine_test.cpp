// SPDX-License-Identifier: MIT
#include "fermata/riscv/threaded/engine.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

TEST(Engine, MillionsOfInstructionsNeedNoMoreStack) {
  Board board;
  board.put(Board::ram_begin, {addi(a0, a0, 1), add(a1, a1, a0), jal(0, -8)});
  EXPECT_EQ(board.hart.run(30'000'000).executed, 30'000'000U);
  EXPECT_EQ(board.hart.x(a0), 10'000'000U);
}

TEST(Engine, DropsAllCodeWhenItsMemoryIsFullAndGoesOn) {
  Board board;
  CodeCache small(board.memory, 20'000);
  Hart hart({}, {.memory = &board.memory, .time = &board.time, .code = &small, .read_mtime = [] {
                   return std::uint64_t{0};
                 }});
  hart.reset(Board::ram_begin);
  // A loop of jumps over many pages, each a block of its own.
  constexpr std::uint64_t jumps = 2000;
  for (std::uint64_t i = 0; i < jumps; ++i) {
    board.put(Board::ram_begin + i * 64, {addi(a0, a0, 1), jal(0, 60)});
  }
  board.put(Board::ram_begin + jumps * 64, {jal(0, -static_cast<std::int32_t>(jumps * 64))});
  EXPECT_EQ(hart.run(5 * (2 * jumps + 1)).executed, 5 * (2 * jumps + 1));
  EXPECT_EQ(hart.x(a0), 5 * jumps);
  EXPECT_LT(small.memory_used(), 20'000U + 300'000);
}

TEST(Engine, AnInterruptEndsAnEndlessLoop) {
  Board board;
  board.set_csr(0x304, 1 << 7);
  board.set_csr(0x300, 8);
  board.put(Board::ram_begin, {jal(0, 0)});
  (void)board.hart.run(1000);
  board.hart.set_interrupt(Interrupt::machine_timer, true);
  (void)board.hart.run(10);
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].pc, Board::ram_begin);
  EXPECT_EQ(board.hart.pc(), Board::handler);
}

TEST(Engine, ATinyGuestNeedsLittleMemory) {
  Board board;
  board.put(Board::ram_begin, {addi(a0, a0, 1), jal(0, -4)});
  (void)board.hart.run(10'000);
  EXPECT_LE(board.code.memory_used(), 4096U);
}

TEST(Engine, ExecutesWhereNothingIsAsAFetchFault) {
  for (const std::uint64_t at : {Board::nowhere, Board::probe_begin, std::uint64_t{0}, ~std::uint64_t{1}}) {
    Board board;
    board.hart.set_pc(at);
    (void)board.hart.run(1);
    ASSERT_EQ(board.log.traps.size(), 1U);
    EXPECT_EQ(board.log.traps[0].cause, 1U);
    EXPECT_EQ(board.log.traps[0].pc, at);
    EXPECT_EQ(board.log.traps[0].value, at);
  }
}

TEST(Engine, RunsOffTheEndOfRamIntoAFault) {
  Board board;
  const std::uint64_t end = Board::ram_begin + Board::ram_size;
  board.put(end - 4, {nop()});
  board.hart.set_pc(end - 4);
  (void)board.hart.run(2);
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].pc, end);
  board.poke(end - 2, static_cast<std::uint16_t>(addi(0, 0, 0)));  // half of an instruction
  board.hart.set_pc(end - 2);
  (void)board.hart.run(1);
  ASSERT_EQ(board.log.traps.size(), 2U);
  EXPECT_EQ(board.log.traps[1].pc, end - 2);
  EXPECT_EQ(board.log.traps[1].value, end);
}

/// One of the instructions that may be fused with a neighbour, on a few registers, so that neighbours often fit.
Bits random_instruction(std::mt19937& random) {
  const auto pick = [&](std::uint32_t count) { return static_cast<std::uint32_t>(random() % count); };
  const auto reg = [&] { return Reg{pick(4) == 0 ? 0 : a0 + pick(3)}; };
  const auto immediate = [&] { return static_cast<std::int32_t>(pick(4096)) - 2048; };
  switch (pick(8)) {
    case 0: return lui(reg(), static_cast<Bits>(random()));
    case 1: return auipc(reg(), static_cast<Bits>(random()));
    case 2: return addi(reg(), reg(), immediate());
    case 3: return i_type(immediate(), reg(), 0, reg(), 0x1b);                          // addiw
    case 4: return i_type(static_cast<std::int32_t>(pick(64)), reg(), 1, reg(), 0x13);  // slli
    case 5: return i_type(static_cast<std::int32_t>(pick(64)), reg(), 5, reg(), 0x13);  // srli
    case 6: return add(reg(), reg(), reg());
    default:
      return b_type(8 + static_cast<std::int32_t>(pick(3)) * 4, reg(), reg(),
                    std::array{0U, 1U, 4U, 5U, 6U, 7U}[pick(6)]);
  }
}

TEST(Engine, TwoInstructionsInOneDoWhatTheyDoApart) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<Bits> program;
    for (int i = 0; i < 60; ++i) {
      program.push_back(random_instruction(random));
    }
    program.push_back(jal(0, -240));
    Board whole;
    Board apart;
    for (Board* board : {&whole, &apart}) {
      board->put(Board::ram_begin, program);
      board->put(Board::ram_begin + 244, {jal(0, -244), jal(0, -248), jal(0, -252)});
    }
    (void)whole.hart.run(150);
    for (int i = 0; i < 150; ++i) {
      ASSERT_EQ(apart.hart.run(1).executed, 1U);
    }
    ASSERT_EQ(whole.hart.pc(), apart.hart.pc()) << round;
    for (unsigned i = 0; i < 32; ++i) {
      ASSERT_EQ(whole.hart.x(i), apart.hart.x(i)) << round << " x" << i;
    }
  }
}

}  // namespace
}  // namespace fermata::riscv::testing
