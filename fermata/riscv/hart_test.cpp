// SPDX-License-Identifier: MIT
#include "fermata/riscv/hart.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <thread>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

/// A program that has of everything: loops, calls, traps, loads and stores, a device, CSRs, atomics, code that changes.
void put_mixture(Board& board) {
  const std::uint64_t begin = Board::ram_begin;
  board.put(Board::handler, {csrrs(t0, 0x341, 0), addi(t0, t0, 4), csrrw(0, 0x341, t0), addi(t2, t2, 1), mret});
  board.put(begin, {
                       auipc(a0, 0x10000),
                       addi(a3, 0, 7),  // a0 = data
                       sd(a1, a0, 0),
                       ld(a2, a0, 0),
                       lw(a2, a0, 6),  // one is not aligned
                       add(a1, a1, a2),
                       mul(a1, a1, a3),
                       ecall,  //
                       amo(0, true, a2, a0, a3),
                       csrrs(a4, 0xb02, 0),  //
                       add(a1, a1, a4),
                       csrrs(a4, 0xc01, 0),  //
                       add(a1, a1, a4),
                       lui(a5, 0x1000'0000),
                       sw(a1, a5, 4),
                       lw(a4, a5, 0),  // the probe
                       add(a1, a1, a4),
                       ld(a4, 0, 0),  // faults
                       jal(ra, 0xf00),
                       addi(a3, a3, -1),
                       bne(a3, 0, -72),  //
                       csrrsi(0, 0x304, 8),
                       jal(0, -88),
                   });
  board.put(begin + 18 * 4 + 0xf00, {addi(a2, a2, 3), 0x0505 /* c.addi a0, 1 */, addi(a0, a0, -1), jalr(0, ra, 0)});
  board.probe.on_read = [&board](std::uint64_t, unsigned) { return board.time.executed(); };
  board.probe.on_write = [&board](std::uint64_t, unsigned, std::uint64_t value) {
    board.hart.set_interrupt(Interrupt::machine_software, (value & 1) != 0);
  };
}

struct Outcome {
  std::vector<std::byte> state;
  std::vector<std::byte> ram;
  std::uint64_t time = 0;
  std::size_t traps = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome outcome_of(Board& board) {
  state::Writer writer;
  board.hart.save(writer);
  const auto bytes = board.ram.bytes();
  return {writer.take(), {bytes.begin(), bytes.end()}, board.time.executed(), board.log.traps.size()};
}

constexpr std::uint64_t mixture_length = 400;

Outcome run_mixture(std::uint64_t piece) {
  Board board;
  put_mixture(board);
  for (std::uint64_t left = mixture_length; left > 0;) {
    const RunResult result = board.hart.run(std::min(piece, left));
    EXPECT_EQ(result.executed, std::min(piece, left));
    EXPECT_EQ(result.why, RunStop::budget);
    left -= result.executed;
  }
  return outcome_of(board);
}

TEST(Hart, PiecesOfABudgetMakeTheSameWhole) {
  const Outcome whole = run_mixture(mixture_length);
  EXPECT_GT(whole.traps, 10U);
  for (const std::uint64_t piece : {1U, 2U, 3U, 5U, 7U, 31U, 32U, 33U, 100U}) {
    EXPECT_TRUE(run_mixture(piece) == whole) << piece;
  }
}

TEST(Hart, EveryCutIsExact) {
  const Outcome whole = run_mixture(mixture_length);
  for (std::uint64_t cut = 1; cut < mixture_length; ++cut) {
    Board board;
    put_mixture(board);
    EXPECT_EQ(board.hart.run(cut).executed, cut);
    EXPECT_EQ(board.hart.run(mixture_length - cut).executed, mixture_length - cut);
    EXPECT_TRUE(outcome_of(board) == whole) << cut;
  }
}

TEST(Hart, ASavedStateRunsOnAlike) {
  const Outcome whole = run_mixture(mixture_length);
  for (const std::uint64_t cut : {1U, 50U, 77U, 200U, 399U}) {
    Board first;
    put_mixture(first);
    (void)first.hart.run(cut);
    state::Writer writer;
    first.hart.save(writer);
    first.time.save(writer);
    first.ram.save(writer);
    const std::vector<std::byte> saved = writer.take();

    Board second;
    put_mixture(second);
    (void)second.hart.run(333);  // what was decoded and translated there must not matter
    second.log.traps = first.log.traps;
    state::Reader reader(saved);
    second.hart.load(reader);
    second.time.load(reader);
    second.ram.load(reader);
    EXPECT_TRUE(reader.is_at_end());
    EXPECT_EQ(second.hart.run(mixture_length - cut).executed, mixture_length - cut);
    EXPECT_TRUE(outcome_of(second) == whole) << cut;
  }
}

TEST(Hart, ResetsToMachineModeWithEverythingZero) {
  Board board;
  put_mixture(board);
  (void)board.hart.run(100);
  board.hart.reset(0x8000'0001);
  EXPECT_EQ(board.hart.pc(), 0x8000'0000U);
  EXPECT_EQ(board.hart.privilege(), Privilege::machine);
  for (unsigned i = 0; i < 32; ++i) {
    EXPECT_EQ(board.hart.x(i), 0U);
    EXPECT_EQ(board.hart.f(i), 0U);
  }
  EXPECT_EQ(board.csr(0x305), 0U);
  EXPECT_EQ(board.csr(0xb02), 0U);
}

TEST(Hart, RegistersCanBeSet) {
  Board board;
  board.hart.set_x(0, 5);
  board.hart.set_x(31, 6);
  board.hart.set_f(31, 7);
  EXPECT_EQ(board.hart.x(0), 0U);
  EXPECT_EQ(board.hart.x(31), 6U);
  EXPECT_EQ(board.hart.f(31), 7U);
  EXPECT_DEATH((void)board.hart.x(32), "registers");
}

TEST(Hart, ABudgetOfNothingExecutesNothing) {
  Board board;
  const RunResult result = board.hart.run(0);
  EXPECT_EQ(result.executed, 0U);
  EXPECT_EQ(result.why, RunStop::budget);
  EXPECT_EQ(board.hart.pc(), Board::ram_begin);
}

TEST(Hart, LeavesAfterTheInstructionThatCallsIt) {
  Board board;
  board.probe.on_write = [&](std::uint64_t, unsigned, std::uint64_t) { board.hart.leave(); };
  board.put(Board::ram_begin, {nop(), sw(a1, a0, 0), nop(), nop()});
  board.hart.set_x(a0, Board::probe_begin);
  const RunResult result = board.hart.run(4);
  EXPECT_EQ(result.why, RunStop::left);
  EXPECT_EQ(result.executed, 2U);
  EXPECT_EQ(board.hart.pc(), Board::ram_begin + 8);
  EXPECT_EQ(board.hart.run(2).executed, 2U);
}

TEST(Hart, LeavesAtOnceIfItWasToldBefore) {
  Board board;
  board.hart.leave();
  const RunResult result = board.hart.run(4);
  EXPECT_EQ(result.why, RunStop::left);
  EXPECT_EQ(result.executed, 0U);
}

TEST(Hart, LeavesWhenAnotherThreadSaysSo) {
  Board board;
  board.put(Board::ram_begin, {jal(0, 0)});
  std::thread other([&] { board.hart.leave(); });
  const RunResult result = board.hart.run(~std::uint64_t{0});
  other.join();
  EXPECT_EQ(result.why, RunStop::left);
}

TEST(Hart, IsStuckWhereTheHandlerItselfFaults) {
  Board board;
  board.set_csr(0x305, 0);  // nothing is mapped there
  board.put(Board::ram_begin, {nop(), ebreak});
  const RunResult result = board.hart.run(100);
  EXPECT_EQ(result.why, RunStop::stuck);
  EXPECT_EQ(result.executed, 2U);
  EXPECT_EQ(board.hart.run(100).executed, 0U);
  EXPECT_EQ(board.hart.pc(), 0U);
}

TEST(Hart, TimeNeverGoesBackWhereSomethingIsNotCounted) {
  for (const Bits bits :
       {csrrw(0, 0x7c0, 0), csrrs(a1, 0xc01, a0), lw(a1, a0, 2), sd(a1, a0, 0xffc), amo(0, true, a1, a0, a1)}) {
    Board board;
    board.set_csr(0x305, Board::ram_begin);  // the handler is the instruction that traps
    board.put(Board::ram_begin, {bits});
    board.hart.set_x(a0, Board::probe_begin);
    const std::uint64_t before = board.time.executed();
    const RunResult result = board.hart.run(10);
    EXPECT_EQ(result.why, RunStop::stuck) << std::hex << bits;
    EXPECT_EQ(result.executed, 0U);
    EXPECT_EQ(board.time.executed(), before);
  }
}

TEST(Hart, DoesNotRunFromWithinAWindow) {
  Board board;
  board.probe.on_read = [&](std::uint64_t, unsigned) { return board.hart.run(1).executed; };
  EXPECT_DEATH(board.execute({lw(a1, a0, 0)}, {{a0, Board::probe_begin}}), "within a window");
}

TEST(Hart, RefusesDamagedState) {
  Board board;
  state::Writer writer;
  board.hart.save(writer);
  std::vector<std::byte> saved = writer.take();
  for (std::size_t length = 0; length < saved.size(); length += 13) {
    state::Reader reader(std::span<const std::byte>(saved).first(length));
    EXPECT_THROW(board.hart.load(reader), base::Error) << length;
  }
  Board other(1);
  state::Reader reader(saved);
  EXPECT_THROW(other.hart.load(reader), base::Error);
}

TEST(Hart, TwoHartsShareCodeAndMemory) {
  Board board;
  Hart second({.id = 1}, {.memory = &board.memory, .time = &board.time, .code = &board.code, .read_mtime = [] {
                            return std::uint64_t{0};
                          }});
  second.reset(Board::ram_begin);
  board.put(Board::ram_begin, {addi(a0, a0, 1), jal(0, -4)});
  (void)board.hart.run(10);
  (void)second.run(10);
  const std::uint64_t target = Board::ram_begin;
  board.put(Board::ram_begin + 0x100, {sw(a1, a2, 0), jal(0, -0x104)});
  board.hart.set_pc(Board::ram_begin + 0x100);
  board.hart.set_x(a1, addi(a0, a0, 100));
  board.hart.set_x(a2, target);
  (void)board.hart.run(2);  // the first one overwrites what the second one executes
  (void)second.run(10);
  EXPECT_EQ(second.x(a0), 505U);
  EXPECT_EQ(board.hart.x(a0), 5U);
}

}  // namespace
}  // namespace fermata::riscv::testing
