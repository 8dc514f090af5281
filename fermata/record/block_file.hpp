// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "fermata/host/unique_fd.hpp"

namespace fermata::record {

/// A file that is written block by block. A block that was appended is read back even if this process is killed at once
/// afterwards, and costs no system call: the kernel shares the file's pages with us (a pipe or device gets writes
/// instead). Space is reserved ahead, so that a full disk is an error and no signal; zeros stand there until `close`.
/// One thread.
class BlockFile {
 public:
  /// Creates or empties the file. Throws base::Error (host_failure).
  explicit BlockFile(const std::string& path);
  ~BlockFile();
  BlockFile(BlockFile&& other) noexcept;
  BlockFile& operator=(BlockFile&&) = delete;

  [[nodiscard]] bool is_open() const { return file_.is_open(); }
  /// The first eight bytes last, so that a block is there or is not; it has more than those, and less than `window`.
  /// Throws base::Error (host_failure) when the file takes no more, and is closed then.
  void append(std::span<const std::byte> block);
  /// Cuts the reserved space off. Throws base::Error (host_failure). Again is harmless.
  void close();

  static constexpr std::size_t window = std::size_t{1} << 20;

 private:
  [[nodiscard]] bool map_next();
  void unmap();
  void write(std::span<const std::byte> bytes);
  [[noreturn]] void fail(int error);

  std::string path_;
  host::UniqueFd file_;
  std::uint64_t size_ = 0;       // of what was appended
  std::byte* window_ = nullptr;  // null: blocks are written
  std::uint64_t window_begin_ = 0;
};

}  // namespace fermata::record
