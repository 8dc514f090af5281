// SPDX-License-Identifier: MIT
// What is checked byte for byte here, tshark reads in tests/recording.
#include "fermata/record/export/pcapng.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "fermata/record/testing/messages.hpp"

namespace fermata::record {
namespace {

namespace link = wire::link;

std::string exported(const std::vector<Message>& messages) {
  std::string file;
  PcapngExport pcapng([&file](std::string_view piece) { file += piece; });
  GuestTrace trace;
  for (const Message& message : messages) {
    trace.take(message.from, message.frame());
  }
  trace.finish();
  while (const auto event = trace.next()) {
    pcapng.take(*event, trace.channels());
  }
  return file;
}

std::uint32_t word(const std::string& file, std::size_t at) {
  std::uint32_t value = 0;
  EXPECT_LE(at + 4, file.size());
  std::memcpy(&value, &file[at], sizeof value);
  return value;
}

TEST(PcapngExport, HasABlockForEachInterfaceAndFrame) {
  auto messages = testing::hand_shake();
  const std::int64_t late = (std::int64_t{5} << 32) + 17;
  for (const Message& message :
       {testing::input(2, 1500, 1, "a frame of nets"), testing::input(1, 1501, 1, "not a frame"),
        testing::grant(late, 0), testing::output(2, late, 1, "a frame of netz!"), testing::report(late, 1)}) {
    messages.push_back(message);
  }
  const std::string file = exported(messages);
  EXPECT_EQ(word(file, 0), 0x0a0d0d0aU);
  EXPECT_EQ(word(file, 4), 28U);
  EXPECT_EQ(word(file, 8), 0x1a2b3c4dU);
  EXPECT_EQ(word(file, 24), 28U);
  std::size_t at = 28;
  EXPECT_EQ(word(file, at), 1U);
  EXPECT_EQ(word(file, at + 8), 1U) << "Ethernet";
  EXPECT_EQ(file.substr(at + 20, 9), "ethernet0");
  at += word(file, at + 4);
  EXPECT_EQ(word(file, at), 6U);
  EXPECT_EQ(word(file, at + 8), 0U);
  EXPECT_EQ(word(file, at + 12), 0U);
  EXPECT_EQ(word(file, at + 16), 1500U);
  EXPECT_EQ(word(file, at + 20), 15U);
  EXPECT_EQ(word(file, at + 24), 15U);
  EXPECT_EQ(file.substr(at + 28, 16), std::string("a frame of nets\0", 16));
  EXPECT_EQ(word(file, at + 44), 0x0004'0002U) << "epb_flags";
  EXPECT_EQ(word(file, at + 48), 1U) << "inbound";
  at += word(file, at + 4);
  EXPECT_EQ(word(file, at + 12), 5U);
  EXPECT_EQ(word(file, at + 16), 17U);
  EXPECT_EQ(word(file, at + 48), 2U) << "outbound";
  EXPECT_EQ(at + word(file, at + 4), file.size());
}

TEST(PcapngExport, CountsItsInterfaces) {
  PcapngExport none([](std::string_view) {});
  EXPECT_EQ(none.interface_count(), 0U);
  const std::vector<link::Channel> channels = {{.number = 1, .kind = link::ChannelKind::ethernet, .name = "e"}};
  none.take({.at = {}, .kind = GuestEvent::Kind::channel, .channel = 1}, channels);
  EXPECT_EQ(none.interface_count(), 1U);
}

}  // namespace
}  // namespace fermata::record
