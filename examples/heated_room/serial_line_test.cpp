// SPDX-License-Identifier: MIT
#include "serial_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "fermata/base/error.hpp"

namespace heated_room {
namespace {

using fermata::base::Error;
using fermata::base::ErrorCode;
using testing::Optional;

void guest_writes(const SerialLine& line, const std::string& text) {
  ASSERT_EQ(::write(line.guest_end(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

TEST(SerialLine, PutsLinesTogetherHoweverTheyArrive) {
  SerialLine line;
  EXPECT_EQ(line.receive(), std::nullopt);
  guest_writes(line, "R\nH 1");
  EXPECT_THAT(line.receive(), Optional(std::string("R")));
  EXPECT_EQ(line.receive(), std::nullopt);
  guest_writes(line, " U 3.77\nR\n");
  EXPECT_THAT(line.receive(), Optional(std::string("H 1 U 3.77")));
  EXPECT_THAT(line.receive(), Optional(std::string("R")));
  EXPECT_EQ(line.receive(), std::nullopt);
}

TEST(SerialLine, SendReturnsWhenTheGuestHasTakenAllBytes) {
  SerialLine line;
  std::string taken;
  std::thread guest([&] {
    std::array<char, 4> buffer{};
    while (taken.size() < 8) {
      taken.append(buffer.data(), static_cast<std::size_t>(::read(line.guest_end(), buffer.data(), buffer.size())));
    }
  });
  line.send("T 20437");
  guest.join();
  EXPECT_EQ(taken, "T 20437\n");
}

TEST(SerialLine, SaysWhenTheGuestIsGone) {
  SerialLine line;
  line.close_guest_end();
  EXPECT_EQ(line.receive(), std::nullopt);
  try {
    line.send("Q");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::peer_gone);
  }
}

TEST(SerialLineDeathTest, RefusesALineThatTheFifoCannotHold) {
  SerialLine line;
  EXPECT_DEATH(line.send("T 100000"), "fits into the guest's receive FIFO");
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
