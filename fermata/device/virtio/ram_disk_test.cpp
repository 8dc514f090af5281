// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/ram_disk.hpp"

#include <gtest/gtest.h>

#include <array>

#include "fermata/base/error.hpp"

namespace fermata::device::virtio {
namespace {

TEST(RamDisk, KeepsSectorsAndSavesThem) {
  RamDisk disk(8'192);
  EXPECT_EQ(disk.sector_count(), 16U);
  EXPECT_FALSE(disk.is_read_only());
  std::array<std::byte, 1'024> bytes{};
  bytes[0] = std::byte{1};
  bytes[1'023] = std::byte{2};
  EXPECT_TRUE(disk.write(14, bytes));
  EXPECT_EQ(disk.bytes()[7'168], std::byte{1});
  std::array<std::byte, 512> back{};
  EXPECT_TRUE(disk.read(15, back));
  EXPECT_EQ(back[511], std::byte{2});
  EXPECT_TRUE(disk.flush());

  state::Writer writer;
  disk.save(writer);
  const auto saved = writer.take();
  RamDisk other(8'192);
  state::Reader reader(saved);
  other.load(reader);
  EXPECT_TRUE(std::ranges::equal(other.bytes(), disk.bytes()));
}

TEST(RamDisk, IsWholePages) { EXPECT_THROW(RamDisk(512), base::BadArgument); }

}  // namespace
}  // namespace fermata::device::virtio
