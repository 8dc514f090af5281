// SPDX-License-Identifier: MIT
#include "protocol.hpp"

#include <gtest/gtest.h>

namespace heated_room {
namespace {

TEST(ParseAnswer, TakesHeaterAndUptime) {
  const auto answer = parse_answer("H 1 U 12.34");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->is_heating);
  EXPECT_EQ(answer->uptime, Duration::milliseconds(12'340));
  EXPECT_FALSE(parse_answer("H 0 U 0.05")->is_heating);
  EXPECT_EQ(parse_answer("H 0 U 0.05")->uptime, Duration::milliseconds(50));
}

TEST(ParseAnswer, TakesNothingElse) {
  for (const char* line : {"", "R", "H 2 U 1.00", "H 1 U", "H 1 U 1", "H 1 U 1.5", "H 1 U 1.234", "H 1 U -1.00",
                           "H 1 U 1.0x", "X 1 U 1.00", "H 1 V 1.00", "H 1 U 1.00 2", "H 1 U 99999999999999999999.00"}) {
    EXPECT_FALSE(parse_answer(line)) << line;
  }
}

}  // namespace
}  // namespace heated_room
