// SPDX-License-Identifier: MIT
#include "fermata/riscv/threaded/handlers.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace fermata::riscv::threaded {
namespace {

TEST(Handlers, EveryInstructionHasOne) {
  const Handlers& handlers = all_handlers();
  EXPECT_EQ(std::ranges::count(handlers.of_opcode, nullptr), 0);
  for (const Handler handler : {handlers.nothing, handlers.load_immediate, handlers.move, handlers.jump,
                                handlers.jump_register, handlers.go_on, handlers.stop, handlers.shift_left_and_right,
                                handlers.shift_left_and_add, handlers.add_and_branch[0], handlers.add_and_branch[5]}) {
    EXPECT_NE(handler, nullptr);
  }
}

}  // namespace
}  // namespace fermata::riscv::threaded
