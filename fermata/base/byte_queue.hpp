// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fermata/base/contract.hpp"

namespace fermata::base {

/// Bytes that wait, first in, first out, in one piece. What is put in or dropped costs its own size on average, however
/// much waits. One thread.
class ByteQueue {
 public:
  [[nodiscard]] bool is_empty() const { return begin_ == bytes_.size(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size() - begin_; }
  /// All that waits, the first one first; until the next change.
  [[nodiscard]] std::span<const std::byte> bytes() const { return std::span(bytes_).subspan(begin_); }

  /// Behind what waits. `more` is not of this queue.
  void put(std::span<const std::byte> more) {
    // Moved only when more has been dropped than is to be moved.
    if (begin_ > size()) {
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
      begin_ = 0;
    }
    bytes_.insert(bytes_.end(), more.begin(), more.end());
  }
  /// The first `count`, which are there.
  void drop(std::size_t count) {
    expects(count <= size(), "ByteQueue: what is dropped is there");
    begin_ += count;
    if (is_empty()) {
      clear();
    }
  }
  void clear() {
    bytes_.clear();
    begin_ = 0;
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t begin_ = 0;  // what stands before it was dropped
};

}  // namespace fermata::base
