// SPDX-License-Identifier: MIT
#include "fermata/wire/link/simulator_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"

namespace fermata::wire::link {
namespace {

[[noreturn]] void refuse_argument(const std::string& what) { throw base::BadArgument(what); }

NextEvent next_event(std::int64_t deadline_ns) {
  if (deadline_ns == deadline_busy) {
    return {};
  }
  return {.is_idle = true, .timer = deadline_ns == deadline_none ? std::nullopt : std::optional(instant(deadline_ns))};
}

bool is_known(std::uint32_t reason) {
  return reason >= static_cast<std::uint32_t>(StopReason::horizon) &&
         reason <= static_cast<std::uint32_t>(StopReason::error);
}

}  // namespace

SimulatorSession::SimulatorSession(std::string_view name, std::uint32_t needs) {
  append(outgoing_, Hello{.header = {}, .needs = needs}, name);
}

void SimulatorSession::receive(std::span<const std::byte> bytes) {
  reader_.feed(bytes, [this](const Frame& frame) { take(frame); });
}

void SimulatorSession::take(const Frame& frame) {
  check_channel(frame.header);
  if (frame.header.type == MessageType::refuse) {
    throw base::Error(base::ErrorCode::unsupported, "the guest refuses: " + parse<Refuse>(frame, max_text).text());
  }
  if (!is_open_) {
    if (!channels_to_come_) {
      take_welcome(frame);
    } else {
      take_channel(frame);
    }
    is_open_ = *channels_to_come_ == 0;
    return;
  }
  switch (frame.header.type) {
    case MessageType::output: take_output(frame); return;
    case MessageType::report: take_report(frame); return;
    case MessageType::progress: take_progress(frame); return;
    case MessageType::dropped: take_dropped(frame); return;
    case MessageType::done: take_done(frame); return;
    default: breach(fmt::format("a message of type {}", static_cast<unsigned>(frame.header.type)));
  }
}

void SimulatorSession::take_welcome(const Frame& frame) {
  if (frame.header.type != MessageType::welcome) {
    breach("it did not answer HELLO with WELCOME");
  }
  const auto welcome = parse<Welcome>(frame, max_text);
  if (welcome.body.magic != magic || welcome.body.major != version_major) {
    breach(fmt::format("its WELCOME is of version {}.{}", welcome.body.major, welcome.body.minor));
  }
  if (welcome.body.channels > max_channels) {
    breach(fmt::format("{} channels; {} are allowed", welcome.body.channels, max_channels));
  }
  guest_ = welcome.text();
  abilities_ = welcome.body.abilities;
  now_ = reached_ = horizon_ = last_output_ = instant(welcome.body.now_ns);
  channels_to_come_ = welcome.body.channels;
}

void SimulatorSession::take_channel(const Frame& frame) {
  const auto [body, tail] = [&] {
    if (frame.header.type != MessageType::channel) {
      breach("fewer channels than WELCOME said");
    }
    return parse<ChannelDeclaration>(frame, max_text);
  }();
  const bool is_kind = body.kind >= 1 && body.kind <= static_cast<std::uint8_t>(ChannelKind::message);
  const bool is_timing = body.timing == 1 || body.timing == 2;
  if (!is_kind || !is_timing || body.directions > (direction_input | direction_output) || body.zero != 0 ||
      frame.header.channel != channels_.size() + 1) {
    breach(fmt::format("channel {} is declared badly", frame.header.channel));
  }
  channels_.push_back({.number = frame.header.channel,
                       .kind = static_cast<ChannelKind>(body.kind),
                       .takes_inputs = (body.directions & direction_input) != 0,
                       .makes_outputs = (body.directions & direction_output) != 0,
                       .timing = static_cast<Timing>(body.timing),
                       .input_bound = body.input_bound,
                       .output_bound = body.output_bound,
                       .base = body.base,
                       .extent = body.extent,
                       .name = Parsed<ChannelDeclaration>{body, tail}.text()});
  states_.emplace_back();
  --*channels_to_come_;
}

std::size_t SimulatorSession::index_of(std::uint16_t channel) const {
  if (channel == 0 || channel > channels_.size()) {
    breach(fmt::format("channel {}: it declared 1 to {}", channel, channels_.size()));
  }
  return channel - 1U;
}

void SimulatorSession::take_output(const Frame& frame) {
  const auto data = parse<Data>(frame, max_payload);
  const std::size_t index = index_of(frame.header.channel);
  const time::Instant at = instant(data.body.at_ns);
  if (const std::string why = why_not_output(channels_[index], data.tail); !why.empty()) {
    breach(fmt::format("an output of {}: {}", channels_[index].name, why));
  }
  if (!channels_[index].makes_outputs || data.body.sequence != states_[index].outputs + 1 || data.body.zero != 0 ||
      at < last_output_) {
    breach(fmt::format("output {} of {} at {} s is out of order", data.body.sequence, channels_[index].name,
                       time::to_seconds_string(at)));
  }
  ++states_[index].outputs;
  last_output_ = at;
  events_.emplace_back(Output{.channel = frame.header.channel,
                              .at = at,
                              .sequence = data.body.sequence,
                              .payload = {data.tail.begin(), data.tail.end()}});
}

void SimulatorSession::take_dropped(const Frame& frame) {
  static_cast<void>(index_of(frame.header.channel));
  events_.emplace_back(DroppedInputs{.channel = frame.header.channel, .total = parse<Dropped>(frame).inputs});
}

void SimulatorSession::take_report(const Frame& frame) {
  const auto report = parse<Report>(frame);
  const time::Instant now = instant(report.now_ns);
  if (!is_known(report.reason) || report.next_deadline_ns < deadline_busy || report.grants > grants_ ||
      now < reached_) {
    breach(fmt::format("a report of {} s after one of {} s, for reason {}, of {} grants out of {}",
                       time::to_seconds_string(now), time::to_seconds_string(reached_), report.reason, report.grants,
                       grants_));
  }
  const auto reason = static_cast<StopReason>(report.reason);
  if (reason == StopReason::horizon && report.grants == grants_ && now < horizon_) {
    breach(fmt::format("it stopped at {} s for a horizon of {} s", time::to_seconds_string(now),
                       time::to_seconds_string(horizon_)));
  }
  now_ = now;
  ++reports_;
  const bool goes_on = reason == StopReason::user || reason == StopReason::reset ||
                       (reason == StopReason::horizon && report.grants < grants_);
  is_running_ = is_running_ && goes_on;
  come_to(now);
  ++stops_to_take_;
  events_.emplace_back(Stop{
      .now = now, .reason = reason, .next = next_event(report.next_deadline_ns), .exit_status = report.exit_status});
}

// The guest has taken the inputs up to there.
void SimulatorSession::come_to(time::Instant reached) {
  reached_ = reached;
  forget_arrived(reached);
}

void SimulatorSession::forget_arrived(time::Instant reached) {
  for (ChannelState& state : states_) {
    while (!state.on_their_way.empty() && state.on_their_way.front().first <= reached) {
      state.bytes_on_their_way -= state.on_their_way.front().second;
      state.on_their_way.pop_front();
    }
  }
}

void SimulatorSession::take_progress(const Frame& frame) {
  const time::Instant now = instant(parse<TellProgress>(frame).now_ns);
  const auto milestone = milestones_.next_after(reached_);
  if (!is_running_ || !milestone || now < *milestone) {
    breach(fmt::format("it tells that it has come to {} s, where it was not asked to", time::to_seconds_string(now)));
  }
  if (last_output_ > now) {
    breach(fmt::format("it has come to {} s after an output at {} s", time::to_seconds_string(now),
                       time::to_seconds_string(last_output_)));
  }
  last_output_ = now;
  come_to(now);
  events_.emplace_back(Progress{.now = now});
}

void SimulatorSession::take_done(const Frame& frame) {
  const auto done = parse<Done>(frame, max_text);
  const time::Instant now = instant(done.body.now_ns);
  if (!named_pending_ || (now != now_ && (*named_pending_ != MessageType::restore || done.body.status != 0))) {
    breach("DONE without a request, or at another instant");
  }
  if (*std::exchange(named_pending_, std::nullopt) == MessageType::restore && done.body.status == 0) {
    now_ = reached_ = horizon_ = last_output_ = now;
    limit_ = time::Instant::max();
    for (ChannelState& state : states_) {
      state.on_their_way.clear();
      state.bytes_on_their_way = 0;
      state.last_input = {};
    }
  }
  events_.emplace_back(Finished{.now = now, .failure = done.body.status == 0 ? "" : done.text() + " (failed)"});
}

void SimulatorSession::select_reactive(std::uint16_t channel) {
  base::expects(is_open_ && !has_begun_, "link: channels are selected in the hand-shake");
  if (channel == 0 || channel > channels_.size()) {
    refuse_argument(fmt::format("channel {}: there are 1 to {}", channel, channels_.size()));
  }
  if ((abilities_ & ability_reactive) == 0) {
    throw base::Error(base::ErrorCode::unsupported,
                      guest_ + " has no reactive channels: look at its outputs at the horizon, with a short quantum");
  }
  append(outgoing_, Select{.header = {}, .flags = link::select_reactive}, channel);
}

std::uint64_t SimulatorSession::input(std::uint16_t channel, time::Instant at, std::span<const std::byte> payload) {
  base::expects(is_open_, "link: the guest has told its channels");
  if (channel == 0 || channel > channels_.size()) {
    refuse_argument(fmt::format("channel {}: there are 1 to {}", channel, channels_.size()));
  }
  const Channel& declared = channels_[channel - 1U];
  ChannelState& state = states_[channel - 1U];
  if (const std::string why = why_not_input(declared, payload); !why.empty() || !declared.takes_inputs) {
    refuse_argument(fmt::format("input of {}: {}", declared.name, why.empty() ? "it takes none" : why));
  }
  if (const time::Instant earliest = std::max(earliest_input(), state.last_input); at < earliest) {
    refuse_argument(fmt::format("at = {} s: an input of {} cannot be earlier than {} s now",
                                time::to_seconds_string(at), declared.name, time::to_seconds_string(earliest)));
  }
  if (state.bytes_on_their_way + payload.size() > declared.input_bound) {
    refuse_argument(
        fmt::format("input of {}: {} bytes are on their way, {} more would be beyond its bound of {}; send "
                    "them after the guest has come further",
                    declared.name, state.bytes_on_their_way, payload.size(), declared.input_bound));
  }
  has_begun_ = true;
  state.bytes_on_their_way += payload.size();
  state.on_their_way.emplace_back(at, payload.size());
  state.last_input = at;
  append(outgoing_, MessageType::input, channel,
         Data{.header = {}, .at_ns = at.since_origin().ns(), .sequence = ++state.inputs}, payload);
  return state.inputs;
}

// Of reports that have come but were not taken, who grants knows nothing: this one must not let the guest go on from
// where it waits for an answer.
void SimulatorSession::grant(time::Instant horizon) {
  base::expects(is_open_ && !named_pending_, "link: a grant needs an open session that waits for nothing");
  if (horizon < horizon_) {
    refuse_argument(fmt::format("horizon = {} s: it was {} s already", time::to_seconds_string(horizon),
                                time::to_seconds_string(horizon_)));
  }
  const bool stands = std::ranges::any_of(events_, [](const Event& event) {
    const auto* stop = std::get_if<Stop>(&event);
    return stop != nullptr && waits_for_counted_grant(stop->reason);
  });
  has_begun_ = true;
  is_running_ = !stands;
  horizon_ = horizon;
  ++grants_;
  append(outgoing_,
         Grant{.header = {}, .horizon_ns = horizon.since_origin().ns(), .reports = reports_ - stops_to_take_});
}

void SimulatorSession::ask_milestones(const Milestones& milestones) {
  base::expects(is_open_ && !is_running_ && !named_pending_, "link: milestones are asked for while the guest stands");
  if ((abilities_ & ability_progress) == 0) {
    throw base::Error(base::ErrorCode::unsupported,
                      guest_ + " tells no progress while it runs: grant short quanta, and wait for its reports");
  }
  has_begun_ = true;
  milestones_ = milestones;
  append(outgoing_, AskMilestones{.header = {},
                                  .first_ns = milestones.first().since_origin().ns(),
                                  .interval_ns = milestones.interval().ns()});
}

void SimulatorSession::follow(std::uint32_t clock, time::Duration distance) {
  base::expects(is_open_ && !is_running_ && !named_pending_, "link: a guest that stands is told whom to follow");
  if ((abilities_ & ability_clocks) == 0) {
    throw base::Error(
        base::ErrorCode::unsupported,
        guest_ + " cannot follow others: it was started without clocks, has several vCPUs, or time from the host");
  }
  if (distance < time::Duration::zero()) {
    refuse_argument(
        fmt::format("distance = {} ns: it is how far the guest may come beyond the other's clock, 0 to "
                    "follow it no more",
                    distance.ns()));
  }
  has_begun_ = true;
  limit_ = time::Instant::max();
  append(outgoing_, Follow{.header = {}, .clock = clock, .distance_ns = distance.ns()});
}

void SimulatorSession::look_at_clocks(time::Instant reached, time::Instant limit) {
  forget_arrived(reached);
  limit_ = limit;
}

void SimulatorSession::send_named(MessageType type, std::string_view name) {
  base::expects(is_open_ && !is_running_ && !named_pending_, "link: a checkpoint is made while the guest stands");
  if ((abilities_ & ability_checkpoints) == 0) {
    throw base::Error(base::ErrorCode::unsupported, guest_ + " has no checkpoints");
  }
  if (!is_checkpoint_name(name)) {
    refuse_argument(fmt::format("checkpoint name \"{}\": 1 to {} letters, digits, - _ . are allowed, no dot in front",
                                name, max_checkpoint_name));
  }
  has_begun_ = true;
  named_pending_ = type;
  append(outgoing_, type, 0, Named{}, std::as_bytes(std::span(name)));
}

void SimulatorSession::checkpoint(std::string_view name) { send_named(MessageType::checkpoint, name); }
void SimulatorSession::restore(std::string_view name) { send_named(MessageType::restore, name); }

void SimulatorSession::bye() { append(outgoing_, Bye{}); }

const Stop* SimulatorSession::first_stop() const {
  const auto found =
      std::ranges::find_if(events_, [](const Event& event) { return std::holds_alternative<Stop>(event); });
  return found == events_.end() ? nullptr : &std::get<Stop>(*found);
}

std::optional<Event> SimulatorSession::take() {
  if (events_.empty()) {
    return std::nullopt;
  }
  std::optional<Event> event(std::move(events_.front()));
  events_.pop_front();
  stops_to_take_ -= std::holds_alternative<Stop>(*event) ? 1U : 0U;
  return event;
}

void SimulatorSession::sent(std::size_t count) {
  base::expects(count <= outgoing_.size(), "SimulatorSession: no more is sent than was outgoing");
  outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace fermata::wire::link
