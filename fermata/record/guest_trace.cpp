// SPDX-License-Identifier: MIT
#include "fermata/record/guest_trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/record/reader.hpp"
#include "fermata/wire/stop.hpp"

namespace fermata::record {

namespace link = wire::link;
using link::MessageType;

namespace {

std::string text_of(const link::Channel& channel) {
  std::string text = fmt::format("{} {}{}{}{}", channel.name, to_string(channel.kind),
                                 channel.takes_inputs ? " in" : "", channel.makes_outputs ? " out" : "",
                                 channel.timing == link::Timing::exact ? "" : " at_synchronisation");
  if (channel.base != 0 || channel.extent != 0) {
    text += fmt::format(" base={:#x} extent={:#x}", channel.base, channel.extent);
  }
  return text;
}

std::optional<GuestEvent::Kind> kind_of(wire::StopReason reason) {
  switch (reason) {
    case wire::StopReason::reset: return GuestEvent::Kind::reset;
    case wire::StopReason::powered_off: return GuestEvent::Kind::powered_off;
    case wire::StopReason::panicked: return GuestEvent::Kind::panicked;
    case wire::StopReason::error: return GuestEvent::Kind::error;
    default: return std::nullopt;
  }
}

}  // namespace

void GuestTrace::take(Direction from, const link::Frame& message) {
  const bool from_guest = from == Direction::from_guest;
  switch (message.header.type) {
    case MessageType::input:
    case MessageType::output:
      if (from_guest == (message.header.type == MessageType::output)) {
        take_data(from, message);
      }
      return;
    case MessageType::checkpoint:
    case MessageType::restore: take_named(message); return;
    case MessageType::welcome: take_welcome(message); return;
    case MessageType::channel: take_channel(message); return;
    case MessageType::report: take_report(message); return;
    case MessageType::dropped:
      dropped_[channel_of(message).number] = link::parse<link::Dropped>(message).inputs;
      return;
    case MessageType::done: take_done(message); return;
    default: return;  // of the run, not of the guest
  }
}

const link::Channel& GuestTrace::channel_of(const link::Frame& message) const {
  const std::uint16_t number = message.header.channel;
  if (number == 0 || number > channels_.size()) {
    link::breach(fmt::format("channel {}: there are 1 to {}", number, channels_.size()));
  }
  return channels_[number - 1U];
}

void GuestTrace::take_welcome(const link::Frame& message) {
  now_ = link::instant(link::parse<link::Welcome>(message, link::max_text).body.now_ns);
  settled_.push_back({.at = now_, .kind = GuestEvent::Kind::started});
}

void GuestTrace::take_channel(const link::Frame& message) {
  const auto declared = link::parse<link::ChannelDeclaration>(message, link::max_text);
  const link::ChannelDeclaration& body = declared.body;
  if (message.header.channel != channels_.size() + 1 || channels_.size() == link::max_channels) {
    link::breach(fmt::format("channel {} is declared after {} channels", message.header.channel, channels_.size()));
  }
  channels_.push_back({.number = message.header.channel,
                       .kind = static_cast<link::ChannelKind>(body.kind),
                       .takes_inputs = (body.directions & link::direction_input) != 0,
                       .makes_outputs = (body.directions & link::direction_output) != 0,
                       .timing = static_cast<link::Timing>(body.timing),
                       .input_bound = body.input_bound,
                       .output_bound = body.output_bound,
                       .base = body.base,
                       .extent = body.extent,
                       .name = declared.text()});
  settled_.push_back({.at = now_,
                      .kind = GuestEvent::Kind::channel,
                      .channel = message.header.channel,
                      .text = text_of(channels_.back())});
}

void GuestTrace::take_data(Direction from, const link::Frame& message) {
  const auto data = link::parse<link::Data>(message, link::max_payload);
  const link::Channel& channel = channel_of(message);
  const time::Instant at = link::instant(data.body.at_ns);
  std::vector<std::byte> payload(data.tail.begin(), data.tail.end());
  if (from == Direction::from_simulator) {
    inputs_.insert_or_assign({at, channel.number, data.body.sequence}, std::move(payload));
    return;
  }
  // The guest cannot be told of anything earlier than what it does: nothing is missing before `at`.
  settle_before(at);
  hold({.at = at,
        .kind = GuestEvent::Kind::output,
        .channel = channel.number,
        .channel_kind = channel.kind,
        .is_dma = link::is_dma(channel),
        .text = channel.name,
        .payload = std::move(payload)});
}

void GuestTrace::take_report(const link::Frame& message) {
  const auto report = link::parse<link::Report>(message);
  now_ = link::instant(report.now_ns);
  settle_before(now_);
  if (const auto kind = kind_of(static_cast<wire::StopReason>(report.reason))) {
    hold({.at = now_, .kind = *kind, .number = report.exit_status});
  }
}

void GuestTrace::take_named(const link::Frame& message) {
  named_ = {.type = message.header.type, .name = link::parse<link::Named>(message, link::max_checkpoint_name).text()};
}

void GuestTrace::take_done(const link::Frame& message) {
  const auto done = link::parse<link::Done>(message, link::max_text);
  if (!named_) {
    link::breach("DONE without a request");
  }
  const Named named = *std::exchange(named_, std::nullopt);
  if (done.body.status != 0) {
    return;
  }
  settle_all();
  if (named.type == MessageType::checkpoint) {
    checkpoints_[named.name] = inputs_;
    hold({.at = now_, .kind = GuestEvent::Kind::checkpoint, .text = named.name});
  } else {
    now_ = link::instant(done.body.now_ns);
    inputs_ = checkpoints_[named.name];
    hold({.at = now_, .kind = GuestEvent::Kind::restored, .text = named.name});
  }
}

void GuestTrace::emit_first_input() {
  auto node = inputs_.extract(inputs_.begin());
  const auto& [at, number, sequence] = node.key();
  const link::Channel& channel = channels_[number - 1U];
  settled_.push_back({.at = at,
                      .kind = GuestEvent::Kind::input,
                      .channel = number,
                      .channel_kind = channel.kind,
                      .is_dma = link::is_dma(channel),
                      .text = channel.name,
                      .payload = std::move(node.mapped())});
}

void GuestTrace::settle_before(time::Instant instant) {
  for (;;) {
    const bool has_held = !held_.empty() && held_.front().at < instant;
    const bool has_input = !inputs_.empty() && std::get<0>(inputs_.begin()->first) < instant;
    if (has_input && (!has_held || std::get<0>(inputs_.begin()->first) <= held_.front().at)) {
      emit_first_input();
    } else if (has_held) {
      settled_.push_back(std::move(held_.front()));
      held_.pop_front();
    } else {
      return;
    }
  }
}

// All that has happened by now; inputs that are further on stay.
void GuestTrace::settle_all() {
  const time::Instant reached = held_.empty() ? now_ : std::max(now_, held_.back().at);
  settle_before(reached);
  while (!inputs_.empty() && std::get<0>(inputs_.begin()->first) <= reached) {
    emit_first_input();
  }
  std::move(held_.begin(), held_.end(), std::back_inserter(settled_));
  held_.clear();
}

void GuestTrace::finish() {
  settle_all();
  for (const auto& [number, count] : std::exchange(dropped_, {})) {
    settled_.push_back({.at = now_,
                        .kind = GuestEvent::Kind::dropped,
                        .channel = number,
                        .number = static_cast<std::int64_t>(count),
                        .text = channels_[number - 1U].name});
  }
}

std::optional<GuestEvent> GuestTrace::next() {
  if (settled_.empty()) {
    return std::nullopt;
  }
  std::optional<GuestEvent> event(std::move(settled_.front()));
  settled_.pop_front();
  return event;
}

std::optional<GuestEvent> GuestTraceReader::next() {
  for (;;) {
    if (auto event = trace_.next()) {
      return event;
    }
    if (is_over_) {
      return std::nullopt;
    }
    try {
      if (const Message* message = reader_->next()) {
        trace_.take(message->from, message->frame());
        continue;
      }
      damage_ = reader_->damage();
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::protocol_violation) {
        throw;
      }
      damage_ = reader_->name() + ": " + error.what();
    }
    is_over_ = true;
    trace_.finish();
  }
}

}  // namespace fermata::record
