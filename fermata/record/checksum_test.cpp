// SPDX-License-Identifier: MIT
#include "fermata/record/checksum.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace fermata::record {
namespace {

std::uint32_t crc_of(std::string_view text, std::uint32_t before = 0) {
  return crc32(std::as_bytes(std::span(text)), before);
}

TEST(Checksum, IsTheOneThatEverybodyHas) {
  EXPECT_EQ(crc_of(""), 0U);
  EXPECT_EQ(crc_of("123456789"), 0xcbf4'3926U);  // the check value in catalogues of CRCs
  EXPECT_EQ(crc_of("The quick brown fox jumps over the lazy dog"), 0x414f'a339U);
}

TEST(Checksum, GoesOnWhereItStopped) {
  constexpr std::string_view text = "a text that is longer than eight bytes";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(crc_of(text.substr(cut), crc_of(text.substr(0, cut))), crc_of(text)) << cut;
  }
}

}  // namespace
}  // namespace fermata::record
