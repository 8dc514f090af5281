// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdint>

#include "fermata/riscv/testing/board.hpp"

namespace fermata::riscv::testing {
namespace {

constexpr std::uint64_t top = std::uint64_t{1} << 63;
constexpr std::uint64_t all = ~std::uint64_t{0};
constexpr std::uint64_t word_top = 0xffff'ffff'8000'0000;

struct Case {
  const char* name;
  Bits instruction;
  std::uint64_t a, b, expected;
};

void check(std::initializer_list<Case> cases) {
  Board board;
  for (const Case& c : cases) {
    EXPECT_EQ(board.compute(c.instruction, c.a, c.b), c.expected) << c.name << " " << c.a << " " << c.b;
  }
  EXPECT_TRUE(board.log.traps.empty());
}

constexpr Bits m(Bits funct3) { return r_type(1, a1, a0, funct3, a2, 0x33); }
constexpr Bits mw(Bits funct3) { return r_type(1, a1, a0, funct3, a2, 0x3b); }

TEST(Multiplication, LowAndHighHalves) {
  check({{"mul", m(0), all, all, 1},
         {"mul", m(0), 0x1'0000'0001, 0x1'0000'0001, 0x2'0000'0001},
         {"mulh", m(1), all, all, 0},
         {"mulh", m(1), top, top, std::uint64_t{1} << 62},
         {"mulh", m(1), top, 1, all},
         {"mulhsu", m(2), all, all, all},
         {"mulhsu", m(2), top, all, top},
         {"mulhsu", m(2), 1, all, 0},
         {"mulhu", m(3), all, all, all - 1},
         {"mulhu", m(3), top, 2, 1},
         {"mulw", mw(0), 0x1'8000'0000, 1, word_top},
         {"mulw", mw(0), 0x10000, 0x10000, 0}});
}

TEST(Multiplication, Division) {
  check({{"div", m(4), 0 - std::uint64_t{7}, 2, 0 - std::uint64_t{3}},
         {"div by 0", m(4), 5, 0, all},
         {"div overflow", m(4), top, all, top},
         {"divu", m(5), all, 2, all >> 1},
         {"divu by 0", m(5), 5, 0, all},
         {"divu by all ones", m(5), all, all, 1},
         {"rem", m(6), 0 - std::uint64_t{7}, 2, all},
         {"rem", m(6), 7, 0 - std::uint64_t{2}, 1},
         {"rem by 0", m(6), top + 5, 0, top + 5},
         {"rem overflow", m(6), top, all, 0},
         {"remu", m(7), all, 10, 5},
         {"remu by 0", m(7), all, 0, all}});
}

TEST(Multiplication, DivisionOfWords) {
  check({{"divw", mw(4), 0xffff'ffff'ffff'fff9, 2, 0 - std::uint64_t{3}},
         {"divw ignores the upper half", mw(4), 0xdead'0000'0008, 0xbeef'0000'0002, 4},
         {"divw by 0", mw(4), 5, 0x1'0000'0000, all},
         {"divw overflow", mw(4), 0x8000'0000, 0xffff'ffff, word_top},
         {"divuw", mw(5), 0xffff'ffff, 1, all},
         {"divuw by 0", mw(5), 5, 0, all},
         {"remw", mw(6), 0xffff'fff9, 2, all},
         {"remw by 0", mw(6), 0x1'8000'0005, 0, 0xffff'ffff'8000'0005},
         {"remw overflow", mw(6), 0x8000'0000, 0xffff'ffff, 0},
         {"remuw", mw(7), 0xffff'ffff, 0x1'0000'000a, 5},
         {"remuw by 0", mw(7), 0x8000'0000, 0, word_top}});
}

}  // namespace
}  // namespace fermata::riscv::testing
