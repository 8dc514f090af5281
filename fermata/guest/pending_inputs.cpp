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
                 {input.at, input.sequence, {input.payload.begin(), input.payload.end()}});
  ++size_;
}

std::optional<time::Instant> PendingInputs::next() const {
  const std::deque<Waiting>* channel = size_ == 0 ? nullptr : first();
  return channel == nullptr ? std::nullopt : std::optional(channel->front().at);
}

std::optional<std::uint16_t> PendingInputs::due(time::Instant now) const {
  const std::deque<Waiting>* found = size_ == 0 ? nullptr : first();
  if (found == nullptr || found->front().at > now) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(found - channels_.data() + 1);
}

std::optional<PendingInputs::Input> PendingInputs::take_due(time::Instant now) {
  const auto channel = due(now);
  if (!channel) {
    return std::nullopt;
  }
  const std::size_t index = *channel - 1U;
  Waiting& waiting = channels_[index].front();
  Input input{*channel, waiting.at, waiting.sequence, std::move(waiting.payload)};
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
      writer.u64(input.sequence);
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
      const std::uint64_t sequence = reader.u64();
      const auto payload = reader.bytes();
      channel.push_back({at, sequence, {payload.begin(), payload.end()}});
      ++size_;
    }
  }
}

}  // namespace fermata::guest
