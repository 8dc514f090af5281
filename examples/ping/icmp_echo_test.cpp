// SPDX-License-Identifier: MIT
#include "icmp_echo.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace ping {
namespace {

// An echo request as Linux sends it, with four bytes of data.
std::vector<std::byte> request() {
  const std::uint8_t bytes[] = {
      2,    0,    0,    0,   0,    2,    2,    0,    0,  0, 0, 1, 8,  0,                     // Ethernet
      0x45, 0,    0,    32,  0x12, 0x34, 0x40, 0,    64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,  // IPv4, "do not fragment"
      8,    0,    0,    0,   0x5a, 0xa5, 0x01, 0x02,                                         // ICMP
      0x78, 0x56, 0x34, 0x12                                                                 // the stamp
  };
  std::vector<std::byte> frame(sizeof bytes);
  std::transform(std::begin(bytes), std::end(bytes), frame.begin(), [](std::uint8_t byte) { return std::byte{byte}; });
  return frame;
}

std::optional<IcmpEcho> with(std::size_t at, std::uint8_t byte) {
  auto frame = request();
  frame.at(at) = std::byte{byte};
  return parse_icmp_echo(frame);
}

TEST(IcmpEcho, OfARequestAndAReply) {
  IcmpEcho expected{.is_request = true, .identifier = 0x5aa5, .sequence = 0x0102, .stamp_us = 0x12345678};
  EXPECT_EQ(parse_icmp_echo(request()), expected);
  expected.is_request = false;
  EXPECT_EQ(with(34, 0), expected);
}

TEST(IcmpEcho, BehindOptionsOfTheIpHeader) {
  auto frame = request();
  frame.at(14) = std::byte{0x46};
  frame.insert(frame.begin() + 34, 4, std::byte{1});  // no operation, four times
  ASSERT_TRUE(parse_icmp_echo(frame).has_value());
  EXPECT_EQ(parse_icmp_echo(frame)->stamp_us, 0x12345678U);
}

TEST(IcmpEcho, OfNothingElse) {
  EXPECT_FALSE(with(13, 6)) << "ARP";
  EXPECT_FALSE(with(14, 0x65)) << "version 6";
  EXPECT_FALSE(with(14, 0x44)) << "a header too short";
  EXPECT_FALSE(with(14, 0x4f)) << "a header longer than the frame";
  EXPECT_FALSE(with(20, 0x20)) << "the first of several fragments";
  EXPECT_FALSE(with(21, 1)) << "another fragment";
  EXPECT_FALSE(with(23, 17)) << "UDP";
  EXPECT_FALSE(with(34, 3)) << "destination unreachable";
  EXPECT_FALSE(with(35, 1)) << "a code that an echo has not";
  auto frame = request();
  while (!frame.empty()) {
    frame.pop_back();
    EXPECT_FALSE(parse_icmp_echo(frame)) << frame.size() << " bytes";
  }
}

}  // namespace
}  // namespace ping
