// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace fermata::transport {

/// Bytes on their way from one end of a stream to the other, within one process. Memory is taken as it is used. One
/// thread at a time.
class ByteQueue {
 public:
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }

  /// The first of those that wait; no more than there are.
  void take(std::span<std::byte> into) {
    if (into.empty()) {
      return;
    }
    std::memcpy(into.data(), storage_.data() + begin_, into.size());
    begin_ += into.size();
    if (begin_ == end_) {
      begin_ = end_ = 0;
    }
  }

  void put(std::span<const std::byte> more) {
    if (more.empty()) {
      return;
    }
    if (more.size() > storage_.size() - end_) {
      make_room(more.size());
    }
    std::memcpy(storage_.data() + end_, more.data(), more.size());
    end_ += more.size();
  }

 private:
  void make_room(std::size_t count) {
    if (begin_ > 0) {
      std::memmove(storage_.data(), storage_.data() + begin_, size());
      end_ = size();
      begin_ = 0;
    }
    if (count > storage_.size() - end_) {
      storage_.resize(std::max(end_ + count, 2 * storage_.size()));
    }
  }

  std::vector<std::byte> storage_{};
  std::size_t begin_ = 0;  // what stands before it was taken
  std::size_t end_ = 0;
};

}  // namespace fermata::transport
