// SPDX-License-Identifier: MIT
//
// Decoded code, as the execution engine runs it. A block is a run of instructions within one page that ends with one
// that may go elsewhere. In memory it is a Block with its Ops behind it; an Op that ends a block may have Links, of an
// Op's size, behind it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace fermata::riscv {

namespace core {
struct HartState;
}
struct Op;
struct CodePage;

/// Executes one Op. Returns what comes next; null: the block is left, and where it goes on stands in the hart's pc.
using Handler = Op* (*)(core::HartState&, Op*);

/// One decoded instruction, or a few in one.
struct Op {
  Handler run;
  std::int32_t immediate;
  std::uint8_t rd, rs1, rs2;
  std::uint8_t size;  ///< of the instructions it stands for: their number << 4 | half their length in bytes

  [[nodiscard]] unsigned count() const { return size >> 4U; }
  [[nodiscard]] unsigned bytes() const { return (size & 15U) * 2U; }
};

struct Block {
  std::uint64_t physical;  ///< of its first byte
  CodePage* page;          ///< null: not kept, so that nothing may link to it or from it
  Block* next;             ///< among those of the page that begin in the same line
  std::uint32_t count;     ///< instructions
  std::uint32_t bytes;

  [[nodiscard]] Op* ops() { return reinterpret_cast<Op*>(this + 1); }
};

/// Where a block's last Op leads, once that is known: only to blocks of the same page, which are dropped together.
struct Links {
  Block* taken;
  Block* not_taken;
};
static_assert(sizeof(Links) == sizeof(Op) && alignof(Links) == alignof(Op) && sizeof(Block) % alignof(Op) == 0);

/// A 4 KiB page of RAM, with the blocks decoded from it.
struct CodePage {
  static constexpr std::uint64_t size = 4096;
  static constexpr unsigned line_size = 64;

  std::uint64_t physical = 0;
  std::byte* host = nullptr;
  std::uint64_t lines = 0;                 ///< bit n: a block covers some of bytes n * 64 to n * 64 + 63
  std::array<Block*, 64> first_in_line{};  ///< by where they begin

  [[nodiscard]] Block* find(std::uint64_t at) const {
    Block* block = first_in_line[at % size / line_size];
    while (block != nullptr && block->physical != at) {
      block = block->next;
    }
    return block;
  }
};

}  // namespace fermata::riscv
