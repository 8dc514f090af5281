// SPDX-License-Identifier: MIT
#include "fermata/machine/link/input_queue.hpp"

#include <utility>

#include "fermata/clock/clock.hpp"

namespace fermata::machine::link {

InputQueue::InputQueue(clock::TimerList& timers, std::size_t channels, Receiver receiver)
    : inputs_(channels), receiver_(std::move(receiver)), timer_(timers, [this] { expired(); }) {}

void InputQueue::add(const wire::link::Datum& input) {
  inputs_.add(input);
  timer_.arm_if_earlier(input.at);
}

void InputQueue::arm() {
  if (const auto next = inputs_.next()) {
    timer_.arm(*next);
  }
}

void InputQueue::expired() {
  const time::Instant now = timer_.list().clock().now();
  // What is armed within a pass for an instant that has come runs in the next pass: after all others of this instant.
  if (!std::exchange(has_let_devices_go_first_, true)) {
    timer_.arm(now);
    return;
  }
  has_let_devices_go_first_ = false;
  for (auto channel = inputs_.due(now); channel && receiver_.is_ready(*channel); channel = inputs_.due(now)) {
    receiver_.deliver(*inputs_.take_due(now));
  }
  arm();
}

void InputQueue::load(state::Reader& reader) {
  park();
  has_let_devices_go_first_ = false;
  inputs_.load(reader);
  arm();
}

}  // namespace fermata::machine::link
