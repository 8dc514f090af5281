// SPDX-License-Identifier: MIT
#include "guests/machine/options/key_values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::machine_program {
namespace {

TEST(KeyValues, ReadsWhatQemuWrites) {
  const KeyValues values("-x", "3,sleep=off,align,path=a,,b=c", "shift");
  EXPECT_EQ(values.number("shift"), 3U);
  EXPECT_EQ(values.flag("sleep"), false);
  EXPECT_EQ(values.flag("align"), true);
  EXPECT_EQ(values.text("path"), "a,b=c");
  EXPECT_EQ(values.text("absent"), std::nullopt);
}

TEST(KeyValues, TheLastOfEqualKeysCounts) { EXPECT_EQ(KeyValues("-x", "a=1,a=2", "").number("a"), 2U); }

TEST(KeyValues, SaysWhatItCannotRead) {
  const KeyValues values("-icount", "shift=3x,sleep=perhaps", "shift");
  EXPECT_THROW(static_cast<void>(values.number("shift")), base::BadArgument);
  EXPECT_THROW(static_cast<void>(values.flag("sleep")), base::BadArgument);
  try {
    values.allow_only({"shift", "align"});
    FAIL();
  } catch (const base::BadArgument& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("-icount: no \"sleep\" is known here; possible: shift, align"));
  }
}

TEST(KeyValues, NumbersAreDecimalOrHexadecimal) {
  EXPECT_EQ(parse_number("x", "0x80100000"), 0x80100000U);
  EXPECT_EQ(parse_number("x", "18446744073709551615"), ~std::uint64_t{0});
  for (const char* text : {"", "-1", "18446744073709551616", "0x", "1 ", "ten"}) {
    EXPECT_THROW(static_cast<void>(parse_number("x", text)), base::BadArgument) << text;
  }
}

TEST(KeyValues, SizesHaveSuffixes) {
  constexpr std::uint64_t mib = 1 << 20;
  EXPECT_EQ(parse_size("-m", "128", mib), 128 * mib);
  EXPECT_EQ(parse_size("-m", "64k", mib), 65536U);
  EXPECT_EQ(parse_size("-m", "2G", mib), 2048 * mib);
  for (const char* text : {"", "K", "99999999999T", "-1M", "1.5G"}) {
    EXPECT_THROW(static_cast<void>(parse_size("-m", text, mib)), base::BadArgument) << text;
  }
}

}  // namespace
}  // namespace fermata::machine_program
