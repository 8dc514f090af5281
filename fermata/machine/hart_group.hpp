// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "fermata/riscv/hart.hpp"

namespace fermata::machine {

/// The harts of a machine, which take turns on one thread and share one instruction count. A turn ends at a count of
/// instructions that the guest alone decides (`turn_length` after it began, or at a WFI), never where a budget ends, so
/// cutting a run into pieces does not change who executes when.
class HartGroup {
 public:
  /// Instructions; 33 us at 8 ns each. Short, because a hart that waits for another in a loop does so for a turn.
  static constexpr std::uint64_t turn_length = 4096;

  /// `ports` are the same for each hart. 1 to 8 harts.
  HartGroup(unsigned count, const riscv::Hart::Ports& ports);

  [[nodiscard]] unsigned size() const { return static_cast<unsigned>(harts_.size()); }
  [[nodiscard]] riscv::Hart& at(unsigned index) { return *harts_[index]; }
  void reset(std::uint64_t pc);

  enum class State : std::uint8_t {
    runnable,  ///< some hart has something to execute
    idle,      ///< all wait for an interrupt
    stalled,   ///< one has a load that is not done: none executes anything before it is (Hart::finish_load)
    stuck,     ///< those that do not wait trap for ever without executing anything
  };
  /// Who is to run next, as things stand; begins a turn if the present one is over.
  [[nodiscard]] State choose();
  /// The one whose turn it is, as `choose` left it.
  [[nodiscard]] riscv::Hart& chosen() { return *harts_[current_]; }
  /// Executes at most `budget` instructions of the chosen hart's turn. Returns early when its turn is over, it waits,
  /// or it was told to leave; at once if that was since the last `acknowledge_leave`.
  void run(std::uint64_t budget);
  /// Has `run` come back soon, or the next one at once, until it is acknowledged. Any thread.
  void leave();
  /// To be called before whoever runs the harts looks at what there is to do: he then sees what was done before each
  /// `leave` so far, and any later one ends his next `run`. So none is lost.
  void acknowledge_leave() {
    if (is_leave_wanted_.load(std::memory_order_relaxed)) {
      is_leave_wanted_.exchange(false, std::memory_order_seq_cst);
    }
  }

  void save(state::Writer& writer) const;
  void load(state::Reader& reader);

 private:
  [[nodiscard]] bool can_run(unsigned index) const;
  void begin_turn(unsigned index);

  clock::InstructionTime* time_;
  std::vector<std::unique_ptr<riscv::Hart>> harts_;
  unsigned current_ = 0;
  std::uint64_t turn_end_;   // count of instructions
  std::uint32_t stuck_ = 0;  // one bit a hart; forgotten when another has executed something
  std::atomic<riscv::Hart*> running_{nullptr};
  std::atomic<bool> is_leave_wanted_{false};
};

}  // namespace fermata::machine
