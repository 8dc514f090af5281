// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "fermata/riscv/code_block.hpp"
#include "fermata/riscv/decoding/instruction.hpp"

namespace fermata::riscv::threaded {

/// Turns instructions into the Ops of a block, one after the other. Everything that depends on the address is relative
/// to the page, so that a block holds for each virtual address at which its page is mapped. One use.
class BlockBuilder {
 public:
  static constexpr unsigned max_instructions = 32;
  /// A block covers bytes of at most three lines of its page.
  static_assert(max_instructions * 4 <= 2 * CodePage::line_size);
  /// The instructions, what ends the block, and its Links.
  static constexpr std::size_t max_slots = max_instructions + 2;

  /// The first instruction is at this offset in its page.
  explicit BlockBuilder(unsigned offset) : offset_(offset) {}

  /// False: the block ends with it, or is as long as one may be.
  bool add(const decoding::Instruction& instruction);
  /// If the last instruction does not lead elsewhere: adds what does. Nothing can be added from here on.
  void finish();

  [[nodiscard]] unsigned count() const { return count_; }
  /// How much memory it covers.
  [[nodiscard]] unsigned bytes() const { return bytes_; }
  [[nodiscard]] std::size_t slots() const { return slots_; }
  /// Puts the Ops and Links behind a Block, where there is room for `slots`.
  void put_behind(Block& block) const;

 private:
  void push(const decoding::Instruction& instruction);
  [[nodiscard]] bool fuse(const decoding::Instruction& instruction);
  void end_with_links();

  std::array<Op, max_slots> ops_;
  std::size_t slots_ = 0;
  unsigned offset_;
  unsigned count_ = 0;
  unsigned bytes_ = 0;
  decoding::Instruction last_;  // the last one that was added, if it has an Op of its own
  bool has_links_ = false;
  bool is_ended_ = false;
};

}  // namespace fermata::riscv::threaded
