// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "fermata/device/uart/bits.hpp"
#include "fermata/device/uart/byte_fifo.hpp"

namespace fermata::device::uart {

/// The receiving half of a 16550, without its interrupts: what has arrived, with the errors that came with each
/// character, and the receiver's part of the line status. A value.
class Receiver {
 public:
  [[nodiscard]] std::size_t size() const { return characters_.size(); }
  [[nodiscard]] bool is_empty() const { return characters_.is_empty(); }
  [[nodiscard]] std::size_t free_space() const { return capacity() - size(); }

  /// One character's place, or 16. Loses what is there.
  void enable_fifo(bool is_enabled) {
    has_fifo_ = is_enabled;
    clear();
  }
  void clear() {
    characters_.clear();
    flags_.clear();
    status_ &= ~lsr_break;
  }

  /// `flags`: the bits of the line status that it brings. If there is no room: overrun; a FIFO keeps what it has,
  /// without one the new character takes the place of the old one.
  void take(std::uint8_t character, std::uint32_t flags) {
    if (free_space() == 0) {
      status_ |= lsr_overrun;
      if (has_fifo_) {
        return;
      }
      characters_.clear();
      flags_.clear();
    }
    characters_.push(character);
    flags_.push(static_cast<std::uint8_t>(flags));
    if (size() == 1) {
      reveal_front();
    }
  }
  /// It is not empty.
  std::uint8_t pop() {
    static_cast<void>(flags_.pop());
    const std::uint8_t character = characters_.pop();
    if (!is_empty()) {
      reveal_front();
    }
    return character;
  }

  /// The receiver's bits of the line status.
  [[nodiscard]] std::uint32_t status() const {
    bool has_error = false;
    for (std::size_t i = 0; has_fifo_ && i < size(); ++i) {
      has_error = has_error || flags_.at(i) != 0;
    }
    return status_ | (is_empty() ? 0 : lsr_ready) | (has_error ? lsr_error_in_fifo : 0);
  }
  /// The guest has read them: errors that have been shown are over.
  void status_was_read() {
    status_ = 0;
    if (!is_empty()) {
      flags_.set_front(0);
    }
  }

  void save(state::Writer& writer) const {
    writer.flag(has_fifo_);
    writer.u32(status_);
    characters_.save(writer);
    flags_.save(writer);
  }
  void load(state::Reader& reader) {
    has_fifo_ = reader.flag();
    status_ = reader.u32();
    characters_.load(reader);
    flags_.load(reader);
    if (characters_.size() != flags_.size() || size() > capacity() || (status_ & ~lsr_interrupting) != 0) {
      reader.fail("the receiver holds what it cannot");
    }
  }

 private:
  [[nodiscard]] std::size_t capacity() const { return has_fifo_ ? ByteFifo::capacity : 1; }
  void reveal_front() { status_ |= flags_.at(0); }

  bool has_fifo_ = false;
  std::uint32_t status_ = 0;  // the bits that a read clears
  ByteFifo characters_;
  ByteFifo flags_;
};

}  // namespace fermata::device::uart
