// SPDX-License-Identifier: MIT
#include "fermata/sim/link_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "fermata/base/error.hpp"
#include "fermata/guest/kept_clocks.hpp"
#include "fermata/record/text.hpp"
#include "fermata/time/saturating.hpp"
#include "fermata/time/units.hpp"

namespace fermata::sim {

using wire::link::ChannelKind;
using wire::link::MmioAnswer;
using wire::link::MmioRequest;

namespace {

// A frame's first bytes say what it is; the whole of it belongs into a capture.
constexpr std::size_t most_recorded = 64;

std::string text_of_request(const MmioRequest& request) {
  return request.is_write != 0 ? fmt::format("write {} at {:#x}: {:#x}", request.width, request.offset, request.value)
                               : fmt::format("read {} at {:#x}", request.width, request.offset);
}

std::string text_of(const wire::link::Channel& channel, record::Direction from, std::span<const std::byte> payload) {
  if (wire::link::is_dma(channel)) {
    return channel.name + " " + record::dma_text(from, payload, most_recorded);
  }
  if (channel.kind == ChannelKind::serial) {
    return fmt::format("{} {}", channel.name,
                       trace::escape({reinterpret_cast<const char*>(payload.data()), payload.size()}));
  }
  if (channel.kind == ChannelKind::mmio) {
    return channel.name + " " +
           (payload.size() == sizeof(MmioRequest) ? text_of_request(MmioRequest::from(payload))
                                                  : fmt::format("value {:#x}", MmioAnswer::from(payload).value));
  }
  std::string text = fmt::format("{} {} ", channel.name, payload.size());
  for (const std::byte byte : payload.first(std::min(payload.size(), most_recorded))) {
    text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  }
  return text;
}

// For as long as it lives.
class Flag {
 public:
  explicit Flag(bool& flag) : flag_(flag), before_(std::exchange(flag, true)) {}
  ~Flag() { flag_ = before_; }
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;

 private:
  bool& flag_;
  bool before_;
};

bool is_read(const wire::link::Channel& channel, const wire::link::Output& output) {
  return channel.kind == ChannelKind::mmio && MmioRequest::from(output.payload).is_write == 0;
}

}  // namespace

bool LinkState::receive_within(host::HostDuration wait) {
  std::array<std::byte, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read, on a hot path
  const transport::IoResult result = connection.stream->read(buffer, wait);
  session.receive(std::span(buffer).first(result.count));
  is_at_end = is_at_end || result.is_end;
  if (result.is_end && (is_asking ? session.peek() == nullptr : peek() == nullptr || must_wait_for_stop())) {
    connection.throw_gone();
  }
  return result.count == buffer.size();
}

std::string LinkState::channel_names() const {
  std::string names;
  for (const wire::link::Channel& channel : session.channels()) {
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", channel.name, kind_of(channel));
  }
  return names.empty() ? "none" : names;
}

void LinkState::open(const std::vector<std::string>& reactive, host::HostDuration limit) {
  flush();
  wait_for("introduce itself", limit, [this] { return session.is_open(); });
  const auto& channels = session.channels();
  handlers.resize(channels.size());
  read_handlers.resize(channels.size());
  dropped.resize(channels.size());
  dma.resize(channels.size());
  is_reactive.resize(channels.size());
  connection.now = session.now();
  for (const std::string& name : reactive) {
    const auto found = std::find_if(channels.begin(), channels.end(), [&](const auto& c) { return c.name == name; });
    if (found == channels.end()) {
      throw base::BadArgument(
          fmt::format("reactive channel \"{}\": {} has {}", name, connection.name, channel_names()));
    }
    session.select_reactive(found->number);
    is_reactive[found->number - 1U] = true;
  }
  flush();
}

void LinkState::grant(time::Instant horizon) {
  if (!named.empty()) {
    throw base::BadArgument(
        fmt::format("grant: {} has not answered {} yet; the same call again waits on", connection.name, named));
  }
  session.grant(horizon);
  if (connection.trace != nullptr) {
    connection.record(trace::RecordKind::grant, session.now(), "horizon=" + time::to_seconds_string(horizon));
  }
  flush();
}

// While a stop is dealt with all is as of that, whatever the clocks show by now: no guest has come less far.
void LinkState::look_at_clocks() {
  if (followed.empty()) {
    return;
  }
  if (dealt_with) {
    session.look_at_clocks(dealt_with->second, limit_by_dealing());
  } else {
    session.look_at_clocks(guest::instant_of(*clocks, clock), guest::limit_of(*clocks, followed));
  }
}

// The end of time for a guest that does not follow the one whose stop that is.
time::Instant LinkState::limit_by_dealing() const {
  const auto found = std::ranges::find(followed, dealt_with->first, &wire::Followed::clock);
  return found == followed.end() ? time::Instant::max() : time::saturating_add(dealt_with->second, found->distance);
}

std::optional<time::Instant> LinkState::earliest_by_dealing() const {
  if (!dealt_with || dealt_with->first == clock) {
    return std::nullopt;
  }
  return std::min(session.horizon(), limit_by_dealing());
}

void LinkState::send(std::uint16_t channel, time::Instant at, std::span<const std::byte> payload) {
  if (const auto by_dealing = earliest_by_dealing(); by_dealing && at < *by_dealing) {
    throw base::BadArgument(
        fmt::format("at = {} s: while a stop of another guest at {} s is dealt with, an input to {} cannot be earlier "
                    "than {} s, its horizon or what it follows that guest by",
                    time::to_seconds_string(at), time::to_seconds_string(dealt_with->second), connection.name,
                    time::to_seconds_string(*by_dealing)));
  }
  look_at_clocks();
  if (earliest && at < *earliest) {
    throw base::BadArgument(
        fmt::format("at = {} s: to {}, which is kept ahead, an input cannot be earlier than {} s now",
                    time::to_seconds_string(at), connection.name, time::to_seconds_string(*earliest)));
  }
  static_cast<void>(session.input(channel, at, payload));
  if (!wire::link::is_dma(session.channels()[channel - 1U])) {  // which does not wake a guest
    inputs.push(at);
  }
  if (connection.trace != nullptr) {
    connection.record(trace::RecordKind::input, at,
                      text_of(session.channels()[channel - 1U], record::Direction::from_simulator, payload));
  }
  if (!followed.empty() && session.is_running()) {
    flush();  // before who is followed goes on, and this guest with it
  }
}

void LinkState::send_dma(std::uint16_t channel, time::Instant at, const wire::link::DmaRequest& request,
                         DmaChannel::Done done) {
  send(channel, at, request.bytes());
  dma[channel - 1U].push_back({.sequence = session.last_input(channel),
                               .asked = request.head,
                               .done = done ? std::make_shared<DmaChannel::Done>(std::move(done)) : nullptr});
}

void LinkState::take(const wire::link::Output& output) {
  const std::size_t index = output.channel - 1U;
  const wire::link::Channel& channel = session.channels()[index];
  record_output(output);
  if (!is_reactive[index] && !is_read(channel, output)) {
    const Flag passing(is_passing);
    hand_on(output);
    return;
  }
  // The guest stands there in each run, kept ahead or not.
  const auto kept = std::exchange(earliest, std::nullopt);
  if (is_read(channel, output)) {
    answer(output);
  } else {
    hand_on(output);
  }
  earliest = kept;
}

void LinkState::record_output(const wire::link::Output& output) const {
  if (connection.trace != nullptr) {
    connection.record(trace::RecordKind::output, output.at,
                      text_of(session.channels()[output.channel - 1U], record::Direction::from_guest, output.payload));
  }
}

void LinkState::hand_on(const wire::link::Output& output) {
  if (wire::link::is_dma(session.channels()[output.channel - 1U])) {
    take_dma(output);
  } else if (const auto handler = handlers[output.channel - 1U]) {
    (*handler)(output.at, output.payload);
  }
}

void LinkState::accuse(const std::string& what) const {
  throw base::Error(base::ErrorCode::protocol_violation, connection.name + " " + what + ": look for a fault in it");
}

void LinkState::take_dma(const wire::link::Output& output) {
  const Dma answered = match(output);
  if (answered.done != nullptr) {
    const auto [head, data] = wire::link::DmaReply::from(output.payload);
    (*answered.done)(output.at, {.status = head.status, .bytes = data});
  }
}

// What an answer belongs to, which waits no more.
LinkState::Dma LinkState::match(const wire::link::Output& output) {
  std::deque<Dma>& waiting = dma[output.channel - 1U];
  const std::string& name = session.channels()[output.channel - 1U].name;
  const auto [head, data] = wire::link::DmaReply::from(output.payload);
  const auto found = std::find_if(waiting.begin(), waiting.end(),
                                  [&head = head](const Dma& each) { return each.sequence == head.request; });
  if (found == waiting.end()) {
    accuse(fmt::format("answers request {} of {}, which waits for none of that number", head.request, name));
  }
  const Dma answered = std::move(*found);
  waiting.erase(found);
  const bool has_data = answered.asked.kind == wire::link::DmaKind::read && head.status == wire::link::DmaStatus::done;
  if (const std::size_t expected = has_data ? answered.asked.length : 0; data.size() != expected) {
    accuse(fmt::format("answers request {} of {}, a {}, with {} bytes and not {}", head.request, name,
                       to_string(answered.asked.kind), data.size(), expected));
  }
  return answered;
}

void LinkState::come_to(time::Instant now) {
  connection.now = now;
  while (!inputs.empty() && inputs.top() < now) {
    inputs.pop();
  }
}

void LinkState::answer(const wire::link::Output& output) {
  read = Read::unanswered;
  const auto handler = read_handlers[output.channel - 1U];
  const MmioRequest request = MmioRequest::from(output.payload);
  if (handler == nullptr) {
    throw base::Error(
        base::ErrorCode::unsupported,
        fmt::format("{} reads {} bytes at offset {:#x} of {} at {} s, and nobody answers: give the channel "
                    "a handler by MmioChannel::on_read before the guest runs",
                    connection.name, request.width, request.offset, session.channels()[output.channel - 1U].name,
                    time::to_seconds_string(output.at)));
  }
  const MmioValue value = (*handler)(output.at, request.offset, request.width);
  send(output.channel, value.at.value_or(output.at),
       MmioAnswer{.value = value.value, .request = output.sequence}.bytes());
  read = Read::answered;
}

void LinkState::take_stop_for_read() {
  if (read == Read::unanswered) {
    throw base::Error(
        base::ErrorCode::unsupported,
        fmt::format("{} waits at {} s for the answer to a read, whose handler has failed: close the guest, "
                    "or take it back to a checkpoint",
                    connection.name, time::to_seconds_string(session.now())));
  }
  if (std::exchange(read, Read::none) == Read::none) {
    throw base::Error(
        base::ErrorCode::protocol_violation,
        fmt::format("{} waits at {} s for the answer to a read that it has not made: look for a fault in it",
                    connection.name, time::to_seconds_string(session.now())));
  }
  grant(session.horizon());
}

// What is answered at the output's instant - a read, or what a reactive output's handler does -, needs the guest to
// stand there; its report may still be on the way.
bool LinkState::must_wait_for_stop() const {
  const auto* output = peek() != nullptr ? std::get_if<wire::link::Output>(peek()) : nullptr;
  if (output == nullptr || has_stop()) {
    return false;
  }
  const std::size_t index = output->channel - 1U;
  return is_reactive[index] || is_read(session.channels()[index], *output);
}

// By the instants alone, for whether progress was told is a matter of the host's time.
bool LinkState::is_at_quantum_end() {
  const auto* output = peek() != nullptr ? std::get_if<wire::link::Output>(peek()) : nullptr;
  if (!quantum_end || output == nullptr || output->at < *quantum_end) {
    return false;
  }
  reached = output->at;
  return true;
}

bool LinkState::has_stop() const {
  const auto is_stop = [](const wire::link::Event& event) { return std::holds_alternative<wire::Stop>(event); };
  return session.has_stop() || std::any_of(events.begin(), events.end(), is_stop);
}

const wire::Stop* LinkState::first_stop() const {
  const auto is_stop = [](const wire::link::Event& event) { return std::holds_alternative<wire::Stop>(event); };
  const auto found = std::ranges::find_if(events, is_stop);
  return found != events.end() ? &std::get<wire::Stop>(*found) : session.first_stop();
}

std::optional<wire::link::Event> LinkState::take_event() {
  if (events.empty()) {
    return session.take();
  }
  std::optional<wire::link::Event> event(std::move(events.front()));
  events.pop_front();
  return event;
}

void LinkState::note(const wire::Stop& stop) {
  come_to(stop.now);
  next = stop.next;
  if (wire::ends_the_guest(stop.reason)) {
    end = stop;
  }
  if (connection.trace != nullptr) {
    connection.record(trace::RecordKind::report, stop.now, fmt::format("reason={}", to_string(stop.reason)));
  }
}

std::optional<wire::Stop> LinkState::take_events(ReadStop read_stop) {
  while (!must_wait_for_stop() && !is_at_quantum_end()) {
    auto event = take_event();
    if (!event) {
      break;
    }
    if (const auto* output = std::get_if<wire::link::Output>(&*event)) {
      take(*output);
    } else if (const auto* news = std::get_if<wire::link::DroppedInputs>(&*event)) {
      dropped[news->channel - 1U] = news->total;
    } else if (auto* done = std::get_if<wire::link::Finished>(&*event)) {
      finished = std::move(*done);
    } else if (const auto* progress = std::get_if<wire::link::Progress>(&*event)) {
      come_to(progress->now);
      if (quantum_end) {
        reached = progress->now;
        break;
      }
    } else {
      const auto stop = std::get<wire::Stop>(*event);
      note(stop);
      if (stop.reason != wire::StopReason::mmio || read_stop == ReadStop::take) {
        return stop;
      }
      take_stop_for_read();
    }
  }
  return std::nullopt;
}

}  // namespace fermata::sim
