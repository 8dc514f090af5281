// SPDX-License-Identifier: MIT
#include "protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace heated_room {
namespace {

using testing::Optional;

void put(LineBuffer& buffer, const std::string& text) { buffer.put(std::as_bytes(std::span(text))); }

TEST(LineBuffer, PutsLinesTogetherHoweverTheyArrive) {
  LineBuffer buffer;
  EXPECT_EQ(buffer.take(), std::nullopt);
  put(buffer, "R\nH 1");
  EXPECT_THAT(buffer.take(), Optional(std::string("R")));
  EXPECT_EQ(buffer.take(), std::nullopt);
  put(buffer, " U 3.77\n\nR\n");
  EXPECT_THAT(buffer.take(), Optional(std::string("H 1 U 3.77")));
  EXPECT_THAT(buffer.take(), Optional(std::string()));
  EXPECT_THAT(buffer.take(), Optional(std::string("R")));
  EXPECT_EQ(buffer.take(), std::nullopt);
}

TEST(LineToGuest, EndsTheLine) { EXPECT_EQ(line_to_guest("T 20437"), "T 20437\n"); }

TEST(LineToGuestDeathTest, RefusesALineThatTheFifoCannotHold) {
  EXPECT_DEATH(static_cast<void>(line_to_guest("T 100000")), "fits into the guest's receive FIFO");
}

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
