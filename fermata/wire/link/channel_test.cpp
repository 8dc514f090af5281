// SPDX-License-Identifier: MIT
#include "fermata/wire/link/channel.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace fermata::wire::link {
namespace {

std::vector<std::byte> bytes(std::size_t count, unsigned value = 0) {
  return std::vector<std::byte>(count, static_cast<std::byte>(value));
}

TEST(Channel, KindsHaveWords) {
  EXPECT_EQ(to_string(ChannelKind::serial), "serial");
  EXPECT_EQ(to_string(ChannelKind::message), "message");
  EXPECT_EQ(to_string(ChannelKind{9}), "unknown");
}

TEST(Channel, PayloadsHaveBounds) {
  EXPECT_NE(why_not_input(ChannelKind::serial, {}), "");
  EXPECT_EQ(why_not_input(ChannelKind::serial, bytes(65'536)), "");
  EXPECT_NE(why_not_input(ChannelKind::serial, bytes(65'537)), "");
  EXPECT_NE(why_not_input(ChannelKind::ethernet, bytes(13)), "");
  EXPECT_EQ(why_not_input(ChannelKind::ethernet, bytes(14)), "");
  EXPECT_EQ(why_not_output(ChannelKind::ethernet, bytes(9018)), "");
  EXPECT_NE(why_not_output(ChannelKind::ethernet, bytes(9019)), "");
  EXPECT_EQ(why_not_input(ChannelKind::line, bytes(1, 1)), "");
  EXPECT_NE(why_not_input(ChannelKind::line, bytes(1, 2)), "");
  EXPECT_NE(why_not_input(ChannelKind::line, bytes(2)), "");
  EXPECT_EQ(why_not_input(ChannelKind::mmio, MmioAnswer{.value = 1, .request = 1}.bytes()), "");
  EXPECT_NE(why_not_input(ChannelKind::mmio, bytes(24)), "");
  EXPECT_NE(why_not_input(ChannelKind{9}, bytes(1)), "");
}

TEST(Channel, MmioRequestsHaveAWidthAndAKind) {
  MmioRequest request{.offset = 8, .value = 7, .width = 4, .is_write = 1};
  EXPECT_EQ(why_not_output(ChannelKind::mmio, request.bytes()), "");
  const MmioRequest copy = MmioRequest::from(request.bytes());
  EXPECT_EQ(copy.offset, 8U);
  EXPECT_EQ(copy.value, 7U);
  request.width = 3;
  EXPECT_EQ(why_not_output(ChannelKind::mmio, request.bytes()), "an mmio request of width 3 and kind 1");
  request = {.width = 8, .is_write = 2};
  EXPECT_NE(why_not_output(ChannelKind::mmio, request.bytes()), "");
  EXPECT_NE(why_not_output(ChannelKind::mmio, bytes(16)), "");
}

}  // namespace
}  // namespace fermata::wire::link
