// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/file_disk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "fermata/base/error.hpp"
#include "fermata/device/testing/workbench.hpp"

namespace fermata::device::virtio {
namespace {

using ::testing::HasSubstr;

/// A file in the test's own folder, gone afterwards.
class Image {
 public:
  explicit Image(const std::string& contents)
      : path_(::testing::TempDir() + "fermata-file-disk-" + std::to_string(::getpid()) + "-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::ofstream(path_, std::ios::binary) << contents;
  }
  ~Image() { std::filesystem::remove(path_); }
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string contents() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string path_;
};

std::string sector_of(FileDisk& disk, std::uint64_t sector) {
  std::string text(512, '?');
  EXPECT_TRUE(disk.read(sector, std::as_writable_bytes(std::span(text))));
  return text;
}
bool write_sector(FileDisk& disk, std::uint64_t sector, char fill) {
  const std::string text(512, fill);
  return disk.write(sector, std::as_bytes(std::span(text)));
}

TEST(FileDisk, ReadsAFileWhoseLastSectorIsNotFull) {
  const Image image(std::string(512, 'a') + std::string(100, 'b'));
  FileDisk disk(image.path(), FileDisk::Mode::read_only);
  EXPECT_EQ(disk.sector_count(), 2U);
  EXPECT_TRUE(disk.is_read_only());
  EXPECT_EQ(sector_of(disk, 0), std::string(512, 'a'));
  EXPECT_EQ(sector_of(disk, 1), std::string(100, 'b') + std::string(412, '\0'));
  EXPECT_FALSE(write_sector(disk, 0, 'x'));
  EXPECT_EQ(image.contents().substr(0, 512), std::string(512, 'a'));
}

TEST(FileDisk, WritesThrough) {
  const Image image(std::string(512, 'a') + std::string(100, 'b'));
  FileDisk disk(image.path(), FileDisk::Mode::write_through);
  EXPECT_FALSE(disk.is_read_only());
  EXPECT_TRUE(write_sector(disk, 1, 'w'));
  EXPECT_TRUE(disk.flush());
  EXPECT_EQ(image.contents(), std::string(512, 'a') + std::string(512, 'w'));
  EXPECT_EQ(sector_of(disk, 1), std::string(512, 'w'));
}

TEST(FileDisk, AnOverlayLeavesTheFileAsItIsAndIsSaved) {
  const Image image(std::string(70 * 512, 'a'));
  FileDisk disk(image.path(), FileDisk::Mode::overlay);
  EXPECT_TRUE(write_sector(disk, 0, 'x'));
  EXPECT_TRUE(write_sector(disk, 69, 'y'));
  EXPECT_TRUE(write_sector(disk, 3, '\0'));
  EXPECT_EQ(sector_of(disk, 0), std::string(512, 'x'));
  EXPECT_EQ(sector_of(disk, 1), std::string(512, 'a'));
  EXPECT_EQ(sector_of(disk, 3), std::string(512, '\0'));
  EXPECT_EQ(sector_of(disk, 69), std::string(512, 'y'));
  EXPECT_EQ(image.contents(), std::string(70 * 512, 'a'));

  const auto bytes = testing::saved(disk);
  FileDisk other(image.path(), FileDisk::Mode::overlay);
  EXPECT_TRUE(write_sector(other, 5, 'z'));
  state::Reader reader(bytes);
  other.load(reader);
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(sector_of(other, 69), std::string(512, 'y'));
  EXPECT_EQ(sector_of(other, 3), std::string(512, '\0'));
  EXPECT_EQ(sector_of(other, 5), std::string(512, 'a'));

  FileDisk plain(image.path(), FileDisk::Mode::read_only);
  state::Reader again(bytes);
  EXPECT_THROW(plain.load(again), base::Error);
}

TEST(FileDisk, SaysWhatIsWrongWithAFile) {
  const Image empty("");
  const auto complaint = [](const std::string& path) -> std::string {
    try {
      FileDisk disk(path, FileDisk::Mode::read_only);
    } catch (const base::Error& error) {
      return std::string(base::to_string(error.code())) + ": " + error.what();
    }
    return {};
  };
  EXPECT_THAT(complaint(empty.path()), HasSubstr("unsupported: the disk image `" + empty.path() + "` is empty"));
  EXPECT_THAT(complaint(::testing::TempDir()), HasSubstr("is empty or no file"));
  EXPECT_THAT(complaint(empty.path() + "-absent"), HasSubstr("not_found: the disk image"));
}

}  // namespace
}  // namespace fermata::device::virtio
