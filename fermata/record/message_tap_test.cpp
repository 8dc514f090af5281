// SPDX-License-Identifier: MIT
#include "fermata/record/message_tap.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/record/testing/messages.hpp"

namespace fermata::record {
namespace {

TEST(MessageTap, PutsPiecesTogether) {
  const std::vector<Message> messages = {testing::grant(1, 0), testing::output(1, 1, 1, "abc"), testing::report(1, 1),
                                         testing::input(2, 5, 1, "abcdefghijk"), testing::grant(2, 1)};
  for (std::size_t piece = 1; piece < 90; ++piece) {
    std::vector<Message> taken;
    MessageTap tap([&](Direction from, const wire::link::Frame& frame) {
      taken.push_back({.from = from, .bytes = {frame.bytes.begin(), frame.bytes.end()}});
    });
    for (const Message& message : messages) {
      for (std::size_t at = 0; at < message.bytes.size(); at += piece) {
        tap.feed(message.from, std::span(message.bytes).subspan(at, std::min(piece, message.bytes.size() - at)));
      }
    }
    EXPECT_EQ(taken, messages) << piece;
  }
}

TEST(MessageTap, ADirectionThatIsBrokenLeavesTheOther) {
  std::size_t taken = 0;
  MessageTap tap([&](Direction, const wire::link::Frame&) { ++taken; });
  const Message message = testing::grant(1, 0);
  tap.feed(Direction::from_guest, std::vector<std::byte>(8));
  tap.feed(Direction::from_guest, message.bytes);
  EXPECT_EQ(taken, 0U);
  tap.feed(Direction::from_simulator, message.bytes);
  EXPECT_EQ(taken, 1U);
}

TEST(MessageTap, TheTakersFailureIsPassedOn) {
  MessageTap tap([&](Direction, const wire::link::Frame&) {
    throw base::Error(base::ErrorCode::host_failure, "the disk is full");
  });
  EXPECT_THROW(tap.feed(Direction::from_simulator, testing::grant(1, 0).bytes), base::Error);
}

}  // namespace
}  // namespace fermata::record
