// SPDX-License-Identifier: MIT
#include "fermata/riscv/core/csr_file.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

constexpr std::uint64_t all = ~std::uint64_t{0};
constexpr std::uint64_t uxl_sxl = std::uint64_t{0xa} << 32;

TEST(CsrFile, WritableBits) {
  struct Case {
    unsigned number;
    std::uint64_t written, read;
  };
  Board board;
  for (const Case& c : {Case{0x300, all, 0x8000'000a'007e'79aa},  // mstatus
                        Case{0x300, 0, uxl_sxl},
                        Case{0x100, all, 0x8000'0002'000c'6122},  // sstatus
                        Case{0x301, 0, 0x8000'0000'0014'112d},    // misa: IMAFDCSU, not to be changed
                        Case{0x302, all, 0xb3ff},                 // medeleg
                        Case{0x303, all, 0x222},                  // mideleg
                        Case{0x304, all, 0xaaa},                  // mie
                        Case{0x344, all, 0x222},                  // mip
                        Case{0x306, all, 0xffff'ffff},            // mcounteren
                        Case{0x106, all, 0xffff'ffff},            // scounteren
                        Case{0x30a, all, 1},                      // menvcfg
                        Case{0x10a, all, 1},                      // senvcfg
                        Case{0x320, all, 5},                      // mcountinhibit
                        Case{0x320, 0, 0},
                        Case{0x340, all, all},      // mscratch
                        Case{0x341, all, all - 1},  // mepc
                        Case{0x141, all, all - 1},  // sepc
                        Case{0x342, all, all},      // mcause
                        Case{0x343, all, all},      // mtval
                        Case{0x323, all, 0},        // mhpmevent3
                        Case{0xb1f, all, 0},        // mhpmcounter31
                        Case{0x180, std::uint64_t{8} << 60 | 0xffff, std::uint64_t{8} << 60 | 0xffff},
                        Case{0x180, std::uint64_t{9} << 60 | 1, std::uint64_t{9} << 60 | 1},
                        Case{0x180, std::uint64_t{10} << 60, std::uint64_t{9} << 60 | 1},  // no Sv57: as it was
                        Case{0x180, std::uint64_t{1} << 60, std::uint64_t{9} << 60 | 1},
                        Case{0x180, 0, 0},
                        Case{0x105, 0x8000'0001, 0x8000'0001},  // stvec
                        Case{0x105, 0x9000'0002, 0x8000'0001},  // no such mode: as it was
                        Case{0x3a1, 0, 0}}) {
    if (c.number == 0x3a1) {
      EXPECT_FALSE(board.hart.csr(c.number));  // the odd pmpcfg are RV32's
      continue;
    }
    board.set_csr(c.number, c.written);
    EXPECT_EQ(board.csr(c.number), c.read) << std::hex << c.number << " " << c.written;
  }
  EXPECT_TRUE(board.log.traps.empty());
}

TEST(CsrFile, MppKeepsItsValueRatherThanTakeOneThatIsNoPrivilege) {
  Board board;
  board.set_csr(0x300, 1 << 11);
  board.set_csr(0x300, 2 << 11);
  EXPECT_EQ(board.csr(0x300) >> 11 & 3, 1U);
}

TEST(CsrFile, ExactlyTheseExist) {
  std::set<unsigned> expected{0x001, 0x002, 0x003, 0x100, 0x104, 0x105, 0x106, 0x10a, 0x140, 0x141,
                              0x142, 0x143, 0x144, 0x180, 0x300, 0x301, 0x302, 0x303, 0x304, 0x305,
                              0x306, 0x30a, 0x320, 0x340, 0x341, 0x342, 0x343, 0x344, 0x3a0, 0x3a2,
                              0xb00, 0xb02, 0xc00, 0xc01, 0xc02, 0xf11, 0xf12, 0xf13, 0xf14, 0xf15};
  for (unsigned i = 3; i < 32; ++i) {
    expected.insert({0x320 + i, 0xb00 + i, 0xc00 + i});
  }
  for (unsigned i = 0; i < 16; ++i) {
    expected.insert(0x3b0 + i);
  }
  Board board;
  std::set<unsigned> found;
  for (unsigned number = 0; number < 4096; ++number) {
    if (board.hart.csr(number)) {
      found.insert(number);
    }
  }
  EXPECT_EQ(found, expected);
}

TEST(CsrFile, FloatingPointNeedsFs) {
  Board board;
  board.execute({csrrs(a2, 3, 0)});
  ASSERT_EQ(board.log.traps.size(), 1U);
  board.set_csr(0x300, 1 << 13);
  board.hart.set_pc(Board::ram_begin);
  board.execute({csrrwi(0, 2, 3), csrrwi(0, 1, 17), csrrs(a2, 3, 0)});
  EXPECT_EQ(board.hart.x(a2), 3U << 5 | 17);
  EXPECT_EQ(board.csr(0x300) >> 13 & 3, 3U);  // dirty
  EXPECT_EQ(board.csr(0x300) >> 63, 1U);      // SD
  board.execute({csrrw(a2, 3, a0)}, {{a0, all}});
  EXPECT_EQ(board.csr(3), 0xffU);
}

TEST(CsrFile, SupervisorSeesWhatIsDelegated) {
  Board board;
  board.set_csr(0x303, 0x202);
  board.set_csr(0x304, 0xaaa);
  EXPECT_EQ(board.csr(0x104), 0x202U);
  board.set_csr(0x104, 0);
  EXPECT_EQ(board.csr(0x304), 0x8a8U);
  board.set_csr(0x104, all);
  EXPECT_EQ(board.csr(0x304), 0xaaaU);
  board.set_csr(0x144, all);  // only SSIP can be written, and only while it is delegated
  EXPECT_EQ(board.csr(0x344), 2U);
  board.set_csr(0x303, 0);
  board.set_csr(0x144, 0);
  EXPECT_EQ(board.csr(0x344), 2U);
}

TEST(CsrFile, SeipIsTheWireOrTheBit) {
  Board board;
  board.hart.set_interrupt(Interrupt::supervisor_external, true);
  EXPECT_EQ(board.csr(0x344), 0x200U);
  board.execute({csrrsi(a2, 0x344, 2)});  // reads the wire, but does not write it back
  EXPECT_EQ(board.hart.x(a2), 0x200U);
  board.hart.set_interrupt(Interrupt::supervisor_external, false);
  EXPECT_EQ(board.csr(0x344), 2U);
  board.set_csr(0x344, 0x200);
  EXPECT_EQ(board.csr(0x344), 0x200U);
}

TEST(CsrFile, MachineWiresCannotBeWritten) {
  Board board;
  board.hart.set_interrupt(Interrupt::machine_timer, true);
  board.set_csr(0x344, 0);
  EXPECT_EQ(board.csr(0x344), 0x80U);
}

TEST(CsrFile, CountersAreForThoseTheyAreEnabledFor) {
  for (const bool machine : {false, true}) {
    for (const bool supervisor : {false, true}) {
      for (const Privilege privilege : {Privilege::user, Privilege::supervisor}) {
        for (const unsigned number : {0xc00U, 0xc01U, 0xc02U, 0xc03U, 0xc1fU}) {
          Board board;
          board.open_pmp();
          board.set_csr(0x306, machine ? 1U << (number - 0xc00) : ~(1U << (number - 0xc00)));
          board.set_csr(0x106, supervisor ? 1U << (number - 0xc00) : ~(1U << (number - 0xc00)));
          board.go_to(privilege, Board::ram_begin + 0x100);
          board.execute({csrrs(a2, number, 0)});
          const bool is_enabled = machine && (supervisor || privilege == Privilege::supervisor);
          EXPECT_EQ(board.log.traps.empty(), is_enabled) << std::hex << number;
        }
      }
    }
  }
}

TEST(CsrFile, InhibitedCountersStandStill) {
  Board board;
  board.execute({csrrwi(0, 0x320, 4), csrrs(a0, 0xb02, 0), nop(), csrrs(a1, 0xb02, 0), csrrs(a2, 0xb00, 0)});
  EXPECT_EQ(board.hart.x(a0), board.hart.x(a1));
  EXPECT_GT(board.hart.x(a2), board.hart.x(a1));
  board.execute({csrrwi(0, 0xb02, 9), csrrwi(0, 0x320, 0), csrrs(a0, 0xb02, 0), csrrs(a1, 0xb02, 0)});
  EXPECT_EQ(board.hart.x(a0), 9U);
  EXPECT_EQ(board.hart.x(a1), 10U);
}

}  // namespace
}  // namespace fermata::riscv::testing
