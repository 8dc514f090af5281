// SPDX-License-Identifier: MIT
#include "fermata/transport/apart.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace fermata::transport {
namespace {

std::uint32_t here() { return static_cast<std::uint32_t>(host::current_processor() + 1); }

TEST(Apart, LeavesNothingUnlessItIsTurnedOn) {
  Apart apart;
  EXPECT_FALSE(apart.leave(here()));
}

TEST(Apart, LeavesNoPlaceThatCannotBe) {
  Apart apart;
  apart.turn_on();
  for (const std::uint32_t told : {0U, 0x8000'0000U, 0xffff'ffffU, 0x7fff'ffffU, 1'000'000U}) {
    EXPECT_FALSE(apart.leave(told)) << told;
  }
}

class MovesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::thread::hardware_concurrency() < 2) {
      GTEST_SKIP() << "this host has one processor";
    }
    apart_.turn_on();
  }
  // How often a peer is left that seems to be here each time.
  int moves(int failures) {
    int count = 0;
    for (int i = 0; i < failures; ++i) {
      count += apart_.leave(here()) ? 1 : 0;
    }
    return count;
  }

  Apart apart_;
};

// The host may move the thread itself between two calls, so these are bounds.
TEST_F(MovesTest, BecomeRareWhereTheyDoNotPay) {
  const int first = moves(100);
  EXPECT_GE(first, 1);
  EXPECT_LE(first, 5) << "1, 1, 4, 16, 64 failures apart";
  EXPECT_LE(moves(10'000), 13);
}

TEST_F(MovesTest, AreAtOnceAgainAfterManySuccesses) {
  moves(10'000);
  for (int i = 0; i < 1000; ++i) {
    apart_.succeeded();
  }
  EXPECT_GE(moves(100), 1);
}

}  // namespace
}  // namespace fermata::transport
