// SPDX-License-Identifier: MIT
#include "fermata/record/codec.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "fermata/base/error.hpp"
#include "fermata/record/testing/messages.hpp"

namespace fermata::record {
namespace {

namespace link = wire::link;
using testing::grant;
using testing::input;
using testing::output;
using testing::report;

std::vector<std::byte> encoded(const std::vector<Message>& messages) {
  Encoder encoder;
  std::vector<std::byte> records;
  for (const Message& message : messages) {
    encoder.append(records, message.from, message.bytes);
  }
  return records;
}

std::vector<Message> decoded(std::span<const std::byte> records) {
  Decoder decoder;
  std::vector<Message> messages;
  while (!records.empty()) {
    decoder.take(records, messages.emplace_back());
  }
  return messages;
}

// How many bytes each message takes, the last ones of `messages` being what is looked at.
std::size_t growth(std::vector<Message> before, const Message& last) {
  const std::size_t size = encoded(before).size();
  before.push_back(last);
  return encoded(before).size() - size;
}

TEST(Codec, GivesBackWhatItWasGiven) {
  const std::vector<Message> messages = {testing::hello(),
                                         testing::welcome(2),
                                         testing::channel(1, link::ChannelKind::serial, "serial0"),
                                         testing::channel(2, link::ChannelKind::ethernet, "ethernet0"),
                                         input(1, 700, 1, "abc"),
                                         input(2, 700, 1, std::string(60, 'f')),
                                         grant(1000, 0),
                                         output(1, 705, 1, "x"),
                                         output(1, 706, 2, "y"),
                                         report(1000, 1, 1, 5000),
                                         grant(std::numeric_limits<std::int64_t>::max(), 1),
                                         report(std::numeric_limits<std::int64_t>::max(), 2, 1, link::deadline_none),
                                         testing::named(link::MessageType::restore, "there"),
                                         testing::done(17),
                                         grant(20, 2),
                                         report(20, 3, 1, link::deadline_busy),
                                         report(20, 3, 7, link::deadline_busy, 42)};
  EXPECT_EQ(decoded(encoded(messages)), messages);
}

TEST(Codec, WhatBreaksTheProtocolComesBackToo) {
  std::vector<Message> messages = {input(1, -5, 1, "a"),  output(0, 1, 1, "b"),        output(1, 1, 7, "not the next"),
                                   report(-1, 0, 99, -7), grant(0, ~std::uint64_t{0}), grant(5, 3)};
  Message filled = output(1, 2, 1, "c");
  filled.bytes.back() = std::byte{1};
  messages.push_back(filled);
  Message long_hello = testing::hello();
  long_hello.bytes.resize(long_hello.bytes.size() + 8);
  const auto size = static_cast<std::uint32_t>(long_hello.bytes.size());
  std::memcpy(long_hello.bytes.data(), &size, sizeof size);
  messages.push_back(long_hello);
  Message backwards = input(3, 1, 1, "an input of a guest");
  backwards.from = Direction::from_guest;
  messages.push_back(backwards);
  EXPECT_EQ(decoded(encoded(messages)), messages);
}

TEST(Codec, HighChannelNumbersAndManyReports) {
  const std::vector<Message> messages = {input(14, 1, 1, "a"), input(15, 1, 1, "b"),     input(65535, 2, 1, "c"),
                                         grant(1, 14),         grant(2, 14 + 15),        grant(3, 1'000'000),
                                         output(15, 2, 1, ""), output(256, 2, 1, "long")};
  EXPECT_EQ(decoded(encoded(messages)), messages);
}

TEST(Codec, TheUsualTakesLittle) {
  const std::vector<Message> before = {grant(1'000'000, 0), report(1'000'000, 1, 1, link::deadline_none)};
  EXPECT_EQ(growth(before, grant(2'000'000, 1)), 4U);
  EXPECT_EQ(growth({grant(1'000'000, 0)}, report(1'000'000, 1, 1, link::deadline_none)), 4U);
  EXPECT_EQ(growth({output(1, 86'800, 1, "a")}, output(1, 2 * 86'800, 2, "b")), 6U);
}

TEST(Codec, WhatIsNoRecordIsRefused) {
  const auto refused = [](std::vector<unsigned> numbers) {
    std::vector<std::byte> bytes;
    for (const unsigned number : numbers) {
      bytes.push_back(static_cast<std::byte>(number));
    }
    try {
      static_cast<void>(decoded(bytes));
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::protocol_violation);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(refused({0}).find("kind is 0"), std::string::npos);
  EXPECT_NE(refused({15}).find("kind is 15"), std::string::npos);
  EXPECT_NE(refused({5}).find("ends with its block"), std::string::npos);
  EXPECT_NE(refused({0x13, 0, 2, 'a'}).find("longer than its block"), std::string::npos);
  EXPECT_NE(refused({0x03, 0, 1, 'a'}).find("channel 0"), std::string::npos);
  EXPECT_NE(refused({0xf3, 0xff, 0xff, 0x7f, 0, 0}).find("channel 2097151"), std::string::npos);
  EXPECT_NE(refused({0x13, 0, 0x81, 0x80, 0x04}).find("payload of 65537"), std::string::npos);
  EXPECT_NE(refused({5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2}).find("beyond 64"), std::string::npos);
  EXPECT_NE(refused({1, 8, 16, 0, 0, 0, 6, 0, 0, 0}).find("size is not its own"), std::string::npos);
  EXPECT_NE(refused({2, 4, 4, 0, 0, 0}).find("size is not its own"), std::string::npos);
}

}  // namespace
}  // namespace fermata::record
