// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdint>

#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

constexpr unsigned mscratch = 0x340, mstatus = 0x300, minstret = 0xb02, mcycle = 0xb00;
constexpr std::uint64_t tw = 1 << 21, tvm = 1 << 20, tsr = 1 << 22;

TEST(System, CsrInstructionsReadAndWrite) {
  Board board;
  board.set_csr(mscratch, 0xf0);
  board.execute({csrrw(a2, mscratch, a0)}, {{a0, 0x0f}});
  EXPECT_EQ(board.hart.x(a2), 0xf0U);
  board.execute({csrrs(a2, mscratch, a0)}, {{a0, 0xf00}});
  EXPECT_EQ(board.hart.x(a2), 0x0fU);
  EXPECT_EQ(board.csr(mscratch), 0xf0fU);
  board.execute({csrrc(a2, mscratch, a0)}, {{a0, 0xff}});
  EXPECT_EQ(board.csr(mscratch), 0xf00U);
  board.execute({csrrwi(a2, mscratch, 31)});
  EXPECT_EQ(board.hart.x(a2), 0xf00U);
  board.execute({csrrsi(a2, mscratch, 0), csrrci(a2, mscratch, 1)});
  EXPECT_EQ(board.csr(mscratch), 30U);
  board.execute({csrrw(a0, mscratch, a0)}, {{a0, 7}});  // the same register
  EXPECT_EQ(board.hart.x(a0), 30U);
  EXPECT_EQ(board.csr(mscratch), 7U);
}

TEST(System, ReadOnlyCsrsMayBeReadByThoseThatDoNotWrite) {
  Board board(3);
  board.execute({csrrs(a2, 0xf14, 0), csrrci(a3, 0xf14, 0)});
  EXPECT_EQ(board.hart.x(a2), 3U);
  EXPECT_EQ(board.hart.x(a3), 3U);
  EXPECT_TRUE(board.log.traps.empty());
  for (const Bits bits : {csrrw(a2, 0xf14, 0), csrrs(a2, 0xf14, a0), csrrsi(a2, 0xf14, 1)}) {
    board.hart.set_pc(Board::ram_begin);
    board.log.traps.clear();
    EXPECT_EQ(board.execute({bits}, {{a2, 77}}).executed, 1U);
    ASSERT_EQ(board.log.traps.size(), 1U);
    EXPECT_EQ(board.log.traps[0].cause, 2U);
    EXPECT_EQ(board.log.traps[0].value, bits);
    EXPECT_EQ(board.hart.x(a2), 77U);
  }
}

TEST(System, WhatTrapsAndHowItIsCounted) {
  struct Case {
    const char* name;
    Bits instruction;
    std::uint64_t cause, value, counted;
  };
  // ECALL, EBREAK and what cannot be decoded are counted, as in QEMU; an illegal CSR access is not.
  for (const Case& c :
       {Case{"ecall", ecall, 11, 0, 1}, Case{"ebreak", ebreak, 3, Board::ram_begin + 4, 1},
        Case{"c.ebreak", 0x9002, 3, Board::ram_begin + 4, 1}, Case{"all zero", 0, 2, 0, 1},
        Case{"all ones", 0xffff'ffff, 2, 0xffff'ffff, 1}, Case{"no CSR", csrrw(0, 0x7c0, 0), 2, csrrw(0, 0x7c0, 0), 0},
        Case{"FS off", flw(0, a0, 0), 2, flw(0, a0, 0), 1}}) {
    Board board;
    board.put(Board::ram_begin, {nop(), c.instruction});
    const std::uint64_t before = board.csr(minstret);
    EXPECT_EQ(board.hart.run(1 + c.counted).executed, 1 + c.counted) << c.name;
    if (c.counted == 0) {
      EXPECT_TRUE(board.log.traps.empty()) << c.name;
      EXPECT_EQ(board.hart.run(1).executed, 1U);  // the handler's first
    }
    ASSERT_EQ(board.log.traps.size(), 1U) << c.name;
    EXPECT_EQ(board.log.traps[0].cause, c.cause) << c.name;
    EXPECT_EQ(board.log.traps[0].value, c.value) << c.name;
    EXPECT_EQ(board.log.traps[0].pc, Board::ram_begin + 4) << c.name;
    EXPECT_EQ(board.csr(minstret), before + (c.counted == 0 ? 2 : 1)) << c.name;  // none of them retires
  }
}

TEST(System, MinstretCountsWhatRetiredBefore) {
  Board board;
  board.execute({csrrs(a0, minstret, 0), nop(), nop(), csrrs(a1, minstret, 0)});
  EXPECT_EQ(board.hart.x(a1) - board.hart.x(a0), 3U);
  board.execute({csrrw(0, minstret, a2), csrrs(a0, minstret, 0), csrrs(a1, minstret, 0)}, {{a2, 1000}});
  EXPECT_EQ(board.hart.x(a0), 1000U);
  EXPECT_EQ(board.hart.x(a1), 1001U);
  board.execute({csrrw(0, mcycle, a2), csrrs(a0, mcycle, 0), csrrs(a1, 0xc00, 0)}, {{a2, 5}});
  EXPECT_EQ(board.hart.x(a0), 5U);
  EXPECT_EQ(board.hart.x(a1), 6U);
}

TEST(System, TimeIncludesTheReadingInstruction) {
  Board board;
  const std::uint64_t start = board.time.executed();
  board.execute({nop(), csrrs(a0, 0xc01, 0), nop(), csrrs(a1, 0xc01, 0)});
  EXPECT_EQ(board.hart.x(a0), start + 2);
  EXPECT_EQ(board.hart.x(a1), start + 4);
}

TEST(System, WfiGoesOnIfSomethingIsPending) {
  Board board;
  board.set_csr(0x304, 1 << 7);
  board.hart.set_interrupt(Interrupt::machine_timer, true);  // MIE is off: it is not taken
  const RunResult result = board.execute({wfi, addi(a2, 0, 3)});
  EXPECT_EQ(result.why, RunStop::budget);
  EXPECT_EQ(board.hart.x(a2), 3U);
  EXPECT_FALSE(board.hart.is_waiting());
}

TEST(System, WfiWaitsForAnEnabledInterrupt) {
  Board board;
  board.set_csr(0x304, 1 << 7);
  const RunResult result = board.execute({nop(), wfi, addi(a2, 0, 3)});
  EXPECT_EQ(result.why, RunStop::waiting);
  EXPECT_EQ(result.executed, 2U);
  EXPECT_TRUE(board.hart.is_waiting());
  board.hart.set_interrupt(Interrupt::machine_external, true);  // not enabled
  EXPECT_TRUE(board.hart.is_waiting());
  EXPECT_EQ(board.hart.run(10).executed, 0U);
  EXPECT_EQ(board.hart.run(10).why, RunStop::waiting);
  board.hart.set_interrupt(Interrupt::machine_timer, true);
  EXPECT_FALSE(board.hart.is_waiting());
  EXPECT_EQ(board.hart.run(1).executed, 1U);
  EXPECT_EQ(board.hart.x(a2), 3U);
}

TEST(System, PrivilegedInstructionsInLessPrivilegedModes) {
  struct Case {
    const char* name;
    Bits instruction;
    Privilege privilege;
    std::uint64_t mstatus_bits;
    bool traps;
  };
  for (const Case& c :
       {Case{"wfi in S", wfi, Privilege::supervisor, 0, false},
        Case{"wfi in S, TW", wfi, Privilege::supervisor, tw, true}, Case{"wfi in U", wfi, Privilege::user, 0, true},
        Case{"mret in S", mret, Privilege::supervisor, 0, true}, Case{"mret in U", mret, Privilege::user, 0, true},
        Case{"sret in S", sret, Privilege::supervisor, 0, false},
        Case{"sret in S, TSR", sret, Privilege::supervisor, tsr, true},
        Case{"sret in U", sret, Privilege::user, 0, true},
        Case{"sfence in S", sfence_vma, Privilege::supervisor, 0, false},
        Case{"sfence in S, TVM", sfence_vma, Privilege::supervisor, tvm, true},
        Case{"sfence in U", sfence_vma, Privilege::user, 0, true},
        Case{"satp in S", csrrs(a0, 0x180, 0), Privilege::supervisor, 0, false},
        Case{"satp in S, TVM", csrrs(a0, 0x180, 0), Privilege::supervisor, tvm, true},
        Case{"satp in U", csrrs(a0, 0x180, 0), Privilege::user, 0, true},
        Case{"mstatus in S", csrrs(a0, 0x300, 0), Privilege::supervisor, 0, true},
        Case{"sstatus in U", csrrs(a0, 0x100, 0), Privilege::user, 0, true}}) {
    Board board;
    board.open_pmp();
    board.set_csr(mstatus, c.mstatus_bits);
    board.go_to(c.privilege, Board::ram_begin + 0x100);
    EXPECT_EQ(board.hart.privilege(), c.privilege);
    board.put(Board::ram_begin + 0x100, {c.instruction});
    (void)board.hart.run(1);
    ASSERT_EQ(board.log.traps.size(), c.traps ? 1U : 0U) << c.name;
    if (c.traps) {
      EXPECT_EQ(board.log.traps[0].cause, 2U) << c.name;
      EXPECT_EQ(board.log.traps[0].value, c.instruction) << c.name;
      EXPECT_EQ(board.log.traps[0].pc, Board::ram_begin + 0x100) << c.name;
      EXPECT_EQ(board.log.traps[0].from, c.privilege) << c.name;
    }
  }
}

TEST(System, EcallSaysWhereItComesFrom) {
  for (const auto& [privilege, cause] : {std::pair(Privilege::user, 8U), std::pair(Privilege::supervisor, 9U)}) {
    Board board;
    board.open_pmp();
    board.go_to(privilege, Board::ram_begin + 0x100);
    board.execute({ecall});
    ASSERT_EQ(board.log.traps.size(), 1U);
    EXPECT_EQ(board.log.traps[0].cause, cause);
    EXPECT_EQ(board.hart.privilege(), Privilege::machine);
    EXPECT_EQ(board.csr(mstatus) >> 11 & 3, static_cast<std::uint64_t>(privilege));
  }
}

TEST(System, FencesDoNothingVisible) {
  Board board;
  board.execute({fence, fence_i, 0x8330'000f /* fence.tso */, 0x0100'000f /* pause */, addi(a2, 0, 1)});
  EXPECT_EQ(board.hart.x(a2), 1U);
  EXPECT_TRUE(board.log.traps.empty());
}

}  // namespace
}  // namespace fermata::riscv::testing
