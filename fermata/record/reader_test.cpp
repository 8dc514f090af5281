// SPDX-License-Identifier: MIT
#include "fermata/record/reader.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "fermata/base/error.hpp"
#include "fermata/record/checksum.hpp"
#include "fermata/record/testing/messages.hpp"
#include "fermata/record/testing/recordings.hpp"

namespace fermata::record {
namespace {

using testing::read_all;
using testing::TempFile;

std::vector<Message> some_messages() {
  std::vector<Message> messages = testing::hand_shake();
  for (std::int64_t i = 0; i < 20; ++i) {
    const auto count = static_cast<std::uint64_t>(i);
    messages.push_back(testing::input(1, 1000 * i, count + 1, "question"));
    messages.push_back(testing::grant(1000 * i + 1000, count));
    messages.push_back(testing::output(1, 1000 * i + 500, count + 1, "answer"));
    messages.push_back(testing::report(1000 * i + 1000, count + 1));
  }
  return messages;
}

// A recording with a block for each message.
std::vector<std::byte> some_recording(const std::vector<Message>& messages) {
  const TempFile file("reader_some");
  Writer writer(file.path(), End::simulator);
  for (const Message& message : messages) {
    writer.append(message.from, message.bytes);
    writer.flush();
  }
  writer.close();
  return file.bytes();
}

Reader reader_of(std::span<const std::byte> bytes) { return {memory_source(bytes), "r.frec"}; }

std::string refusal_of(std::span<const std::byte> bytes) {
  try {
    static_cast<void>(reader_of(bytes));
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(Reader, ReadsWhatWasWritten) {
  const auto messages = some_messages();
  const auto bytes = some_recording(messages);
  const auto content = read_all(reader_of(bytes));
  EXPECT_EQ(content.messages, messages);
  EXPECT_EQ(content.damage, "");
  EXPECT_EQ(reader_of(bytes).end(), End::simulator);
  EXPECT_EQ(reader_of(bytes).protocol(), Protocol::link);
}

TEST(Reader, ReadsUpToACutWhereverItIs) {
  const auto messages = some_messages();
  const auto bytes = some_recording(messages);
  std::size_t most = 0;
  for (std::size_t size = sizeof(FileHeader); size < bytes.size(); ++size) {
    const auto content = read_all(reader_of(std::span(bytes).first(size)));
    EXPECT_NE(content.damage.find("r.frec was cut: it ends at offset " + std::to_string(size)), std::string::npos)
        << content.damage;
    ASSERT_LE(content.messages.size(), messages.size());
    EXPECT_TRUE(std::equal(content.messages.begin(), content.messages.end(), messages.begin()));
    EXPECT_GE(content.messages.size(), most);
    most = content.messages.size();
  }
  EXPECT_EQ(most, messages.size());
}

TEST(Reader, WhatAKilledWriterHadReservedIsACut) {
  const auto messages = some_messages();
  auto bytes = some_recording(messages);
  const std::size_t size = bytes.size() - sizeof(BlockHeader) - sizeof(Totals);
  bytes.resize(size);
  bytes.resize(size + 5000);
  const auto content = read_all(reader_of(bytes));
  EXPECT_EQ(content.messages, messages);
  EXPECT_NE(content.damage.find("was cut: it ends at offset " + std::to_string(size)), std::string::npos);
}

TEST(Reader, FindsEachWrongBit) {
  const auto messages = some_messages();
  const auto bytes = some_recording(messages);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto wrong = bytes;
    wrong[at] ^= std::byte{static_cast<std::uint8_t>(1U << (at % 8))};
    if (at < sizeof(FileHeader)) {
      EXPECT_NE(refusal_of(wrong), "") << at;
      continue;
    }
    const auto content = read_all(reader_of(wrong));
    EXPECT_NE(content.damage, "") << at;
    EXPECT_TRUE(std::equal(content.messages.begin(), content.messages.end(), messages.begin())) << at;
  }
}

TEST(Reader, MissesABlockThatIsGone) {
  const auto messages = some_messages();
  auto bytes = some_recording(messages);
  std::uint32_t first_size = 0;
  std::memcpy(&first_size, &bytes[sizeof(FileHeader)], sizeof first_size);
  const auto first = bytes.begin() + sizeof(FileHeader);
  bytes.erase(first, first + static_cast<std::ptrdiff_t>(sizeof(BlockHeader) + first_size));
  const auto content = read_all(reader_of(bytes));
  EXPECT_TRUE(content.messages.empty());
  EXPECT_NE(content.damage.find("damaged in the block at offset 24"), std::string::npos) << content.damage;
}

TEST(Reader, NothingComesAfterTheEnd) {
  auto bytes = some_recording(some_messages());
  bytes.push_back(std::byte{0});
  EXPECT_NE(read_all(reader_of(bytes)).damage.find("goes on after its end"), std::string::npos);
}

// Sizes that a hostile writer would choose, with checksums that hold.
TEST(Reader, HostileSizesAreRefused) {
  const auto with_block = [](std::uint32_t size, std::vector<std::byte> payload) {
    FileHeader header;
    header.checksum = crc32(std::as_bytes(std::span(&header, 1)).first(20));
    BlockHeader block{.size = size};
    block.checksum = crc32(payload, crc32(std::as_bytes(std::span(&block.size, 1)), header.checksum));
    std::vector<std::byte> bytes;
    const auto put = [&bytes](const auto& structure) {
      const auto piece = std::as_bytes(std::span(&structure, 1));
      bytes.insert(bytes.end(), piece.begin(), piece.end());
    };
    put(header);
    put(block);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
  };
  const auto damage_of = [](const std::vector<std::byte>& bytes) { return read_all(reader_of(bytes)).damage; };
  EXPECT_NE(damage_of(with_block(0x7fff'ffff, {})).find("a block of 2147483647 bytes"), std::string::npos);
  EXPECT_NE(damage_of(with_block(0, {})).find("a block of 0 bytes"), std::string::npos);
  EXPECT_NE(damage_of(with_block(end_block | 3U, std::vector<std::byte>(3))).find("a bad end"), std::string::npos);
  EXPECT_NE(damage_of(with_block(end_block | 16U, std::vector<std::byte>(16, std::byte{1}))).find("0 are there"),
            std::string::npos);
  const std::string damage = damage_of(with_block(1, {std::byte{9}}));
  EXPECT_NE(damage.find("beyond the block at offset 24: a record that is none: its kind is 9"), std::string::npos)
      << damage;
}

TEST(Reader, SaysWhatIsNoRecording) {
  EXPECT_NE(refusal_of({}).find("r.frec is no recording"), std::string::npos);
  EXPECT_NE(refusal_of(std::vector<std::byte>(100)).find("is no recording"), std::string::npos);
  auto bytes = some_recording({});
  bytes[8] = std::byte{7};
  EXPECT_NE(refusal_of(bytes).find("version 7.0"), std::string::npos);
  bytes[8] = std::byte{1};
  bytes[12] = std::byte{3};
  EXPECT_NE(refusal_of(bytes).find("damaged at offset 0"), std::string::npos);
  try {
    const Reader reader("/nowhere/at/all");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::not_found);
  }
  EXPECT_THROW(Reader("/"), base::Error);
}

}  // namespace
}  // namespace fermata::record
