// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fermata/record/block_file.hpp"
#include "fermata/record/codec.hpp"
#include "fermata/record/layout.hpp"

namespace fermata::record {

/// Writes a recording (docs/trace-format.md) to a file. What has been flushed is read back even if this process is
/// killed; `close` makes the recording whole. After a failure it takes no more, and the file is not whole. One thread.
class Writer {
 public:
  /// Creates or empties the file. Throws base::Error (host_failure) if it cannot be written.
  explicit Writer(std::string path, End end, Protocol protocol = Protocol::link);
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) = delete;
  /// Closes too, but cannot tell.
  ~Writer();

  /// One whole message. Throws base::Error (host_failure) when the file takes no more, e.g. a full disk.
  void append(Direction from, std::span<const std::byte> message);
  /// Puts all that was appended into the file. Throws like `append`.
  void flush();
  /// Writes the end of the recording and closes the file; again is harmless. Throws like `append`.
  void close();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void start_block();
  void write_block(std::uint32_t flags);
  void put(std::span<const std::byte> bytes);

  std::string path_;
  BlockFile file_;
  Encoder encoder_;
  std::vector<std::byte> block_;  // begins with room for its header
  std::uint32_t checksum_ = 0;    // of all before
  Totals totals_;
  std::string failure_;
};

}  // namespace fermata::record
