// SPDX-License-Identifier: MIT
#include "fermata/bus/ram.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <vector>

#include "fermata/base/error.hpp"

namespace fermata::bus {
namespace {

using ::testing::HasSubstr;

std::size_t resident_pages(Ram& ram) {
  std::vector<unsigned char> pages(ram.size() / 4096);
  EXPECT_EQ(::mincore(ram.data(), ram.size(), pages.data()), 0);
  return static_cast<std::size_t>(std::ranges::count_if(pages, [](unsigned char page) { return (page & 1U) != 0; }));
}

bool is_all_zero(Ram& ram) {
  return std::ranges::all_of(ram.bytes(), [](std::byte byte) { return byte == std::byte{0}; });
}

TEST(Ram, IsZeroAtFirstAndAfterClear) {
  Ram ram("ram", 3 * 4096);
  EXPECT_EQ(ram.bytes().size(), 3U * 4096);
  EXPECT_TRUE(is_all_zero(ram));
  ram.bytes()[5000] = std::byte{1};
  ram.clear();
  EXPECT_TRUE(is_all_zero(ram));
}

TEST(Ram, WhatNobodyTouchesCostsNothing) {
  Ram ram("ram", std::uint64_t{1} << 40);  // more than this host can have
  ram.bytes()[std::size_t{1} << 39] = std::byte{1};
  EXPECT_EQ(ram.bytes()[std::size_t{1} << 39], std::byte{1});
  Ram small("small", std::uint64_t{4} << 20);
  EXPECT_EQ(resident_pages(small), 0U);
  small.bytes()[12345] = std::byte{1};
  EXPECT_EQ(resident_pages(small), 1U);
  small.clear();
  EXPECT_EQ(resident_pages(small), 0U);
}

TEST(Ram, RefusesASizeThatIsNoNumberOfPages) {
  for (const std::uint64_t size : {0U, 1U, 4095U, 4097U}) {
    try {
      Ram ram("flash", size);
      FAIL() << size;
    } catch (const base::BadArgument& error) {
      EXPECT_THAT(error.what(), HasSubstr("`flash`: " + std::to_string(size)));
    }
  }
}

TEST(Ram, SaysThatTheHostHasNotThatMuch) {
  try {
    Ram ram("huge", std::uint64_t{1} << 62);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::host_failure);
    EXPECT_THAT(error.what(), HasSubstr("`huge`"));
  }
}

std::vector<std::byte> saved(const Ram& ram) {
  state::Writer writer;
  ram.save(writer);
  return writer.take();
}

TEST(Ram, SavesOnlyPagesThatAreNotZeroAndTouchesNone) {
  Ram ram("ram", std::uint64_t{8} << 20);
  ram.bytes()[4096 * 3 + 17] = std::byte{0xaa};
  ram.bytes()[4096 * 1000] = std::byte{0};  // touched, but still zero
  const auto bytes = saved(ram);
  EXPECT_LT(bytes.size(), 4096U + 100U);
  EXPECT_EQ(resident_pages(ram), 2U);

  Ram other("ram", std::uint64_t{8} << 20);
  other.bytes()[0] = std::byte{1};  // must be gone afterwards
  state::Reader reader(bytes);
  other.load(reader);
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_TRUE(std::ranges::equal(ram.bytes(), other.bytes()));
  EXPECT_EQ(saved(other), bytes);
}

TEST(Ram, SavesTheLastByte) {
  Ram ram("ram", 2 * 4096);
  ram.bytes().back() = std::byte{7};
  const auto bytes = saved(ram);
  Ram other("ram", 2 * 4096);
  state::Reader reader(bytes);
  other.load(reader);
  EXPECT_EQ(other.bytes().back(), std::byte{7});
}

TEST(Ram, LoadsOnlyWhatFits) {
  Ram ram("ram", 2 * 4096);
  ram.bytes().back() = std::byte{7};
  const auto bytes = saved(ram);
  Ram smaller("ram", 4096);
  state::Reader of_other_size(bytes);
  EXPECT_THROW(smaller.load(of_other_size), base::Error);
  Ram other_name("rom", 2 * 4096);
  state::Reader of_other_name(bytes);
  EXPECT_THROW(other_name.load(of_other_name), base::Error);

  state::Writer damaged;
  damaged.section("ram ram");
  damaged.u64(2 * 4096);
  damaged.u64(2);  // there are pages 0 and 1
  damaged.bytes(std::array<std::byte, 4096>{});
  const auto damaged_bytes = damaged.take();
  state::Reader beyond(damaged_bytes);
  EXPECT_THROW(ram.load(beyond), base::Error);
}

}  // namespace
}  // namespace fermata::bus
