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

}  // namespace
}  // namespace heated_room
