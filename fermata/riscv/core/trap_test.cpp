// SPDX-License-Identifier: MIT
#include "fermata/riscv/core/trap.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

constexpr unsigned mstatus = 0x300, medeleg = 0x302, mideleg = 0x303, mie = 0x304, mtvec = 0x305, mepc = 0x341,
                   mcause = 0x342, mtval = 0x343, mip = 0x344;
constexpr unsigned stvec = 0x105, sepc = 0x141, scause = 0x142, stval = 0x143;
constexpr std::uint64_t interrupt = std::uint64_t{1} << 63;
constexpr std::uint64_t mstatus_sie = 2, mstatus_mie = 8, mstatus_spie = 0x20, mstatus_mpie = 0x80, mstatus_spp = 0x100;
constexpr std::uint64_t supervisor_handler = Board::ram_begin + 0x3'0000;

TEST(Trap, IntoMachineModeSavesAndMretRestores) {
  Board board;
  board.set_csr(mstatus, mstatus_mie);
  board.poke(Board::handler, mret);
  board.execute({ebreak});
  EXPECT_EQ(board.csr(mcause), 3U);
  EXPECT_EQ(board.csr(mepc), Board::ram_begin);
  EXPECT_EQ(board.csr(mtval), Board::ram_begin);
  EXPECT_EQ(board.csr(mstatus) & (mstatus_mie | mstatus_mpie | 3 << 11), mstatus_mpie | 3 << 11);
  board.set_csr(mepc, Board::ram_begin + 0x20);
  board.hart.set_pc(Board::handler + 0x100);
  board.execute({mret});
  EXPECT_EQ(board.hart.pc(), Board::ram_begin + 0x20);
  EXPECT_EQ(board.csr(mstatus) & (mstatus_mie | mstatus_mpie | 3 << 11), mstatus_mie | mstatus_mpie);
}

TEST(Trap, DelegatedOnesGoToSupervisorModeFromBelowMachineModeOnly) {
  Board board;
  board.open_pmp();
  board.set_csr(medeleg, 1 << 3);
  board.set_csr(stvec, supervisor_handler);
  board.execute({ebreak});
  EXPECT_EQ(board.hart.privilege(), Privilege::machine);
  board.go_to(Privilege::user, Board::ram_begin + 0x100);
  board.execute({ebreak});
  EXPECT_EQ(board.hart.privilege(), Privilege::supervisor);
  EXPECT_EQ(board.hart.pc(), supervisor_handler);
  EXPECT_EQ(board.csr(scause), 3U);
  EXPECT_EQ(board.csr(sepc), Board::ram_begin + 0x100);
  EXPECT_EQ(board.csr(stval), Board::ram_begin + 0x100);
  EXPECT_EQ(board.csr(mstatus) & mstatus_spp, 0U);
  ASSERT_EQ(board.log.traps.size(), 2U);
  EXPECT_EQ(board.log.traps[1].from, Privilege::user);
  EXPECT_EQ(board.log.traps[1].to, Privilege::supervisor);
  board.execute({ebreak});
  EXPECT_EQ(board.csr(mstatus) & mstatus_spp, mstatus_spp);
}

TEST(Trap, SretGoesWhereSppSays) {
  Board board;
  board.open_pmp();
  board.set_csr(sepc, Board::ram_begin + 0x200);
  board.set_csr(mstatus, mstatus_spie | std::uint64_t{1} << 17);  // MPRV
  board.execute({sret});
  EXPECT_EQ(board.hart.privilege(), Privilege::user);
  EXPECT_EQ(board.hart.pc(), Board::ram_begin + 0x200);
  EXPECT_EQ(board.csr(mstatus) & (mstatus_sie | mstatus_spie | mstatus_spp | 1 << 17), mstatus_sie | mstatus_spie);
}

TEST(Trap, InterruptsInOrderOfPriority) {
  Board board;
  const unsigned order[] = {11, 3, 7, 9, 1, 5};
  board.set_csr(mie, 0xaaa);
  for (const unsigned line : order) {
    board.hart.set_interrupt(static_cast<Interrupt>(line), true);
  }
  for (const unsigned line : order) {
    board.set_csr(mstatus, mstatus_mie);
    (void)board.hart.run(1);
    ASSERT_FALSE(board.log.traps.empty());
    EXPECT_EQ(board.log.traps.back().cause, interrupt | line);
    EXPECT_EQ(board.log.traps.back().value, 0U);
    board.hart.set_interrupt(static_cast<Interrupt>(line), false);
  }
  EXPECT_EQ(board.log.traps.size(), 6U);
}

TEST(Trap, AnInterruptIsTakenBeforeTheNextInstructionAndCountsNothing) {
  Board board;
  board.set_csr(mie, 1 << 7);
  board.hart.set_interrupt(Interrupt::machine_timer, true);
  EXPECT_EQ(board.csr(mip), 1U << 7);
  const std::uint64_t before = board.time.executed();
  const RunResult result = board.execute({csrrsi(0, mstatus, mstatus_mie), addi(a2, 0, 1)});
  EXPECT_EQ(result.executed, 2U);
  EXPECT_EQ(board.time.executed(), before + 2);
  EXPECT_EQ(board.hart.x(a2), 0U);
  EXPECT_EQ(board.csr(mepc), Board::ram_begin + 4);
  EXPECT_EQ(board.hart.pc(), Board::handler);
}

TEST(Trap, VectoredHandlers) {
  Board board;
  board.set_csr(mtvec, Board::handler | 1);
  board.set_csr(mie, 1 << 7);
  board.execute({ebreak});
  EXPECT_EQ(board.hart.pc(), Board::handler);  // exceptions all go to the base
  board.hart.set_interrupt(Interrupt::machine_timer, true);
  board.put(Board::handler + 7 * 4, {jal(0, 0)});
  board.hart.set_pc(Board::ram_begin);
  board.execute({csrrsi(0, mstatus, mstatus_mie), nop()});
  EXPECT_EQ(board.hart.pc(), Board::handler + 7 * 4);
}

TEST(Trap, DelegatedInterruptsDoNotReachMachineMode) {
  Board board;
  board.open_pmp();
  board.set_csr(mideleg, 0x222);
  board.set_csr(mie, 0x222);
  board.set_csr(stvec, supervisor_handler | 1);
  board.put(supervisor_handler + 9 * 4, {jal(0, 0)});
  board.set_csr(mstatus, mstatus_mie | mstatus_sie);
  board.hart.set_interrupt(Interrupt::supervisor_external, true);
  board.execute({nop(), nop()});
  EXPECT_TRUE(board.log.traps.empty());
  board.set_csr(mstatus, 0);  // in supervisor mode SIE is off, then on
  board.go_to(Privilege::supervisor, Board::ram_begin + 0x100);
  board.execute({nop(), csrrsi(0, 0x100, 2), nop()});
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].cause, interrupt | 9);
  EXPECT_EQ(board.log.traps[0].pc, Board::ram_begin + 0x108);
  EXPECT_EQ(board.log.traps[0].to, Privilege::supervisor);
  EXPECT_EQ(board.hart.pc(), supervisor_handler + 9 * 4);
}

TEST(Trap, MachineInterruptsComeToLowerModesWhateverMieSays) {
  Board board;
  board.open_pmp();
  board.set_csr(mie, 1 << 3);
  board.hart.set_interrupt(Interrupt::machine_software, true);
  board.go_to(Privilege::user, Board::ram_begin + 0x100);
  (void)board.hart.run(1);
  ASSERT_EQ(board.log.traps.size(), 1U);
  EXPECT_EQ(board.log.traps[0].cause, interrupt | 3);
  EXPECT_EQ(board.log.traps[0].from, Privilege::user);
}

TEST(Trap, ADoubleFaultIsAnotherTrap) {
  Board board;
  board.poke(Board::handler, ebreak);
  board.execute({ebreak});
  (void)board.hart.run(3);
  ASSERT_EQ(board.log.traps.size(), 4U);
  EXPECT_EQ(board.csr(mepc), Board::handler);
}

}  // namespace
}  // namespace fermata::riscv::testing
