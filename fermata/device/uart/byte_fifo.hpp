// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "fermata/base/contract.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::device::uart {

/// Up to 16 bytes, first in first out. A value.
class ByteFifo {
 public:
  static constexpr std::size_t capacity = 16;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool is_empty() const { return size_ == 0; }
  [[nodiscard]] bool is_full() const { return size_ == capacity; }
  /// The `index`th from the front, which is there.
  [[nodiscard]] std::uint8_t at(std::size_t index) const {
    base::expects(index < size_, "ByteFifo: the byte is there");
    return bytes_[(begin_ + index) % capacity];
  }
  void set_front(std::uint8_t byte) {
    base::expects(size_ != 0, "ByteFifo: it is not empty");
    bytes_[begin_] = byte;
  }
  void push(std::uint8_t byte) {
    base::expects(size_ < capacity, "ByteFifo: it is not full");
    bytes_[(begin_ + size_++) % capacity] = byte;
  }
  std::uint8_t pop() {
    base::expects(size_ != 0, "ByteFifo: it is not empty");
    const std::uint8_t byte = bytes_[begin_];
    begin_ = (begin_ + 1) % capacity;
    --size_;
    return byte;
  }
  void clear() { begin_ = size_ = 0; }

  void save(state::Writer& writer) const {
    writer.u8(static_cast<std::uint8_t>(size_));
    for (std::size_t i = 0; i < size_; ++i) {
      writer.u8(at(i));
    }
  }
  void load(state::Reader& reader) {
    clear();
    const std::size_t count = reader.u8();
    if (count > capacity) {
      reader.fail("a FIFO holds more than it can");
    }
    for (std::size_t i = 0; i < count; ++i) {
      push(reader.u8());
    }
  }

 private:
  std::array<std::uint8_t, capacity> bytes_{};
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace fermata::device::uart
