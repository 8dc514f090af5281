// SPDX-License-Identifier: MIT
#include "fermata/state/writer.hpp"

#include <gtest/gtest.h>

#include "fermata/state/reader.hpp"

namespace fermata::state {
namespace {

using namespace time::literals;

TEST(Writer, LaysOutLittleEndianWithoutPadding) {
  Writer writer;
  writer.section("a");
  writer.u16(0x1234);
  writer.flag(true);
  const auto bytes = writer.take();
  const std::vector<std::byte> wanted = {std::byte{1}, std::byte{'a'}, std::byte{0x34}, std::byte{0x12}, std::byte{1}};
  EXPECT_EQ(bytes, wanted);
}

TEST(Writer, WhatIsWrittenIsReadBack) {
  Writer writer;
  writer.section("all");
  writer.u8(0xff);
  writer.u32(0xdeadbeef);
  writer.u64(0x8000'0000'0000'0001);
  writer.instant(time::Instant::at(5_ns));
  writer.duration(time::Duration::nanoseconds(-3));
  writer.optional_instant({});
  writer.optional_instant(time::Instant::max());
  writer.text("text");
  const auto bytes = writer.take();
  Reader reader(bytes);
  reader.section("all");
  EXPECT_EQ(reader.u8(), 0xff);
  EXPECT_EQ(reader.u32(), 0xdeadbeef);
  EXPECT_EQ(reader.u64(), 0x8000'0000'0000'0001);
  EXPECT_EQ(reader.instant(), time::Instant::at(5_ns));
  EXPECT_EQ(reader.duration().ns(), -3);
  EXPECT_EQ(reader.optional_instant(), std::nullopt);
  EXPECT_EQ(reader.optional_instant(), time::Instant::max());
  EXPECT_EQ(reader.text(), "text");
  EXPECT_TRUE(reader.is_at_end());
}

}  // namespace
}  // namespace fermata::state
