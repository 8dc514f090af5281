// SPDX-License-Identifier: MIT
#include "fermata/riscv/core/saved_state.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

std::vector<std::byte> saved(const Board& board) {
  state::Writer writer;
  board.hart.save(writer);
  return writer.take();
}

TEST(SavedState, HasEveryCsr) {
  Board board;
  const unsigned numbers[] = {0x300, 0x302, 0x303, 0x304, 0x344, 0x305, 0x306, 0x30a, 0x340, 0x341, 0x342, 0x343, 0x320,
                              0x105, 0x106, 0x10a, 0x140, 0x141, 0x142, 0x143, 0x180, 0x3a0, 0x3b0, 0xb00, 0xb02, 3};
  board.set_csr(0x300, 3 << 13);
  for (const unsigned number : numbers) {
    if (number != 0x180 && number != 0x300) {
      board.set_csr(number, 0x1111'0001'0000'0101 * (number & 7));
    }
  }
  board.set_csr(0x180, std::uint64_t{8} << 60 | 5);
  board.hart.set_f(7, 8);
  board.hart.set_x(9, 10);
  board.hart.set_interrupt(Interrupt::machine_external, true);
  const auto bytes = saved(board);
  Board other;
  state::Reader reader(bytes);
  other.hart.load(reader);
  for (const unsigned number : numbers) {
    EXPECT_EQ(other.csr(number), board.csr(number)) << std::hex << number;
  }
  EXPECT_EQ(other.hart.f(7), 8U);
  EXPECT_EQ(other.hart.x(9), 10U);
  EXPECT_EQ(saved(other), bytes);
}

TEST(SavedState, KeepsAWaitAndAReservation) {
  Board board;
  board.poke(Board::data, std::uint64_t{5});
  board.execute({lr(true, a2, a0), wfi}, {{a0, Board::data}});
  ASSERT_TRUE(board.hart.is_waiting());
  const auto bytes = saved(board);
  Board other;
  other.poke(Board::data, std::uint64_t{5});
  state::Reader reader(bytes);
  other.hart.load(reader);
  EXPECT_TRUE(other.hart.is_waiting());
  other.set_csr(0x304, 0);
  EXPECT_EQ(other.hart.run(5).why, RunStop::waiting);
}

TEST(SavedState, RefusesWhatCannotBe) {
  Board board;
  const auto bytes = saved(board);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] = std::byte{0xff};
    Board other;
    state::Reader reader(damaged);
    try {
      other.hart.load(reader);
      (void)other.hart.run(100);  // whatever it is, it can be executed
    } catch (const base::Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 10U);
}

}  // namespace
}  // namespace fermata::riscv::testing
