// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace fermata::riscv::core {

/// minstret or mcycle: follows a count of instructions, kept elsewhere, at a distance that writes and instructions that
/// do not retire change; stands still while inhibited. `count` is the count before the present instruction.
class Counter {
 public:
  [[nodiscard]] std::uint64_t read(std::uint64_t count) const { return is_inhibited_ ? value_ : count + value_; }
  /// The next instruction reads this value: a write takes the place of the writing instruction's own increment
  /// (privileged specification, "Hardware Performance Monitor").
  void write(std::uint64_t count, std::uint64_t value) { value_ = is_inhibited_ ? value : value - (count + 1); }
  /// One instruction was counted that did not retire.
  void leave_out_one() { value_ -= is_inhibited_ ? 0 : 1; }
  void set_inhibited(std::uint64_t count, bool inhibited) {
    if (inhibited != is_inhibited_) {
      // The instruction that inhibits is still counted, the one that ends it is not.
      value_ = inhibited ? value_ + count + 1 : value_ - (count + 1);
      is_inhibited_ = inhibited;
    }
  }
  [[nodiscard]] bool is_inhibited() const { return is_inhibited_; }

  /// What a saved state keeps: the value for a count of 0.
  [[nodiscard]] std::uint64_t raw() const { return value_; }
  void set_raw(std::uint64_t value, bool inhibited) { value_ = value, is_inhibited_ = inhibited; }

 private:
  std::uint64_t value_ = 0;  // while inhibited the value itself, else its distance from the count
  bool is_inhibited_ = false;
};

}  // namespace fermata::riscv::core
