// SPDX-License-Identifier: MIT
#include "fermata/riscv/core/memory.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

constexpr std::uint64_t root = Board::ram_begin + 0x4'0000;
constexpr std::uint64_t valid = 1, readable = 2, writable = 4, executable = 8, user = 16, accessed = 64, dirty = 128;
constexpr std::uint64_t all_rights = valid | readable | writable | executable | accessed | dirty;
constexpr std::uint64_t sum = 1 << 18, mxr = 1 << 19, mprv = 1 << 17, mpp_supervisor = 1 << 11;
constexpr std::uint64_t page = 0x1'2345'6000;  // a virtual one

/// Maps a page with Sv39 (levels 3) or Sv48 (4) and gives where its entry stands. RAM is mapped to itself by a
/// superpage for supervisor mode.
std::uint64_t map(Board& board, unsigned levels, std::uint64_t virtual_page, std::uint64_t physical,
                  std::uint64_t flags) {
  const std::uint64_t gigabyte_root = levels == 4 ? root + 0x1000 : root;
  if (levels == 4) {
    board.poke(root, (root + 0x1000) >> 12 << 10 | valid);
  }
  board.poke(gigabyte_root + 2 * 8, std::uint64_t{0x8000'0000} >> 12 << 10 | all_rights);
  board.poke(gigabyte_root + (virtual_page >> 30 & 511) * 8, (root + 0x2000) >> 12 << 10 | valid);
  board.poke(root + 0x2000 + (virtual_page >> 21 & 511) * 8, (root + 0x3000) >> 12 << 10 | valid);
  const std::uint64_t entry = root + 0x3000 + (virtual_page >> 12 & 511) * 8;
  board.poke(entry, physical >> 12 << 10 | flags);
  board.set_csr(0x180, std::uint64_t{levels == 4 ? 9U : 8U} << 60 | root >> 12);
  return entry;
}

void start(Board& board, Privilege privilege) {
  board.open_pmp();
  board.go_to(privilege, Board::ram_begin + 0x100);
}

TEST(Memory, TranslatesLoadsStoresAndFetches) {
  for (const unsigned levels : {3U, 4U}) {
    Board board;
    map(board, levels, page, Board::data, all_rights);
    start(board, Privilege::supervisor);
    board.poke(Board::data + 8, std::uint64_t{77});
    board.poke(Board::data, addi(a2, 0, 5));
    board.execute({ld(a1, a0, 8), sd(a1, a0, 16), jalr(0, a0, 0)}, {{a0, page}});
    EXPECT_EQ(board.hart.x(a1), 77U);
    EXPECT_EQ(board.peek<std::uint64_t>(Board::data + 16), 77U);
    (void)board.hart.run(1);
    EXPECT_EQ(board.hart.x(a2), 5U);
    EXPECT_EQ(board.hart.pc(), page + 4);
    EXPECT_TRUE(board.log.traps.empty());
  }
}

TEST(Memory, WhatIsNotPermittedIsAPageFault) {
  struct Case {
    const char* name;
    std::uint64_t flags;
    Privilege privilege;
    std::uint64_t mstatus;
    Bits instruction;
    std::uint64_t cause;  // 0: none
  };
  constexpr std::uint64_t ad = accessed | dirty | valid;
  for (const Case& c : {
           Case{"load", ad | readable, Privilege::supervisor, 0, ld(a1, a0, 8), 0},
           Case{"store", ad | readable, Privilege::supervisor, 0, sd(a1, a0, 8), 15},
           Case{"amo", ad | readable, Privilege::supervisor, 0, amo(0, true, a1, a0, a1), 15},
           Case{"fetch", ad | readable, Privilege::supervisor, 0, jalr(0, a0, 0), 12},
           Case{"load of code", ad | executable, Privilege::supervisor, 0, ld(a1, a0, 8), 13},
           Case{"load of code, MXR", ad | executable, Privilege::supervisor, mxr, ld(a1, a0, 8), 0},
           Case{"user's page", ad | user | readable, Privilege::supervisor, 0, ld(a1, a0, 8), 13},
           Case{"user's page, SUM", ad | user | readable, Privilege::supervisor, sum, ld(a1, a0, 8), 0},
           Case{"user's code, SUM", ad | user | executable, Privilege::supervisor, sum, jalr(0, a0, 0), 12},
           Case{"not valid", readable, Privilege::supervisor, 0, ld(a1, a0, 8), 13},
           Case{"writable only", ad | writable, Privilege::supervisor, 0, ld(a1, a0, 8), 13},
       }) {
    Board board;
    map(board, 3, page, Board::data, c.flags);
    board.set_csr(0x300, c.mstatus);
    start(board, c.privilege);
    board.execute({c.instruction}, {{a0, page}});
    if (c.instruction == jalr(0, a0, 0)) {
      (void)board.hart.run(1);
    }
    ASSERT_EQ(board.log.traps.size(), c.cause == 0 ? 0U : 1U) << c.name;
    if (c.cause != 0) {
      EXPECT_EQ(board.log.traps[0].cause, c.cause) << c.name;
      EXPECT_EQ(board.log.traps[0].value & ~std::uint64_t{15}, page) << c.name;
    }
  }
}

TEST(Memory, TheWalkSetsAccessedAndDirty) {
  Board board;
  const std::uint64_t entry = map(board, 3, page, Board::data, valid | readable | writable);
  const std::uint64_t clean = board.peek<std::uint64_t>(entry);
  start(board, Privilege::supervisor);
  board.execute({ld(a1, a0, 0)}, {{a0, page}});
  EXPECT_EQ(board.peek<std::uint64_t>(entry), clean | accessed);
  board.execute({ld(a1, a0, 0), sd(a1, a0, 8)});
  EXPECT_EQ(board.peek<std::uint64_t>(entry), clean | accessed | dirty);
  EXPECT_TRUE(board.log.traps.empty());
}

TEST(Memory, ANonCanonicalAddressIsAPageFault) {
  Board board;
  map(board, 3, page, Board::data, all_rights);
  start(board, Privilege::supervisor);
  board.execute({ld(a1, a0, 0)}, {{a0, page | std::uint64_t{1} << 60}});
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].cause, 13U);
  EXPECT_EQ(board.log.traps[0].value, page | std::uint64_t{1} << 60);
}

TEST(Memory, ATableOutsideRamIsAnAccessFault) {
  Board board;
  map(board, 3, page, Board::data, all_rights);
  board.poke(root + (page >> 30 & 511) * 8, Board::nowhere >> 12 << 10 | valid);
  start(board, Privilege::supervisor);
  board.execute({ld(a1, a0, 0)}, {{a0, page}});
  board.hart.set_pc(Board::handler);
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].cause, 5U);
}

TEST(Memory, TranslationsStayUntilTheFence) {
  Board board;
  const std::uint64_t entry = map(board, 3, page, Board::data, all_rights);
  start(board, Privilege::supervisor);
  board.poke(Board::data, std::uint64_t{1});
  board.poke(Board::data + 0x1000, std::uint64_t{2});
  board.execute({ld(a1, a0, 0)}, {{a0, page}});
  EXPECT_EQ(board.hart.x(a1), 1U);
  board.poke(entry, (Board::data + 0x1000) >> 12 << 10 | all_rights);
  board.execute({sfence_vma, ld(a1, a0, 0)});
  EXPECT_EQ(board.hart.x(a1), 2U);
}

TEST(Memory, MprvAccessesAsTheModeInMpp) {
  Board board;
  map(board, 3, page, Board::data, all_rights);
  board.open_pmp();
  board.poke(Board::data, std::uint64_t{7});
  board.set_csr(0x300, mprv | mpp_supervisor);
  board.execute({ld(a1, a0, 0)}, {{a0, page}});
  EXPECT_EQ(board.hart.x(a1), 7U);
  EXPECT_TRUE(board.log.traps.empty());
  board.execute({csrrw(0, 0x300, 0), ld(a1, a0, 0)});
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].cause, 5U);
}

TEST(Memory, AnInstructionAcrossTwoPagesFaultsAtTheSecondHalf) {
  Board board;
  map(board, 3, page, Board::data, all_rights);
  start(board, Privilege::supervisor);
  board.poke(Board::data + 0xffe, static_cast<std::uint16_t>(addi(a2, 0, 1)));
  board.hart.set_pc(page + 0xffe);
  (void)board.hart.run(1);
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].cause, 12U);
  EXPECT_EQ(board.log.traps[0].pc, page + 0xffe);
  EXPECT_EQ(board.log.traps[0].value, page + 0x1000);
}

TEST(Memory, CodeSharedByTwoVirtualPages) {
  Board board;
  map(board, 3, page, Board::data, all_rights);
  map(board, 3, page + 0x5000, Board::data, all_rights);
  start(board, Privilege::supervisor);
  board.put(Board::data + 0x10, {auipc(a1, 0), jal(a2, 8), nop(), jalr(0, a0, 0)});
  board.put(Board::handler + 0x100, {nop()});
  for (const std::uint64_t at : {page, page + 0x5000, page}) {
    board.hart.set_pc(at + 0x10);
    board.hart.set_x(a0, Board::handler + 0x100);
    (void)board.hart.run(3);
    EXPECT_EQ(board.hart.x(a1), at + 0x10);
    EXPECT_EQ(board.hart.x(a2), at + 0x18);
  }
  EXPECT_TRUE(board.log.traps.empty());
}

TEST(Memory, WithoutAnyPmpEntryOnlyMachineModeMayDoAnything) {
  Board board;
  board.go_to(Privilege::supervisor, Board::ram_begin + 0x100);
  (void)board.hart.run(1);
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].cause, 1U);
  EXPECT_EQ(board.log.traps[0].value, Board::ram_begin + 0x100);
}

TEST(Memory, PmpGuardsRegionsSmallerThanAPage) {
  Board board;
  const std::uint64_t guarded = Board::data + 0x100;
  board.set_csr(0x3b0, guarded >> 2 | 0);  // NAPOT of 8 bytes, nothing allowed
  board.set_csr(0x3b1, ~std::uint64_t{0});
  board.set_csr(0x3a0, 0x1f18);
  board.go_to(Privilege::user, Board::ram_begin + 0x100);
  board.execute({ld(a1, a0, -8), ld(a1, a0, 8), ld(a1, a0, -8), ld(a1, a0, 0)}, {{a0, guarded}});
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].cause, 5U);
  EXPECT_EQ(board.log.traps[0].value, guarded);
}

TEST(Memory, CodeInAPageThatIsExecutableInPart) {
  Board board;
  const std::uint64_t code = Board::data + 0x200;
  board.set_csr(0x3b0, (code + 8) >> 2);  // NA4: one instruction that must not be executed
  board.set_csr(0x3b1, ~std::uint64_t{0});
  board.set_csr(0x3a0, 0x1f11);
  board.go_to(Privilege::user, code);
  board.execute({addi(a1, 0, 1), addi(a2, 0, 2), addi(a3, 0, 3)});
  EXPECT_EQ(board.hart.x(a1), 1U);
  EXPECT_EQ(board.hart.x(a2), 2U);
  EXPECT_EQ(board.hart.x(a3), 0U);
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].cause, 1U);
  EXPECT_EQ(board.log.traps[0].pc, code + 8);
}

}  // namespace
}  // namespace fermata::riscv::testing
