// SPDX-License-Identifier: MIT
#include "fermata/sim/link_guest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/record/recording_stream.hpp"
#include "fermata/sim/link_state.hpp"

namespace fermata::sim {

using wire::link::ChannelKind;

LinkGuest::LinkGuest(std::unique_ptr<LinkState> link, const LinkOptions& options) : link_(std::move(link)) {
  if (!options.record.empty()) {
    std::unique_ptr<transport::Stream>& stream = link_->connection.stream;
    stream = record::recorded(std::move(stream), options.record, record::End::simulator);
  }
  link_->open(options.reactive, options.handshake_limit);
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
  LinkState link{.connection = Connection::launch(command, {"-link", "fd", options.channels, options.transport},
                                                  options.name, options.trace),
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
MmioChannel LinkGuest::mmio(std::string_view name) { return {*link_, find(name, ChannelKind::mmio)}; }

void LinkGuest::grant(time::Instant horizon) { link_->grant(horizon); }

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

std::optional<time::Instant> LinkGuest::next_activity() const {
  if (!link_->next.is_idle) {
    return now();
  }
  const auto& timer = link_->next.timer;
  if (link_->inputs.empty()) {
    return timer;
  }
  return timer ? std::min(*timer, link_->inputs.top()) : link_->inputs.top();
}

void LinkGuest::record_guest_error(time::Instant at, std::string_view device, const std::string& what) {
  link_->connection.record(trace::RecordKind::guest_error, at, std::string(device) + ": " + what);
}

void LinkGuest::finish_named(host::HostDuration limit) {
  link_->flush();
  link_->wait_for(limit, [&] {
    static_cast<void>(link_->take_events(LinkState::ReadStop::take));
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
  link_->read = LinkState::Read::none;
  link_->next = {};
  link_->inputs = {};
}

std::optional<host::ExitStatus> LinkGuest::close(host::HostDuration grace) { return link_->connection.close(grace); }

std::optional<pid_t> LinkGuest::pid() const {
  const auto& process = link_->connection.process;
  return process ? std::optional(process->pid()) : std::nullopt;
}

}  // namespace fermata::sim
