// SPDX-License-Identifier: MIT
#include "fermata/base/byte_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fermata::base {
namespace {

void put(ByteQueue& queue, std::string_view text) { queue.put(std::as_bytes(std::span(text))); }

std::string text_of(const ByteQueue& queue) {
  return {reinterpret_cast<const char*>(queue.bytes().data()), queue.bytes().size()};
}

TEST(ByteQueue, GivesBackInOrder) {
  ByteQueue queue;
  EXPECT_TRUE(queue.is_empty());
  put(queue, "hello");
  queue.drop(2);
  EXPECT_EQ(text_of(queue), "llo");
  put(queue, " there");
  EXPECT_EQ(text_of(queue), "llo there");
  EXPECT_EQ(queue.size(), 9U);
  queue.drop(0);
  queue.drop(9);
  EXPECT_TRUE(queue.is_empty());
  put(queue, "x");
  EXPECT_EQ(text_of(queue), "x");
  queue.clear();
  EXPECT_TRUE(queue.is_empty());
}

// Against a string that does the same the slow way, with pieces of all sizes.
TEST(ByteQueue, IsAsAStringWouldBe) {
  ByteQueue queue;
  std::string expected;
  for (unsigned i = 0; i < 2'000; ++i) {
    const std::string more(i * 7 % 31, static_cast<char>('a' + i % 26));
    put(queue, more);
    expected += more;
    const std::size_t dropped = std::min<std::size_t>(i * 11 % 37, expected.size());
    queue.drop(dropped);
    expected.erase(0, dropped);
    ASSERT_EQ(text_of(queue), expected) << i;
  }
}

// A queue that moved what waits at each step would copy 16 TiB here.
TEST(ByteQueue, StepsCostTheirOwnSizeHoweverMuchWaits) {
  ByteQueue queue;
  put(queue, std::string(std::size_t{16} << 20, 'x'));
  for (int i = 0; i < 1'000'000; ++i) {
    queue.drop(16);
    put(queue, "0123456789abcdef");
  }
  EXPECT_EQ(queue.size(), std::size_t{16} << 20);
  for (; !queue.is_empty(); queue.drop(16)) {
  }
}

TEST(ByteQueueDeath, WhatIsNotThereIsNotDropped) {
  ByteQueue queue;
  put(queue, "ab");
  EXPECT_DEATH(queue.drop(3), "ByteQueue: what is dropped is there");
}

}  // namespace
}  // namespace fermata::base
