// SPDX-License-Identifier: MIT
//
//   simulator                                     guest
//      | -- HELLO ----------------------------------> |
//      | <--------------------- WELCOME, CHANNEL... - |
//      | -- SELECT..., INPUT..., GRANT 10 us -------> |  RunUntil 10 us
//      | -- GRANT 20 us ----------------------------> |  RunUntil 20 us: the horizon is raised
//      | <--------------------------- PROGRESS 5 us - |  if it was asked for by MILESTONES; the guest runs on
//      | <------------------------------- OUTPUT... - |
//      | <------------------- REPORT 20 us, horizon - |  Hold
//
#include "fermata/wire/link/guest_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"

namespace fermata::wire::link {
namespace {

std::int64_t deadline_of(const NextEvent& next) {
  if (!next.is_idle) {
    return deadline_busy;
  }
  return next.timer ? next.timer->since_origin().ns() : deadline_none;
}

}  // namespace

GuestSession::GuestSession(Identity identity, Port& port)
    : name_(std::move(identity.name)),
      abilities_(identity.abilities | (identity.clocks > 0 ? std::uint32_t{ability_clocks} : 0U)),
      channels_(std::move(identity.channels)),
      states_(channels_.size()),
      port_(&port),
      clocks_(identity.clocks),
      clock_(identity.clock),
      now_(identity.now),
      horizon_(identity.now) {
  base::expects(channels_.size() <= max_channels, "link: no more channels than max_channels");
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    channels_[i].number = static_cast<std::uint16_t>(i + 1);
  }
}

void GuestSession::receive(std::span<const std::byte> bytes) {
  if (has_left()) {
    return;
  }
  try {
    reader_.feed(bytes, [this](const Frame& frame) {
      if (!has_left()) {
        take(frame);
      }
    });
  } catch (const base::Error& error) {
    refuse(error.what());
  }
}

void GuestSession::receive_end() {
  if (has_left()) {
    return;
  }
  const std::size_t unfinished = reader_.unfinished_bytes();
  order_ = unfinished == 0
               ? Leave{.why = "the simulator closed the connection"}
               : Leave{.why = fmt::format("the simulator closed the connection {} bytes into a message", unfinished),
                       .is_fault = true};
}

void GuestSession::sent(std::size_t count) {
  base::expects(count <= outgoing_.size(), "GuestSession: no more is sent than was outgoing");
  outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(count));
}

void GuestSession::refuse(const std::string& why) {
  append(outgoing_, Refuse{}, why);
  order_ = Leave{.why = why, .is_fault = true};
}

void GuestSession::take(const Frame& frame) {
  check_channel(frame.header);
  if (phase_ == Phase::hello) {
    take_hello(frame);
    return;
  }
  if (named_pending_) {
    breach("a message while it had to wait for DONE");
  }
  switch (frame.header.type) {
    case MessageType::input: take_input(frame); return;
    case MessageType::grant: take_grant(frame); return;
    case MessageType::select: take_select(frame); return;
    case MessageType::milestones: take_milestones(frame); return;
    case MessageType::follow: take_follow(frame); return;
    case MessageType::checkpoint:
    case MessageType::restore: take_named(frame); return;
    case MessageType::bye:
      static_cast<void>(parse<Bye>(frame));
      order_ = Leave{.why = "the simulator said goodbye"};
      return;
    case MessageType::refuse:
      order_ = Leave{.why = "the simulator refused: " + parse<Refuse>(frame, max_text).text(), .is_fault = true};
      return;
    default: breach(fmt::format("a message of type {}", static_cast<unsigned>(frame.header.type)));
  }
}

void GuestSession::take_hello(const Frame& frame) {
  if (frame.header.type != MessageType::hello) {
    breach("it did not begin with HELLO");
  }
  const auto hello = parse<Hello>(frame, max_text);
  if (hello.body.magic != magic) {
    breach("its HELLO does not begin with FERMATA");
  }
  if (hello.body.major != version_major) {
    refuse(
        fmt::format("the simulator speaks link {}.{}, this guest {}.{}: use a simulator and a guest of versions that "
                    "fit each other",
                    hello.body.major, hello.body.minor, version_major, version_minor));
    return;
  }
  simulator_ = hello.text();
  if (const std::uint32_t missing = hello.body.needs & ~abilities_; missing != 0) {
    refuse(fmt::format("the simulator needs what {} cannot do: {}", name_, names_of(missing)));
    return;
  }
  send_welcome();
  phase_ = Phase::selecting;
}

void GuestSession::send_welcome() {
  append(outgoing_,
         Welcome{.header = {},
                 .abilities = abilities_,
                 .now_ns = now_.since_origin().ns(),
                 .channels = static_cast<std::uint32_t>(channels_.size())},
         name_);
  for (const Channel& channel : channels_) {
    const unsigned directions =
        (channel.takes_inputs ? direction_input : 0U) | (channel.makes_outputs ? direction_output : 0U);
    append(outgoing_,
           ChannelDeclaration{.header = {},
                              .kind = static_cast<std::uint8_t>(channel.kind),
                              .directions = static_cast<std::uint8_t>(directions),
                              .timing = static_cast<std::uint8_t>(channel.timing),
                              .input_bound = channel.input_bound,
                              .output_bound = channel.output_bound,
                              .base = channel.base,
                              .extent = channel.extent},
           channel.name, channel.number);
  }
}

std::size_t GuestSession::index_of(std::uint16_t channel) const {
  if (channel == 0 || channel > channels_.size()) {
    breach(fmt::format("channel {}: there are 1 to {}", channel, channels_.size()));
  }
  return channel - 1U;
}

void GuestSession::take_select(const Frame& frame) {
  const auto select = parse<Select>(frame);
  ChannelState& state = states_[index_of(frame.header.channel)];
  if (phase_ != Phase::selecting || select.flags > select_reactive || select.zero != 0) {
    breach("SELECT after the hand-shake, or with flags that are unknown");
  }
  if (select.flags == select_reactive && (abilities_ & ability_reactive) == 0) {
    breach("it selected a reactive channel of a guest that has none");
  }
  state.is_reactive = select.flags == select_reactive;
}

void GuestSession::forget_arrived(ChannelState& state) const {
  while (!state.on_their_way.empty() && state.on_their_way.front().first <= now_) {
    state.bytes_on_their_way -= state.on_their_way.front().second;
    state.on_their_way.pop_front();
  }
}

void GuestSession::take_input(const Frame& frame) {
  phase_ = Phase::running;
  const auto data = parse<Data>(frame, max_payload);
  const std::size_t index = index_of(frame.header.channel);
  const Channel& channel = channels_[index];
  ChannelState& state = states_[index];
  const time::Instant at = instant(data.body.at_ns);
  if (const std::string why = why_not_input(channel, data.tail); !why.empty() || !channel.takes_inputs) {
    breach(fmt::format("an input of {}: {}", channel.name, why.empty() ? "it takes none" : why));
  }
  if (const time::Instant earliest = earliest_input(); at < earliest) {
    breach(fmt::format("an input of {} for {} s, where the guest may be at {} s already", channel.name,
                       time::to_seconds_string(at), time::to_seconds_string(earliest)));
  }
  if (data.body.sequence != state.inputs + 1 || data.body.zero != 0 ||
      (!state.on_their_way.empty() && at < state.on_their_way.back().first)) {
    breach(fmt::format("input {} of {} after input {}, or out of order in time", data.body.sequence, channel.name,
                       state.inputs));
  }
  ++state.inputs;
  forget_arrived(state);
  if (state.bytes_on_their_way + data.tail.size() > channel.input_bound) {
    breach(fmt::format("more than {} bytes on their way to {}", channel.input_bound, channel.name));
  }
  state.bytes_on_their_way += data.tail.size();
  state.on_their_way.emplace_back(at, data.tail.size());
  port_->input({.channel = channel.number, .at = at, .sequence = data.body.sequence, .payload = data.tail});
}

void GuestSession::take_grant(const Frame& frame) {
  phase_ = Phase::running;
  const auto grant = parse<Grant>(frame);
  const time::Instant horizon = instant(grant.horizon_ns);
  if (horizon < horizon_) {
    breach(fmt::format("a horizon of {} s after one of {} s", time::to_seconds_string(horizon),
                       time::to_seconds_string(horizon_)));
  }
  if (grant.reports > reports_ || grant.reports < reports_seen_) {
    breach(fmt::format("a grant that counts {} reports of {}", grant.reports, reports_));
  }
  ++grants_;
  horizon_ = horizon;
  reports_seen_ = grant.reports;
  for (ChannelState& state : states_) {
    state.output_bytes = 0;
  }
  go_on_if_allowed();
}

void GuestSession::go_on_if_allowed() {
  if (stands_) {
    if (ends_the_guest(*stands_)) {
      return;
    }
    const bool is_allowed = waits_for_counted_grant(*stands_) ? reports_seen_ == reports_ : grants_ > grants_reported_;
    if (!is_allowed) {
      return;
    }
    stands_.reset();
    look_anew();
  }
  go_on();
}

void GuestSession::take_milestones(const Frame& frame) {
  phase_ = Phase::running;
  const auto asked = parse<AskMilestones>(frame);
  if ((abilities_ & ability_progress) == 0 || !stands_ || asked.interval_ns < 0) {
    breach(fmt::format("milestones every {} ns, of a guest that tells no progress or runs", asked.interval_ns));
  }
  milestones_ = {instant(asked.first_ns), time::Duration::nanoseconds(asked.interval_ns)};
  milestone_ = milestones_.next_after(now_);
}

void GuestSession::take_named(const Frame& frame) {
  phase_ = Phase::running;
  const auto named = parse<Named>(frame, max_checkpoint_name);
  if ((abilities_ & ability_checkpoints) == 0 || !stands_ || named.body.zero != 0 ||
      !is_checkpoint_name(named.text())) {
    breach("a checkpoint of a guest that has none or runs, or with a name that is none: \"" + named.text() + '"');
  }
  named_pending_ = frame.header.type;
  if (frame.header.type == MessageType::checkpoint) {
    port_->checkpoint(named.text());
  } else {
    port_->restore(named.text());
  }
}

void GuestSession::done(time::Instant now) {
  base::expects(named_pending_.has_value(), "GuestSession: done only after checkpoint or restore");
  if (*std::exchange(named_pending_, std::nullopt) == MessageType::restore) {
    horizon_ = last_output_ = now;
    limit_ = time::Instant::max();
    is_stop_wanted_ = false;
    come_to(now);
    stands_ = StopReason::horizon;
    grants_reported_ = grants_;
    for (ChannelState& state : states_) {
      state.on_their_way.clear();
      state.bytes_on_their_way = 0;
    }
  }
  append(outgoing_, Done{.header = {}, .now_ns = now.since_origin().ns()}, "");
}

void GuestSession::failed(const std::string& why) {
  base::expects(named_pending_.has_value(), "GuestSession: failed only after checkpoint or restore");
  named_pending_.reset();
  append(outgoing_, Done{.header = {}, .now_ns = now_.since_origin().ns(), .status = 1}, why);
}

GuestSession::After GuestSession::output(std::uint16_t channel, time::Instant at, std::span<const std::byte> payload) {
  base::expects(at >= last_output_, "GuestSession: outputs come in the order of time");
  ChannelState& state = states_.at(channel - 1U);
  last_output_ = at;
  append(outgoing_, MessageType::output, channel,
         Data{.header = {}, .at_ns = at.since_origin().ns(), .sequence = ++state.outputs}, payload);
  state.output_bytes += payload.size();
  if (state.is_reactive) {
    stop_wanted_ = StopReason::output;
    is_stop_wanted_ = true;
    return After::stop;
  }
  if (state.output_bytes >= channels_[channel - 1U].output_bound) {
    stop_wanted_ = StopReason::full;
    is_stop_wanted_ = true;
    return After::stop;
  }
  return After::go_on;
}

std::size_t GuestSession::room_for_output(std::uint16_t channel) const {
  const ChannelState& state = states_.at(channel - 1U);
  const std::uint64_t bound = channels_[channel - 1U].output_bound;
  return state.is_reactive || state.output_bytes >= bound ? 0 : bound - state.output_bytes;
}

void GuestSession::dropped(std::uint16_t channel, std::uint64_t total) {
  ChannelState& state = states_.at(channel - 1U);
  state.has_news_of_dropped |= total != state.dropped;
  state.dropped = total;
}

void GuestSession::come_to(time::Instant now) {
  now_ = now;
  milestone_ = milestones_.next_after(now);
}

void GuestSession::progressed(time::Instant now) {
  base::expects(now >= now_, "GuestSession: a machine's time does not run backwards");
  const bool is_due = milestone_ && now >= *milestone_;
  come_to(now);
  if (is_due && outgoing_.empty() && !stands_ && !has_left()) {
    tell_dropped();
    append(outgoing_, TellProgress{.header = {}, .now_ns = now.since_origin().ns()});
  }
}

void GuestSession::stopped(const Stop& stop) {
  base::expects(stop.now >= now_, "GuestSession: a machine's time does not run backwards");
  come_to(stop.now);
  if (has_left() || phase_ == Phase::hello || (stands_ && ends_the_guest(*stands_))) {
    return;  // nobody is there yet, or all has been said
  }
  if (ends_the_guest(stop.reason)) {
    report(stop);
    if (stop.reason == StopReason::error) {
      append(outgoing_, Refuse{}, name_ + " cannot go on; see what it printed");
    }
    order_ = Hold{};
    waits_for_clocks_ = false;
    stands_ = stop.reason;
    return;
  }
  const RunUntil* run = std::get_if<RunUntil>(&order_);
  if (run == nullptr && !waits_for_clocks_) {
    return;
  }
  if (stop.reason == StopReason::user || stop.reason == StopReason::reset) {
    report(stop);  // for the simulator to know; what the guest does is not its business
  } else if (waits_for_counted_grant(stop.reason) || (now_ >= horizon_ && (followed_.empty() || limit_ > now_))) {
    report(stop);
    stands_ = stop.reason;
    order_ = Hold{};
    waits_for_clocks_ = false;
  } else if (run != nullptr && now_ >= run->horizon) {
    stop_at_limit(stop);
  }
}

void GuestSession::tell_dropped() {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (std::exchange(states_[i].has_news_of_dropped, false)) {
      append(outgoing_, Dropped{.header = {}, .inputs = states_[i].dropped}, channels_[i].number);
    }
  }
}

void GuestSession::report(const Stop& stop) {
  tell_dropped();
  ++reports_;
  is_stop_wanted_ = is_stop_wanted_ && (stop.reason == StopReason::user || stop.reason == StopReason::reset);
  grants_reported_ = grants_;
  append(outgoing_, Report{.header = {},
                           .now_ns = stop.now.since_origin().ns(),
                           .next_deadline_ns = deadline_of(stop.next),
                           .reason = static_cast<std::uint32_t>(stop.reason),
                           .exit_status = stop.exit_status,
                           .grants = grants_});
}

}  // namespace fermata::wire::link
