// SPDX-License-Identifier: MIT
#include "fermata/machine/hart_group.hpp"

#include <algorithm>

#include "fermata/base/contract.hpp"
#include "fermata/machine/board_map.hpp"

namespace fermata::machine {

HartGroup::HartGroup(unsigned count, const riscv::Hart::Ports& ports) : time_(ports.time), turn_end_(turn_length) {
  base::expects(count >= 1 && count <= board_map::max_harts, "HartGroup: 1 to 8 harts");
  for (unsigned i = 0; i < count; ++i) {
    harts_.push_back(std::make_unique<riscv::Hart>(riscv::Hart::Config{.id = i}, ports));
  }
}

void HartGroup::reset(std::uint64_t pc) {
  for (const auto& hart : harts_) {
    hart->reset(pc);
  }
  stuck_ = 0;
  begin_turn(0);
}

bool HartGroup::can_run(unsigned index) const { return !harts_[index]->is_waiting() && (stuck_ >> index & 1U) == 0; }

void HartGroup::begin_turn(unsigned index) {
  if (index != current_) {
    harts_[current_]->break_reservation();
  }
  current_ = index;
  turn_end_ = time_->executed() + turn_length;
}

HartGroup::State HartGroup::choose() {
  if (harts_[current_]->awaits_load()) {
    return State::stalled;
  }
  if ((size() == 1 || time_->executed() < turn_end_) && can_run(current_)) {
    return State::runnable;
  }
  for (unsigned i = 1; i <= size(); ++i) {
    const unsigned candidate = (current_ + i) % size();
    if (can_run(candidate)) {
      begin_turn(candidate);
      return State::runnable;
    }
  }
  if (stuck_ == 0) {
    return State::idle;
  }
  stuck_ = 0;  // they may be asked again
  return State::stuck;
}

void HartGroup::run(std::uint64_t budget) {
  riscv::Hart& hart = *harts_[current_];
  if (size() > 1) {
    budget = std::min(budget, turn_end_ - time_->executed());
  }
  // One order of all four accesses in here and in `leave`: either that one sees the hart, or this one that it was
  // called.
  running_.store(&hart, std::memory_order_seq_cst);
  if (is_leave_wanted_.load(std::memory_order_seq_cst)) {
    running_.store(nullptr, std::memory_order_release);
    return;
  }
  const riscv::RunResult result = hart.run(budget);
  running_.store(nullptr, std::memory_order_release);
  if (result.executed > 0) {
    stuck_ = 0;
  } else if (result.why == riscv::RunStop::stuck) {
    stuck_ |= 1U << current_;
  }
}

void HartGroup::leave() {
  is_leave_wanted_.store(true, std::memory_order_seq_cst);
  if (riscv::Hart* hart = running_.load(std::memory_order_seq_cst)) {
    hart->leave();
  }
}

void HartGroup::save(state::Writer& writer) const {
  writer.section("harts");
  writer.u8(static_cast<std::uint8_t>(current_));
  writer.u64(turn_end_);
  for (const auto& hart : harts_) {
    hart->save(writer);
  }
}

void HartGroup::load(state::Reader& reader) {
  reader.section("harts");
  current_ = reader.u8();
  turn_end_ = reader.u64();
  const std::uint64_t executed = time_->executed();
  if (current_ >= size() || turn_end_ > executed + turn_length) {
    reader.fail("a turn that cannot be");
  }
  stuck_ = 0;
  for (const auto& hart : harts_) {
    hart->load(reader);
  }
}

}  // namespace fermata::machine
