// SPDX-License-Identifier: MIT
#include "fermata/machine/link/input_queue.hpp"

#include <algorithm>
#include <utility>

#include "fermata/clock/clock.hpp"

namespace fermata::machine::link {

InputQueue::InputQueue(clock::TimerList& timers, std::size_t channels, Deliver deliver)
    : channels_(channels), deliver_(std::move(deliver)), timer_(timers, [this] { expired(); }) {}

// The channel whose first input is the next to be delivered; null if there is none.
std::deque<InputQueue::Input>* InputQueue::next() {
  std::deque<Input>* earliest = nullptr;
  for (std::deque<Input>& channel : channels_) {
    if (!channel.empty() && (earliest == nullptr || channel.front().at < earliest->front().at)) {
      earliest = &channel;
    }
  }
  return earliest;
}

void InputQueue::add(const wire::link::Datum& input) {
  std::deque<Input>& channel = channels_.at(input.channel - 1U);
  const auto is_earlier = [](time::Instant at, const Input& other) { return at < other.at; };
  channel.insert(std::upper_bound(channel.begin(), channel.end(), input.at, is_earlier),
                 {input.at, {input.payload.begin(), input.payload.end()}});
  ++size_;
  timer_.arm_if_earlier(input.at);
}

void InputQueue::arm() {
  if (const std::deque<Input>* channel = next()) {
    timer_.arm(channel->front().at);
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
  for (std::deque<Input>* channel = next(); channel != nullptr && channel->front().at <= now; channel = next()) {
    const Input input = std::move(channel->front());
    channel->pop_front();
    --size_;
    deliver_(static_cast<std::uint16_t>(channel - channels_.data() + 1), input.payload);
  }
  arm();
}

void InputQueue::save(state::Writer& writer) const {
  writer.section("inputs");
  for (const std::deque<Input>& channel : channels_) {
    writer.u32(static_cast<std::uint32_t>(channel.size()));
    for (const Input& input : channel) {
      writer.instant(input.at);
      writer.bytes(input.payload);
    }
  }
}

void InputQueue::load(state::Reader& reader) {
  park();
  reader.section("inputs");
  size_ = 0;
  has_let_devices_go_first_ = false;
  for (std::deque<Input>& channel : channels_) {
    channel.clear();
    for (std::uint32_t left = reader.u32(); left > 0; --left) {
      const time::Instant at = reader.instant();
      const auto payload = reader.bytes();
      channel.push_back({at, {payload.begin(), payload.end()}});
      ++size_;
    }
  }
  arm();
}

}  // namespace fermata::machine::link
