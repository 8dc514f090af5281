// SPDX-License-Identifier: MIT
#include "fermata/record/text.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "fermata/record/testing/messages.hpp"
#include "fermata/wire/link/dma.hpp"

namespace fermata::record {
namespace {

namespace link = wire::link;

std::vector<std::string> told(const std::vector<Message>& messages, std::size_t most = whole) {
  Narrator narrator;
  std::vector<std::string> lines;
  for (const Message& message : messages) {
    lines.push_back(narrator.tell(message.from, message.frame(), most).to_string());
  }
  return lines;
}

TEST(Text, ALinkIsToldLineByLine) {
  auto messages = testing::hand_shake();
  for (const Message& message :
       {testing::input(1, 1500, 1, "hi\n"), testing::grant(2000, 0), testing::output(2, 1600, 1, "a frame of net"),
        testing::dropped(2, 3), testing::report(2000, 1, 1, link::deadline_none),
        testing::named(link::MessageType::checkpoint, "c1"), testing::done(2000),
        testing::named(link::MessageType::restore, "c2"), testing::done(2000, 1), testing::grant(9000, 1),
        testing::report(7000, 2, 7, link::deadline_busy, 3)}) {
    messages.push_back(message);
  }
  EXPECT_EQ(told(messages),
            (std::vector<std::string>{
                "0.000000000 hello simulator version=1.3 needs=",
                "0.000000000 welcome guest version=1.3 abilities=exact,reactive,present,checkpoints,raise channels=2",
                "0.000000000 channel 1 serial0 serial directions=3 timing=1 bounds=1000/1000 base=0x0 extent=0x0",
                "0.000000000 channel 2 ethernet0 ethernet directions=3 timing=1 bounds=1000/1000 base=0x0 extent=0x0",
                "0.000001500 input serial0 hi\\x0a", "0.000000000 grant horizon=0.000002000 reports=0",
                "0.000001600 output ethernet0 14 61206672616d65206f66206e6574", "0.000000000 dropped ethernet0 3",
                "0.000002000 report reason=horizon next=none grants=1", "0.000002000 checkpoint c1", "0.000002000 done",
                "0.000002000 restore c2", "0.000002000 done status=1: no room",
                "0.000002000 grant horizon=0.000009000 reports=1",
                "0.000007000 report reason=powered_off next=busy grants=2 exit_status=3"}));
}

TEST(Text, ProgressIsToldAtItsInstant) {
  Message asked{.from = Direction::from_simulator};
  link::append(asked.bytes, link::AskMilestones{.header = {}, .first_ns = 500, .interval_ns = 1500});
  Message progress{.from = Direction::from_guest};
  link::append(progress.bytes, link::TellProgress{.header = {}, .now_ns = 508});
  EXPECT_EQ(told({asked, testing::grant(2000, 0), progress, testing::grant(3000, 0)}),
            (std::vector<std::string>{"0.000000000 milestones first=0.000000500 interval=0.000001500",
                                      "0.000000000 grant horizon=0.000002000 reports=0", "0.000000508 progress",
                                      "0.000000508 grant horizon=0.000003000 reports=0"}));
}

TEST(Text, WhatBreaksTheProtocolIsToldToo) {
  Message unknown = testing::grant(1, 0);
  unknown.bytes[4] = std::byte{200};
  const auto lines = told({testing::output(1, 5, 1, "x"), testing::report(-5, 1), unknown});
  EXPECT_NE(lines[0].find("broken type=17 bytes=40: "), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find("broken type=19"), std::string::npos) << lines[1];
  EXPECT_EQ(lines[2], "0.000000000 unknown type=200 bytes=24");
}

TEST(Text, PayloadsAreShownByTheirKind) {
  const auto bytes = std::as_bytes(std::span(std::string_view("abc")));
  const auto from = Direction::from_guest;
  EXPECT_EQ(payload_text(link::ChannelKind::serial, from, bytes), "abc");
  EXPECT_EQ(payload_text(link::ChannelKind::serial, from, bytes, 2), "ab...");
  EXPECT_EQ(payload_text(link::ChannelKind::message, from, bytes), "3 616263");
  EXPECT_EQ(payload_text(link::ChannelKind::message, from, bytes, 1), "3 61...");
  const std::byte high{1};
  EXPECT_EQ(payload_text(link::ChannelKind::line, from, std::span(&high, 1)), "level=1");
  const link::MmioRequest read{.offset = 16, .width = 4};
  EXPECT_EQ(payload_text(link::ChannelKind::mmio, from, read.bytes()), "read offset=0x10 width=4");
  const link::MmioRequest write{.offset = 8, .value = 255, .width = 1, .is_write = 1};
  EXPECT_EQ(payload_text(link::ChannelKind::mmio, from, write.bytes()), "write offset=0x8 width=1 value=0xff");
  const link::MmioAnswer answer{.value = 7, .request = 3};
  EXPECT_EQ(payload_text(link::ChannelKind::mmio, Direction::from_simulator, answer.bytes()), "answer to=3 value=0x7");
  EXPECT_EQ(payload_text(link::ChannelKind::mmio, from, bytes), "3 616263") << "of a wrong size";
}

TEST(Text, RequestsToTheGuestsMemoryAreTold) {
  const link::Channel memory{.kind = link::ChannelKind::message, .base = link::message_of_memory, .name = "memory"};
  const std::vector<std::byte> data{std::byte{1}, std::byte{0xff}};
  const auto there = Direction::from_simulator;
  const auto back = Direction::from_guest;
  const auto request = [&](link::DmaKind kind, std::span<const std::byte> bytes) {
    return link::DmaRequest{{.kind = kind, .length = 2, .address = 0x8000'0000}, bytes}.bytes();
  };
  EXPECT_EQ(payload_text(memory, there, request(link::DmaKind::read, {})), "read address=0x80000000 length=2");
  EXPECT_EQ(payload_text(memory, there, request(link::DmaKind::write, data)),
            "write address=0x80000000 length=2 data=01ff");
  EXPECT_EQ(payload_text(memory, there, request(link::DmaKind::write, data), 1),
            "write address=0x80000000 length=2 data=01...");
  EXPECT_EQ(payload_text(memory, there, request(static_cast<link::DmaKind>(9), {})),
            "kind=9 address=0x80000000 length=2");
  const auto reply = [&](link::DmaStatus status, std::span<const std::byte> bytes) {
    return link::DmaReply{{.request = 3, .status = status, .length = static_cast<std::uint32_t>(bytes.size())}, bytes}
        .bytes();
  };
  EXPECT_EQ(payload_text(memory, back, reply(link::DmaStatus::done, data)), "to=3 done data=01ff");
  EXPECT_EQ(payload_text(memory, back, reply(link::DmaStatus::not_memory, {})), "to=3 not_memory");
  EXPECT_EQ(payload_text(memory, back, data), "2 01ff") << "what is none";
  GuestEvent event{.at = {}, .kind = GuestEvent::Kind::output, .is_dma = true, .text = "memory"};
  event.payload = reply(link::DmaStatus::done, {});
  EXPECT_EQ(to_line(event), "0.000000000 output memory to=3 done");
}

}  // namespace
}  // namespace fermata::record
