// SPDX-License-Identifier: MIT
#include "fermata/wire/link/dma.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fermata::wire::link {
namespace {

using ::testing::HasSubstr;

std::vector<std::byte> some(std::size_t count) { return std::vector<std::byte>(count, std::byte{7}); }
std::vector<std::byte> request(std::uint32_t kind, std::uint32_t length, std::size_t data) {
  const auto bytes = some(data);
  return DmaRequest{{.kind = static_cast<DmaKind>(kind), .length = length, .address = 0x8000'0000}, bytes}.bytes();
}
std::vector<std::byte> reply(std::uint32_t status, std::uint32_t length, std::size_t data) {
  const auto bytes = some(data);
  return DmaReply{{.request = 1, .status = static_cast<DmaStatus>(status), .length = length}, bytes}.bytes();
}

TEST(Dma, ARequestIsWhatTheDocumentSays) {
  const auto bytes = DmaRequest{{.kind = DmaKind::write, .length = 3, .address = 0x1122}, some(3)}.bytes();
  const std::vector<unsigned> expected{2, 0, 0, 0, 3, 0, 0, 0, 0x22, 0x11, 0, 0, 0, 0, 0, 0, 7, 7, 7};
  ASSERT_EQ(bytes.size(), expected.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(std::to_integer<unsigned>(bytes[i]), expected[i]) << i;
  }
  const DmaRequest back = DmaRequest::from(bytes);
  EXPECT_EQ(back.head.address, 0x1122U);
  EXPECT_EQ(back.data.size(), 3U);
}

TEST(Dma, AReplyIsWhatTheDocumentSays) {
  const auto bytes = DmaReply{{.request = 0x0102, .status = DmaStatus::done, .length = 1}, some(1)}.bytes();
  const std::vector<unsigned> expected{2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7};
  ASSERT_EQ(bytes.size(), expected.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(std::to_integer<unsigned>(bytes[i]), expected[i]) << i;
  }
}

TEST(Dma, RequestsThatCanBeMade) {
  EXPECT_EQ(why_not_dma_request(request(1, 1, 0)), "");
  EXPECT_EQ(why_not_dma_request(request(1, max_dma, 0)), "");
  EXPECT_EQ(why_not_dma_request(request(2, 1, 1)), "");
  EXPECT_EQ(why_not_dma_request(request(2, max_dma, max_dma)), "");
  EXPECT_EQ(why_not_dma_request(request(3, 0xffff'ffff, 0)), "");
  EXPECT_EQ(why_not_dma_request(request(4, 0xffff'ffff, 0)), "");
  EXPECT_EQ(why_not_dma_request(request(0, 0, 0)), "") << "answered as unknown";
  EXPECT_EQ(why_not_dma_request(request(99, 5, 700)), "");
}

TEST(Dma, RequestsThatCannot) {
  EXPECT_THAT(why_not_dma_request(some(15)), HasSubstr("15 bytes"));
  EXPECT_THAT(why_not_dma_request({}), HasSubstr("0 bytes"));
  EXPECT_THAT(why_not_dma_request(request(1, 0, 0)), HasSubstr("read of 0 bytes"));
  EXPECT_THAT(why_not_dma_request(request(1, max_dma + 1, 0)), HasSubstr("read of 65521 bytes"));
  EXPECT_THAT(why_not_dma_request(request(1, 0xffff'ffff, 0)), HasSubstr("1 to 65520"));
  EXPECT_THAT(why_not_dma_request(request(1, 4, 4)), HasSubstr("4 bytes of data, not 0"));
  EXPECT_THAT(why_not_dma_request(request(2, 4, 3)), HasSubstr("3 bytes of data, not 4"));
  EXPECT_THAT(why_not_dma_request(request(2, 4, 5)), HasSubstr("5 bytes of data, not 4"));
  EXPECT_THAT(why_not_dma_request(request(2, max_dma + 1, max_dma + 1)), HasSubstr("65537"));
  EXPECT_THAT(why_not_dma_request(request(3, 0, 0)), HasSubstr("check_read of 0"));
  EXPECT_THAT(why_not_dma_request(request(4, 4, 4)), HasSubstr("check_write"));
}

TEST(Dma, Replies) {
  EXPECT_EQ(why_not_dma_reply(reply(0, 0, 0)), "");
  EXPECT_EQ(why_not_dma_reply(reply(0, max_dma, max_dma)), "");
  EXPECT_EQ(why_not_dma_reply(reply(1, 0, 0)), "");
  EXPECT_EQ(why_not_dma_reply(reply(2, 0, 0)), "");
  EXPECT_NE(why_not_dma_reply(reply(3, 0, 0)), "");
  EXPECT_NE(why_not_dma_reply(reply(1, 4, 4)), "") << "nothing was moved";
  EXPECT_NE(why_not_dma_reply(reply(0, 4, 3)), "");
  EXPECT_NE(why_not_dma_reply(reply(0, 3, 4)), "");
  EXPECT_NE(why_not_dma_reply(some(15)), "");
  EXPECT_NE(why_not_dma_reply(reply(0, max_dma + 1, max_dma + 1)), "");
}

}  // namespace
}  // namespace fermata::wire::link
