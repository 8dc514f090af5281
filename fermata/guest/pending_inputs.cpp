// SPDX-License-Identifier: MIT
#include "fermata/guest/pending_inputs.hpp"

#include <algorithm>
#include <utility>

namespace fermata::guest {

// The channel whose first input is the next to be given out; null if there is none.
const std::deque<PendingInputs::Waiting>* PendingInputs::first() const {
  const std::deque<Waiting>* earliest = nullptr;
  for (const std::deque<Waiting>& channel : channels_) {
    if (!channel.empty() && (earliest == nullptr || channel.front().at < earliest->front().at)) {
      earliest = &channel;
    }
  }
  return earliest;
}

void PendingInputs::add(const wire::link::Datum& input) {
  std::deque<Waiting>& channel = channels_.at(input.channel - 1U);
  const auto is_earlier = [](time::Instant at, const Waiting& other) { return at < other.at; };
  channel.insert(std::upper_bound(channel.begin(), channel.end(), input.at, is_earlier),
                 {input.at, {input.payload.begin(), input.payload.end()}});
  ++size_;
}

std::optional<time::Instant> PendingInputs::next() const {
  const std::deque<Waiting>* channel = size_ == 0 ? nullptr : first();
  return channel == nullptr ? std::nullopt : std::optional(channel->front().at);
}

std::optional<PendingInputs::Input> PendingInputs::take_due(time::Instant now) {
  const std::deque<Waiting>* found = size_ == 0 ? nullptr : first();
  if (found == nullptr || found->front().at > now) {
    return std::nullopt;
  }
  const auto index = static_cast<std::size_t>(found - channels_.data());
  Waiting& waiting = channels_[index].front();
  Input input{static_cast<std::uint16_t>(index + 1), waiting.at, std::move(waiting.payload)};
  channels_[index].pop_front();
  --size_;
  return input;
}

void PendingInputs::save(state::Writer& writer) const {
  writer.section("inputs");
  for (const std::deque<Waiting>& channel : channels_) {
    writer.u32(static_cast<std::uint32_t>(channel.size()));
    for (const Waiting& input : channel) {
      writer.instant(input.at);
      writer.bytes(input.payload);
    }
  }
}

void PendingInputs::load(state::Reader& reader) {
  reader.section("inputs");
  size_ = 0;
  for (std::deque<Waiting>& channel : channels_) {
    channel.clear();
    for (std::uint32_t left = reader.u32(); left > 0; --left) {
      const time::Instant at = reader.instant();
      const auto payload = reader.bytes();
      channel.push_back({at, {payload.begin(), payload.end()}});
      ++size_;
    }
  }
}

}  // namespace fermata::guest
