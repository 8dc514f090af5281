// SPDX-License-Identifier: MIT
#include "fermata/wire/qqq_layout.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace fermata::wire {
namespace {

static_assert(encode_qqq(0x01020304) == QqqMessage{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}},
              "network byte order");

TEST(QqqLayout, RoundTripsTheWholeRange) {
  for (const std::uint32_t us : {0U, 1U, 1000U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
    EXPECT_EQ(decode_qqq(encode_qqq(us)), us);
  }
}

TEST(QqqReassembler, GivesTheSameMessagesForAnyPieces) {
  std::vector<std::byte> stream;
  const std::vector<std::uint32_t> messages{1, 0x80000000U, 0xffffffffU, 0};
  for (const std::uint32_t us : messages) {
    for (const std::byte byte : encode_qqq(us)) {
      stream.push_back(byte);
    }
  }
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    QqqReassembler reassembler;
    std::vector<std::uint32_t> got;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      reassembler.feed(std::span(stream).subspan(at, std::min(piece, stream.size() - at)),
                       [&got](std::uint32_t us) { got.push_back(us); });
    }
    EXPECT_EQ(got, messages) << "in pieces of " << piece;
    EXPECT_EQ(reassembler.unfinished_bytes(), 0U);
  }
}

TEST(QqqReassembler, CountsAnUnfinishedMessage) {
  QqqReassembler reassembler;
  reassembler.feed(std::vector<std::byte>(7), [](std::uint32_t) {});
  EXPECT_EQ(reassembler.unfinished_bytes(), 3U);
}

}  // namespace
}  // namespace fermata::wire
