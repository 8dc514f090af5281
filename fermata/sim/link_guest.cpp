// SPDX-License-Identifier: MIT
#include "fermata/sim/link_guest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/record/recording_stream.hpp"
#include "fermata/sim/connection.hpp"
#include "fermata/time/units.hpp"
#include "fermata/wire/link/simulator_session.hpp"

namespace fermata::sim {

using wire::link::ChannelKind;

namespace {

// A frame's first bytes say what it is; the whole of it belongs into a capture.
constexpr std::size_t most_recorded = 64;

std::string text_of(const wire::link::Channel& channel, std::span<const std::byte> payload) {
  if (channel.kind == ChannelKind::serial) {
    return fmt::format("{} {}", channel.name,
                       trace::escape({reinterpret_cast<const char*>(payload.data()), payload.size()}));
  }
  std::string text = fmt::format("{} {} ", channel.name, payload.size());
  for (const std::byte byte : payload.first(std::min(payload.size(), most_recorded))) {
    text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  }
  return text;
}

}  // namespace

struct LinkState {
  Connection connection;
  wire::link::SimulatorSession session;
  std::vector<LinkChannel::Handler> handlers{};
  std::vector<std::uint64_t> dropped{};
  std::vector<bool> is_reactive{};
  std::optional<wire::link::Finished> finished{};

  void flush() { connection.flush(session, session.is_running() ? 1 : 0); }
  void receive_within(host::HostDuration wait);
  void open(const LinkOptions& options);
  [[nodiscard]] std::optional<wire::Stop> take_events();
  [[nodiscard]] bool must_wait_for_stop() const;
  void take(const wire::link::Output& output);
  template <typename IsThere>
  void wait_for(host::HostDuration limit, IsThere is_there);
  [[nodiscard]] std::string channel_names() const;
};

void LinkState::receive_within(host::HostDuration wait) {
  std::array<std::byte, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read, on a hot path
  const transport::IoResult result = connection.stream->read(buffer, wait);
  session.receive(std::span(buffer).first(result.count));
  if (result.is_end && (session.peek() == nullptr || must_wait_for_stop())) {
    connection.throw_gone();
  }
}

// Receives until `is_there` holds. Looks at the host's clock only if it has to wait.
template <typename IsThere>
void LinkState::wait_for(host::HostDuration limit, IsThere is_there) {
  if (is_there()) {
    return;
  }
  receive_within({});
  if (is_there()) {
    return;
  }
  const host::Deadline deadline(host::HostClock::monotonic(), limit);
  do {
    receive_within(deadline.remaining());
    if (is_there()) {
      return;
    }
  } while (!deadline.has_passed());
  connection.throw_timed_out(limit, session.is_running() ? 1 : 0);
}

std::string LinkState::channel_names() const {
  std::string names;
  for (const wire::link::Channel& channel : session.channels()) {
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", channel.name, to_string(channel.kind));
  }
  return names.empty() ? "none" : names;
}

void LinkState::open(const LinkOptions& options) {
  flush();
  wait_for(options.handshake_limit, [this] { return session.is_open(); });
  handlers.resize(session.channels().size());
  dropped.resize(session.channels().size());
  is_reactive.resize(session.channels().size());
  connection.now = session.now();
  for (const std::string& name : options.reactive) {
    const auto& channels = session.channels();
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

void LinkState::take(const wire::link::Output& output) {
  const std::size_t index = output.channel - 1U;
  if (connection.trace != nullptr) {
    connection.record(trace::RecordKind::output, output.at, text_of(session.channels()[index], output.payload));
  }
  if (const LinkChannel::Handler handler = handlers[index]) {  // a copy: it may set another
    handler(output.at, output.payload);
  }
}

// A reactive output's handler may answer at the output's instant, for which the guest has to stand: its report may
// still be on the way.
bool LinkState::must_wait_for_stop() const {
  const auto* output = session.peek() != nullptr ? std::get_if<wire::link::Output>(session.peek()) : nullptr;
  return output != nullptr && is_reactive[output->channel - 1U] && !session.has_stop();
}

// Deals with what has come, in its order, up to and including the first stop.
std::optional<wire::Stop> LinkState::take_events() {
  while (!must_wait_for_stop()) {
    auto event = session.take();
    if (!event) {
      break;
    }
    if (const auto* output = std::get_if<wire::link::Output>(&*event)) {
      take(*output);
    } else if (const auto* news = std::get_if<wire::link::DroppedInputs>(&*event)) {
      dropped[news->channel - 1U] = news->total;
    } else if (auto* done = std::get_if<wire::link::Finished>(&*event)) {
      finished = std::move(*done);
    } else {
      const auto stop = std::get<wire::Stop>(*event);
      connection.now = stop.now;
      if (connection.trace != nullptr) {
        connection.record(trace::RecordKind::report, stop.now, fmt::format("reason={}", to_string(stop.reason)));
      }
      return stop;
    }
  }
  return std::nullopt;
}

const wire::link::Channel& LinkChannel::declared() const { return link_->session.channels()[number_ - 1U]; }
std::uint64_t LinkChannel::dropped() const { return link_->dropped[number_ - 1U]; }

void LinkChannel::send_bytes(time::Instant at, std::span<const std::byte> payload) {
  static_cast<void>(link_->session.input(number_, at, payload));
  if (link_->connection.trace != nullptr) {
    link_->connection.record(trace::RecordKind::input, at, text_of(declared(), payload));
  }
}

void LinkChannel::set_handler(Handler handler) { link_->handlers[number_ - 1U] = std::move(handler); }

void SerialChannel::send(time::Instant at, std::string_view bytes) { send_bytes(at, std::as_bytes(std::span(bytes))); }

void SerialChannel::on_output(std::function<void(time::Instant, std::string_view)> handler) {
  set_handler([handler = std::move(handler)](time::Instant at, std::span<const std::byte> bytes) {
    handler(at, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  });
}

void LineChannel::set(time::Instant at, bool level) {
  const auto byte = static_cast<std::byte>(level ? 1 : 0);
  send_bytes(at, std::span(&byte, 1));
}

LinkGuest::LinkGuest(std::unique_ptr<LinkState> link, const LinkOptions& options) : link_(std::move(link)) {
  if (!options.record.empty()) {
    std::unique_ptr<transport::Stream>& stream = link_->connection.stream;
    stream = record::recorded(std::move(stream), options.record, record::End::simulator);
  }
  link_->open(options);
}

LinkGuest::LinkGuest(LinkGuest&&) noexcept = default;

LinkGuest& LinkGuest::operator=(LinkGuest&& other) noexcept {
  std::swap(link_, other.link_);
  return *this;
}

LinkGuest::~LinkGuest() {
  if (link_ != nullptr) {
    link_->connection.stream.reset();  // the process's own handle ends it
  }
}

LinkGuest LinkGuest::launch(const host::Command& command, const LinkOptions& options) {
  LinkState link{.connection = Connection::launch(command, "-link", "fd", options.name, options.trace),
                 .session = wire::link::SimulatorSession("fermata", options.needs)};
  return {std::make_unique<LinkState>(std::move(link)), options};
}

LinkGuest LinkGuest::attach(std::unique_ptr<transport::Stream> stream, const LinkOptions& options) {
  base::expects(stream != nullptr, "LinkGuest: there is a stream to attach to");
  LinkState link{.connection = {.name = options.name, .trace = options.trace, .stream = std::move(stream)},
                 .session = wire::link::SimulatorSession("fermata", options.needs)};
  return {std::make_unique<LinkState>(std::move(link)), options};
}

const std::vector<wire::link::Channel>& LinkGuest::channels() const { return link_->session.channels(); }
std::uint32_t LinkGuest::abilities() const { return link_->session.abilities(); }

std::uint16_t LinkGuest::find(std::string_view name, ChannelKind kind) const {
  for (const wire::link::Channel& channel : channels()) {
    if (channel.name == name && channel.kind == kind) {
      return channel.number;
    }
  }
  throw base::BadArgument(fmt::format("{} channel \"{}\": {} has {}", to_string(kind), name, link_->connection.name,
                                      link_->channel_names()));
}

SerialChannel LinkGuest::serial(std::string_view name) { return {*link_, find(name, ChannelKind::serial)}; }
EthernetChannel LinkGuest::ethernet(std::string_view name) { return {*link_, find(name, ChannelKind::ethernet)}; }
LineChannel LinkGuest::line(std::string_view name) { return {*link_, find(name, ChannelKind::line)}; }

void LinkGuest::grant(time::Instant horizon) {
  link_->session.grant(horizon);
  if (link_->connection.trace != nullptr) {
    link_->connection.record(trace::RecordKind::grant, now(), "horizon=" + time::to_seconds_string(horizon));
  }
  link_->flush();
}

wire::Stop LinkGuest::wait(host::HostDuration limit) {
  std::optional<wire::Stop> stop;
  link_->wait_for(limit, [&] {
    stop = link_->take_events();
    return stop.has_value();
  });
  return *stop;
}

std::optional<wire::Stop> LinkGuest::poll() {
  auto stop = link_->take_events();
  if (!stop) {
    link_->receive_within({});
    stop = link_->take_events();
  }
  return stop;
}

wire::Stop LinkGuest::run_until_output(time::Instant horizon, host::HostDuration limit) {
  grant(horizon);
  while (true) {
    const wire::Stop stop = wait(limit);
    if (stop.reason == wire::StopReason::full) {
      grant(horizon);
    } else if (stop.reason == wire::StopReason::output || wire::ends_the_guest(stop.reason) ||
               !link_->session.is_running()) {
      return stop;
    }
  }
}

wire::Stop LinkGuest::run_until(time::Instant horizon, host::HostDuration limit) {
  wire::Stop stop;
  do {
    stop = run_until_output(horizon, limit);
  } while (stop.reason == wire::StopReason::output);
  return stop;
}

time::Instant LinkGuest::now() const { return link_->session.now(); }
time::Instant LinkGuest::earliest_input() const { return link_->session.earliest_input(); }

void LinkGuest::finish_named(host::HostDuration limit) {
  link_->flush();
  link_->wait_for(limit, [&] {
    static_cast<void>(link_->take_events());
    return link_->finished.has_value();
  });
  const auto finished = *std::exchange(link_->finished, std::nullopt);
  if (!finished.failure.empty()) {
    throw base::Error(base::ErrorCode::unsupported, link_->connection.name + ": " + finished.failure);
  }
  link_->connection.now = finished.now;
}

void LinkGuest::checkpoint(std::string_view name, host::HostDuration limit) {
  link_->session.checkpoint(name);
  finish_named(limit);
}

void LinkGuest::restore(std::string_view name, host::HostDuration limit) {
  link_->session.restore(name);
  finish_named(limit);
}

std::optional<host::ExitStatus> LinkGuest::close(host::HostDuration grace) { return link_->connection.close(grace); }

std::optional<pid_t> LinkGuest::pid() const {
  const auto& process = link_->connection.process;
  return process ? std::optional(process->pid()) : std::nullopt;
}

}  // namespace fermata::sim
