// SPDX-License-Identifier: MIT
#include "fermata/record/writer.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "fermata/base/error.hpp"
#include "fermata/record/reader.hpp"
#include "fermata/record/testing/messages.hpp"
#include "fermata/record/testing/recordings.hpp"

namespace fermata::record {
namespace {

using testing::grant;
using testing::read_all;
using testing::report;
using testing::TempFile;

TEST(Writer, WritesWhatTheDocumentSays) {
  const TempFile file("writer_layout");
  Writer writer(file.path(), End::guest);
  const Message message = grant(3, 1);
  writer.append(message.from, message.bytes);
  writer.close();
  const auto bytes = file.bytes();
  ASSERT_EQ(bytes.size(), 24U + 8 + 2 + 8 + 16);
  EXPECT_EQ(std::memcmp(bytes.data(), "FERMAREC\x01\0\0\0\x02\x01\0\0\0\0\0\0", 20), 0);
  EXPECT_EQ(std::memcmp(&bytes[24], "\x02\0\0\0", 4), 0);
  EXPECT_EQ(bytes[32], std::byte{0x15});  // a grant that counts one more report
  EXPECT_EQ(bytes[33], std::byte{6});     // 3 ns later
  EXPECT_EQ(std::memcmp(&bytes[34], "\x10\0\0\x80", 4), 0);
  EXPECT_EQ(std::memcmp(&bytes[42], "\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16), 0);
}

TEST(Writer, WhatIsFlushedIsThereBeforeTheEnd) {
  const TempFile file("writer_flush");
  Writer writer(file.path(), End::simulator);
  const Message first = grant(3, 0);
  const Message second = report(3, 1);
  writer.append(first.from, first.bytes);
  EXPECT_TRUE(read_all(file.path()).messages.empty());
  writer.flush();
  writer.append(second.from, second.bytes);
  const auto half = read_all(file.path());
  EXPECT_EQ(half.messages, std::vector{first});
  EXPECT_NE(half.damage.find("was cut"), std::string::npos) << half.damage;
  writer.close();
  writer.close();
  const auto whole = read_all(file.path());
  EXPECT_EQ(whole.messages, (std::vector{first, second}));
  EXPECT_EQ(whole.damage, "");
}

TEST(Writer, OneThatIsOnlyDestroyedIsWholeToo) {
  const TempFile file("writer_destroyed");
  const Message message = grant(3, 0);
  {
    Writer writer(file.path(), End::simulator);
    Writer moved(std::move(writer));
    moved.append(message.from, message.bytes);
  }
  EXPECT_EQ(read_all(file.path()).messages, std::vector{message});
  EXPECT_EQ(read_all(file.path()).damage, "");
}

TEST(Writer, MuchGoesIntoManyBlocks) {
  const TempFile file("writer_much");
  Writer writer(file.path(), End::simulator);
  std::vector<Message> messages;
  for (std::uint64_t i = 1; i <= 40; ++i) {
    messages.push_back(testing::input(1, 5, i, std::string(wire::link::max_payload - i, 'x')));
    messages.push_back(grant(static_cast<std::int64_t>(i), 0));
  }
  for (const Message& message : messages) {
    writer.append(message.from, message.bytes);
  }
  writer.close();
  EXPECT_EQ(read_all(file.path()).messages, messages);
  EXPECT_EQ(read_all(file.path()).damage, "");
}

TEST(Writer, SaysWhichFileCannotBeWritten) {
  const auto what_of = [](auto act) {
    try {
      act();
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::host_failure);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(what_of([] { const Writer writer("/nowhere/at/all", End::guest); }).find("/nowhere/at/all"),
            std::string::npos);
  EXPECT_NE(what_of([] { const Writer writer("/dev/full", End::guest); }).find("/dev/full, which is not whole"),
            std::string::npos);
}

}  // namespace
}  // namespace fermata::record
