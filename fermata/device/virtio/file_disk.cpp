// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/file_disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "fermata/base/error.hpp"

namespace fermata::device::virtio {
namespace {

constexpr std::uint64_t page_size = 4096;

int open_image(const std::string& path, FileDisk::Mode mode) {
  const int flags = mode == FileDisk::Mode::write_through ? O_RDWR : O_RDONLY;
  const int file = ::open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) {
    const auto code = errno == ENOENT ? base::ErrorCode::not_found : base::ErrorCode::host_failure;
    throw base::Error(
        code, fmt::format("the disk image `{}` cannot be opened: {}; name one that is there and may be {}", path,
                          std::strerror(errno), flags == O_RDWR ? "written" : "read"));
  }
  return file;
}

/// Bytes of a regular file or a block device; 0 for what is neither.
std::uint64_t size_of(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0 || (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))) {
    return 0;
  }
  const off_t end = ::lseek(file, 0, SEEK_END);
  return end > 0 ? static_cast<std::uint64_t>(end) : 0;
}

}  // namespace

FileDisk::FileDisk(std::string path, Mode mode)
    : path_(std::move(path)), mode_(mode), file_(open_image(path_, mode)), file_size_(size_of(file_)) {
  if (file_size_ == 0) {
    ::close(file_);
    throw base::Error(base::ErrorCode::unsupported,
                      fmt::format("the disk image `{}` is empty or no file; give a raw image", path_));
  }
  sector_count_ = (file_size_ + sector_size - 1) / sector_size;
  if (mode_ == Mode::overlay) {
    overlay_ = std::make_unique<bus::Ram>("overlay", (file_size_ + page_size - 1) / page_size * page_size);
    overlay_map_.resize((sector_count_ + 63) / 64);
  }
}

FileDisk::~FileDisk() { ::close(file_); }

bool FileDisk::read_file(std::uint64_t at, std::span<std::byte> into) const {
  while (!into.empty() && at < file_size_) {
    const ssize_t got = ::pread(file_, into.data(), into.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return false;
    }
    at += static_cast<std::uint64_t>(got);
    into = into.subspan(static_cast<std::size_t>(got));
  }
  std::ranges::fill(into, std::byte{0});
  return true;
}

bool FileDisk::is_in_overlay(std::uint64_t sector) const {
  return !overlay_map_.empty() && (overlay_map_[sector / 64] >> (sector % 64) & 1) != 0;
}

bool FileDisk::read(std::uint64_t sector, std::span<std::byte> into) {
  if (!read_file(sector * sector_size, into)) {
    return false;
  }
  for (; !into.empty(); into = into.subspan(sector_size), ++sector) {
    if (is_in_overlay(sector)) {
      std::ranges::copy(overlay_->bytes().subspan(sector * sector_size, sector_size), into.begin());
    }
  }
  return true;
}

bool FileDisk::write(std::uint64_t sector, std::span<const std::byte> bytes) {
  if (mode_ == Mode::read_only) {
    return false;
  }
  if (mode_ == Mode::overlay) {
    std::ranges::copy(bytes, overlay_->bytes().subspan(sector * sector_size).begin());
    for (std::uint64_t i = 0; i < bytes.size() / sector_size; ++i) {
      overlay_map_[(sector + i) / 64] |= std::uint64_t{1} << ((sector + i) % 64);
    }
    return true;
  }
  std::uint64_t at = sector * sector_size;
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put <= 0) {
      return false;
    }
    at += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  file_size_ = std::max(file_size_, at);
  return true;
}

bool FileDisk::flush() { return mode_ != Mode::write_through || ::fdatasync(file_) == 0; }

void FileDisk::save(state::Writer& writer) const {
  writer.section("file_disk");
  writer.u64(sector_count_);
  writer.flag(mode_ == Mode::overlay);
  for (const std::uint64_t word : overlay_map_) {
    writer.u64(word);
  }
  if (overlay_) {
    overlay_->save(writer);
  }
}

void FileDisk::load(state::Reader& reader) {
  reader.section("file_disk");
  if (reader.u64() != sector_count_ || reader.flag() != (mode_ == Mode::overlay)) {
    reader.fail("it is of a disk of another size, or one of the two has an overlay");
  }
  for (std::uint64_t& word : overlay_map_) {
    word = reader.u64();
  }
  if (overlay_) {
    overlay_->load(reader);
  }
}

}  // namespace fermata::device::virtio
