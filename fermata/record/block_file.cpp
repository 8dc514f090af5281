// SPDX-License-Identifier: MIT
#include "fermata/record/block_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"

namespace fermata::record {
namespace {

constexpr std::size_t head = 8;

bool is_regular(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

BlockFile::BlockFile(const std::string& path)
    : path_(path), file_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (!file_.is_open()) {
    throw base::host_error("write the recording " + path, errno);
  }
  if (is_regular(file_.get())) {
    static_cast<void>(map_next());
  }
}

BlockFile::BlockFile(BlockFile&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::move(other.file_)),
      size_(other.size_),
      window_(std::exchange(other.window_, nullptr)),
      window_begin_(other.window_begin_) {}

BlockFile::~BlockFile() {
  try {
    close();
  } catch (const base::Error&) {
    // who wants to know calls close
  }
}

// A window with room for any block behind what was appended. False if this file cannot be mapped.
bool BlockFile::map_next() {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t begin = size_ / page * page;
  const std::size_t length = window + static_cast<std::size_t>(page);
  unmap();
  // Reserved first: a page that the disk has no room for would end us with SIGBUS.
  if (const int error = ::posix_fallocate(file_.get(), static_cast<off_t>(begin), static_cast<off_t>(length));
      error != 0) {
    if (size_ > 0 || error == ENOSPC || error == EFBIG) {
      fail(error);
    }
    return false;
  }
  void* mapped = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), static_cast<off_t>(begin));
  if (mapped == MAP_FAILED) {
    if (size_ > 0) {
      fail(errno);
    }
    return false;
  }
  window_ = static_cast<std::byte*>(mapped);
  window_begin_ = begin;
  return true;
}

void BlockFile::unmap() {
  if (window_ != nullptr) {
    ::munmap(std::exchange(window_, nullptr), window + static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
  }
}

void BlockFile::append(std::span<const std::byte> block) {
  base::expects(is_open() && block.size() > head && block.size() < window, "BlockFile: open, a block of allowed size");
  if (window_ == nullptr) {
    write(block);
    return;
  }
  if (size_ - window_begin_ + block.size() > window) {
    static_cast<void>(map_next());
  }
  std::byte* to = window_ + (size_ - window_begin_);
  std::memcpy(to + head, block.data() + head, block.size() - head);
  std::atomic_signal_fence(std::memory_order_release);
  std::memcpy(to, block.data(), head);
  size_ += block.size();
}

void BlockFile::close() {
  if (!is_open()) {
    return;
  }
  const bool is_mapped = window_ != nullptr;
  unmap();
  if (is_mapped && ::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
    fail(errno);
  }
  if (::close(file_.release()) != 0 && errno != EINTR) {
    throw base::host_error("write the recording " + path_, errno);
  }
}

void BlockFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) {
      fail(errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count < 0 ? 0 : count));
  }
}

void BlockFile::fail(int error) {
  unmap();
  file_.reset();
  throw base::host_error("write the recording " + path_ + ", which is not whole", error);
}

}  // namespace fermata::record
