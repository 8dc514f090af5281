// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "fermata/riscv/code_cache.hpp"
#include "fermata/riscv/core/hart_state.hpp"
#include "fermata/riscv/decoding/instruction.hpp"
#include "fermata/riscv/execution_engine.hpp"
#include "fermata/riscv/threaded/block_builder.hpp"

namespace fermata::riscv::threaded {

/// An interpreter of decoded blocks, direct-threaded: see dispatch.hpp. One hart's; its blocks are shared with the
/// other harts of the machine through the CodeCache.
class Engine final : public ExecutionEngine, private CodeUser {
 public:
  /// `hart` with its ports, both for the engine's lifetime.
  explicit Engine(core::HartState& hart);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] RunStop run() override;
  void forget() override;

 private:
  /// A block with room behind it, for what is not kept in the CodeCache.
  template <std::size_t slots>
  struct RoomyBlock {
    Block block{};
    alignas(Op) std::array<std::byte, slots * sizeof(Op)> room;
  };
  /// A block of one instruction; it depends on nothing but the bits and the offset in the page.
  struct Single : RoomyBlock<3> {
    std::uint32_t bits = 0;
  };

  [[nodiscard]] bool take_attention();
  [[nodiscard]] Block* find_block();
  [[nodiscard]] Block* find_in_page(CodePage& page);
  [[nodiscard]] CodePage* fetch_page();
  [[nodiscard]] Block* build(CodePage& page, std::uint64_t physical);
  [[nodiscard]] Block* single_instruction();
  [[nodiscard]] bool fetch_half(std::uint64_t pc, std::uint16_t& bits);
  [[nodiscard]] Block* fit_budget(Block& block);
  void execute(Block& block);

  void code_appeared(CodePage& page) override;
  void code_dropped(const CodePage& page) override;
  void all_code_dropped() override;

  template <class Function>
  void for_each_view(Function function) {
    for (const auto& view : hart_.views) {
      if (view != nullptr) {
        function(*view);
      }
    }
  }

  core::HartState& hart_;
  RoomyBlock<BlockBuilder::max_slots> part_;  // the beginning of a block for which the budget is too small
  std::array<Single, 16> singles_{};
};

}  // namespace fermata::riscv::threaded
