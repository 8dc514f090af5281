// SPDX-License-Identifier: MIT
#include "fermata/wire/link/frame.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::wire::link {
namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::initializer_list<unsigned> values) {
  Bytes bytes;
  for (const unsigned value : values) {
    bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

// Every byte as docs/protocol.md has it.
TEST(Frame, HasTheLayoutOfTheDocument) {
  Bytes out;
  append(out, Grant{.header = {}, .horizon_ns = 0x0102'0304'0506'0708, .reports = 9});
  EXPECT_EQ(out, bytes_of({24, 0, 0, 0, 18, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 9, 0, 0, 0, 0, 0, 0, 0}));
  out.clear();
  append(out, Hello{.header = {}, .needs = 5}, "sim");
  EXPECT_EQ(out, bytes_of({40, 0, 0, 0, 1, 0, 0, 0, 'F', 'E', 'R', 'M', 'A', 'T', 'A', 0, 1, 0, 3, 0,
                           5,  0, 0, 0, 0, 0, 0, 0, 3,   0,   0,   0,   's', 'i', 'm', 0, 0, 0, 0, 0}));
  out.clear();
  append(out, AskMilestones{.header = {}, .first_ns = 0x0708, .interval_ns = 0x0102'0304});
  EXPECT_EQ(out, bytes_of({24, 0, 0, 0, 21, 0, 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1, 0, 0, 0, 0}));
  out.clear();
  append(out, TellProgress{.header = {}, .now_ns = 0x0708});
  EXPECT_EQ(out, bytes_of({16, 0, 0, 0, 22, 0, 0, 0, 8, 7, 0, 0, 0, 0, 0, 0}));
}

TEST(Frame, TextsAreCutToTheirBound) {
  Bytes out;
  append(out, Refuse{}, std::string(5000, 'x'));
  EXPECT_EQ(out.size(), sizeof(Refuse) + max_text);
}

TEST(FrameReader, TakesMessagesInAnyPieces) {
  Bytes stream;
  append(stream, Grant{.header = {}, .horizon_ns = 1, .reports = 0});
  append(stream, MessageType::input, 3, Data{.header = {}, .at_ns = 7, .sequence = 1}, bytes_of({1, 2, 3}));
  append(stream, Bye{});
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    FrameReader reader;
    std::vector<Bytes> taken;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      reader.feed(std::span(stream).subspan(at, std::min(piece, stream.size() - at)),
                  [&](const Frame& frame) { taken.emplace_back(frame.bytes.begin(), frame.bytes.end()); });
    }
    ASSERT_EQ(taken.size(), 3U) << piece;
    EXPECT_EQ(taken[0].size(), 24U);
    EXPECT_EQ(taken[1].size(), 40U);
    EXPECT_EQ(taken[2].size(), 8U);
    EXPECT_EQ(reader.unfinished_bytes(), 0U);
    Frame frame{.header = {.size = 40, .type = MessageType::input, .channel = 3}, .bytes = taken[1]};
    const auto data = parse<Data>(frame, 10);
    EXPECT_EQ(data.body.at_ns, 7);
    EXPECT_EQ(Bytes(data.tail.begin(), data.tail.end()), bytes_of({1, 2, 3}));
  }
}

TEST(FrameReader, RefusesImpossibleSizes) {
  for (const Bytes& begin : {bytes_of({0, 0, 0, 0, 1, 0, 0, 0}), bytes_of({9, 0, 0, 0, 1, 0, 0, 0}),
                             bytes_of({0x28, 0, 1, 0, 1, 0, 0, 0}), bytes_of({255, 255, 255, 255, 1, 0, 0, 0})}) {
    FrameReader reader;
    EXPECT_THROW(reader.feed(begin, [](const Frame&) { FAIL(); }), base::Error);
    FrameReader slow;
    const auto feed_slowly = [&] {
      for (const std::byte byte : begin) {
        slow.feed(std::span(&byte, 1), [](const Frame&) { FAIL(); });
      }
    };
    EXPECT_THROW(feed_slowly(), base::Error);
  }
}

TEST(Frame, RefusesLengthsThatDoNotFitTheSize) {
  Bytes out;
  append(out, Refuse{}, "twelve bytes");
  Frame frame{.header = {}, .bytes = out};
  EXPECT_EQ(parse<Refuse>(frame, max_text).text(), "twelve bytes");
  EXPECT_THROW(static_cast<void>(parse<Refuse>(frame, 11)), base::Error);
  out[12] = std::byte{17};
  EXPECT_THROW(static_cast<void>(parse<Refuse>(frame, max_text)), base::Error);
  out[12] = std::byte{8};
  EXPECT_THROW(static_cast<void>(parse<Refuse>(frame, max_text)), base::Error);
  EXPECT_THROW(static_cast<void>(parse<Grant>(frame)), base::Error);
}

TEST(Abilities, HaveNames) {
  EXPECT_EQ(names_of(0), "");
  EXPECT_EQ(names_of(ability_exact | ability_progress), "exact, progress");
  EXPECT_EQ(names_of(ability_raise | 0x4000), "raise, bits 0x4000");
}

}  // namespace
}  // namespace fermata::wire::link
