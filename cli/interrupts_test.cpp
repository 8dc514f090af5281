// SPDX-License-Identifier: MIT
#include "cli/interrupts.hpp"

#include <gtest/gtest.h>

namespace fermata::cli {
namespace {

TEST(Interrupts, WaitToBeAskedFor) {
  Interrupts interrupts;
  EXPECT_FALSE(interrupts.caught());
  ::raise(SIGINT);
  EXPECT_EQ(interrupts.caught(), SIGINT);
  EXPECT_EQ(interrupts.caught(), SIGINT);
}

}  // namespace
}  // namespace fermata::cli
