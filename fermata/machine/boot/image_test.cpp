// SPDX-License-Identifier: MIT
#include "fermata/machine/boot/image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fermata/base/error.hpp"
#include "fermata/machine/boot/elf_builder.hpp"
#include "fermata/machine/boot/elf_file.hpp"

namespace fermata::machine::boot {
namespace {

using ::testing::HasSubstr;

constexpr bus::Address ram_begin = 0x80000000;

SharedBytes bytes_of(std::initializer_list<int> values) {
  auto bytes = std::make_shared<std::vector<std::byte>>();
  for (const int value : values) {
    bytes->push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

class ImageLoading : public ::testing::Test {
 protected:
  ImageLoading() { memory_.map(ram_begin, ram_); }
  [[nodiscard]] int at(std::uint64_t offset) { return std::to_integer<int>(ram_.bytes()[offset]); }

  bus::Ram ram_{"ram", 16384};
  bus::AddressSpace memory_;
};

TEST_F(ImageLoading, RawBytesStandWhereTheyAreTold) {
  const Image image = raw_image("blob", bytes_of({1, 2, 3}), ram_begin + 100);
  EXPECT_EQ(image.entry, ram_begin + 100);
  EXPECT_EQ(image.end(), ram_begin + 103);
  load(image, memory_);
  EXPECT_EQ(at(99), 0);
  EXPECT_EQ(at(100), 1);
  EXPECT_EQ(at(102), 3);
}

TEST_F(ImageLoading, ZerosBehindTheFilesBytesReplaceWhatWasThere) {
  std::ranges::fill(ram_.bytes(), std::byte{0xff});
  ElfBuilder builder;
  builder.add(ram_begin + 8, {7}, 9000);
  load(read_elf("guest.elf", builder.share()), memory_);
  EXPECT_EQ(at(7), 0xff);
  EXPECT_EQ(at(8), 7);
  for (std::uint64_t i = 9; i < 9008; ++i) {
    ASSERT_EQ(at(i), 0) << i;
  }
  EXPECT_EQ(at(9008), 0xff);
}

TEST_F(ImageLoading, WhatDoesNotFitIsRefusedByName) {
  for (const bus::Address place : {ram_begin - 1, ram_begin + 16382, ram_begin + 16384, bus::Address{0}}) {
    try {
      load(raw_image("blob", bytes_of({1, 2, 3}), place), memory_);
      ADD_FAILURE() << place;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
      EXPECT_THAT(error.what(), HasSubstr("blob: 0x3 bytes at "));
    }
  }
  load(raw_image("blob", bytes_of({1, 2, 3}), ram_begin + 16381), memory_);
  EXPECT_EQ(at(16383), 3);
}

TEST(Image, ElfIsToldFromRaw) {
  ElfBuilder builder;
  builder.add(0x80004000, {1}, 1);
  builder.header.e_entry = 0x80004000;
  EXPECT_EQ(elf_or_raw_image("x", builder.share(), 0x1000).entry, 0x80004000U);
  EXPECT_EQ(elf_or_raw_image("x", bytes_of({1}), 0x1000).entry, 0x1000U);
}

TEST(Image, RawBeyondTheAddressesIsABadArgument) {
  EXPECT_THROW(static_cast<void>(raw_image("x", bytes_of({1, 2, 3}), ~bus::Address{1})), base::BadArgument);
  EXPECT_EQ(raw_image("x", bytes_of({1, 2}), ~bus::Address{1}).pieces.size(), 1U);
  EXPECT_TRUE(raw_image("x", bytes_of({}), ~bus::Address{0}).pieces.empty());
}

TEST(Image, AFileThatIsNotThereIsNamed) {
  for (const char* path : {"/nowhere/kernel", "/"}) {
    try {
      static_cast<void>(read_bytes(path));
      ADD_FAILURE() << path;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::not_found);
      EXPECT_THAT(error.what(), HasSubstr(path));
    }
  }
}

}  // namespace
}  // namespace fermata::machine::boot
