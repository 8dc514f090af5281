// SPDX-License-Identifier: MIT
#include "fermata/device/mac_address.hpp"

#include <gtest/gtest.h>

namespace fermata::device {
namespace {

TEST(MacAddress, IsReadAndPrinted) {
  EXPECT_EQ(to_string(MacAddress{}), "52:54:00:12:34:56");
  const auto address = MacAddress::parse("02:00:aB:Cd:0f:F0");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->bytes, (std::array<std::uint8_t, 6>{0x02, 0x00, 0xab, 0xcd, 0x0f, 0xf0}));
  EXPECT_EQ(to_string(*address), "02:00:ab:cd:0f:f0");
  EXPECT_EQ(MacAddress::parse("52:54:00:12:34:56"), MacAddress{});
}

TEST(MacAddress, NothingElseIsOne) {
  for (const char* text : {"", "52", "52:54:00:12:34", "52:54:00:12:34:5", "52:54:00:12:34:567", "52:54:00:12:34:56:",
                           "52-54-00-12-34-56", "52:54:00:12:34:5g", "5 :54:00:12:34:56", "-1:54:00:12:34:56",
                           "+1:54:00:12:34:56", "0x:54:00:12:34:56", " 2:54:00:12:34:56", "525:4:00:12:34:56"}) {
    EXPECT_EQ(MacAddress::parse(text), std::nullopt) << text;
  }
  EXPECT_EQ(MacAddress::parse(std::string_view("52:54:00:12:34:56", 16)), std::nullopt);
}

TEST(MacAddress, EachPortOfAMachineHasItsDefault) {
  EXPECT_EQ(MacAddress::default_of(0), MacAddress{});
  EXPECT_EQ(to_string(MacAddress::default_of(1)), "52:54:00:12:34:57");
  EXPECT_EQ(to_string(MacAddress::default_of(255)), "52:54:00:12:34:55");
  EXPECT_DEATH(static_cast<void>(MacAddress::default_of(256)), "256 default addresses");
}

TEST(MacAddress, GroupsAreKnown) {
  EXPECT_FALSE(MacAddress{}.is_group());
  EXPECT_TRUE(MacAddress::parse("ff:ff:ff:ff:ff:ff")->is_group());
  EXPECT_TRUE(MacAddress::parse("01:00:5e:00:00:01")->is_group());
}

}  // namespace
}  // namespace fermata::device
