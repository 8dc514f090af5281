// SPDX-License-Identifier: MIT
#include "fermata/machine/link/channels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::machine::link {

using wire::link::Channel;
using wire::link::ChannelKind;

namespace {

// Of payload: on the way to a channel, and from it until the simulator's next grant.
constexpr std::uint32_t bound = 1 << 20;

Channel channel_of(ChannelKind kind, std::string name) {
  return {.kind = kind, .input_bound = bound, .output_bound = bound, .name = std::move(name)};
}

}  // namespace

Channels::Channels(Machine& machine, MachineExecutor& executor)
    : machine_(&machine),
      executor_(&executor),
      inputs_(machine.timers().virtual_time(),
              machine.serial_count() + machine.ethernet_count() + machine.external_line_count(),
              [this](std::uint16_t channel, std::span<const std::byte> payload) { deliver(channel, payload); }),
      dropped_(machine.serial_count()) {
  executor.set_tells_next_event();
  for (unsigned i = 0; i < machine.serial_count(); ++i) {
    const auto channel = static_cast<std::uint16_t>(i + 1);
    machine.serial(i).set_receiver(
        [this, channel](time::Instant at, std::span<const std::byte> bytes) { output(channel, at, bytes); });
  }
  for (unsigned i = 0; i < machine.ethernet_count(); ++i) {
    const auto channel = static_cast<std::uint16_t>(first_ethernet() + i);
    machine.ethernet(i).set_receiver(
        [this, channel](time::Instant at, std::span<const std::byte> frame) { output(channel, at, frame); });
  }
}

Channels::~Channels() {
  for (unsigned i = 0; i < machine_->serial_count(); ++i) {
    machine_->serial(i).set_receiver({});
  }
  for (unsigned i = 0; i < machine_->ethernet_count(); ++i) {
    machine_->ethernet(i).set_receiver({});
  }
}

wire::link::GuestSession::Identity Channels::identity(std::string name) const {
  wire::link::GuestSession::Identity identity{.name = std::move(name), .abilities = abilities, .now = machine_->now()};
  for (unsigned i = 0; i < machine_->serial_count(); ++i) {
    identity.channels.push_back(channel_of(ChannelKind::serial, fmt::format("serial{}", i)));
  }
  for (unsigned i = 0; i < machine_->ethernet_count(); ++i) {
    identity.channels.push_back(channel_of(ChannelKind::ethernet, fmt::format("ethernet{}", i)));
  }
  for (unsigned i = 0; i < machine_->external_line_count(); ++i) {
    Channel line = channel_of(ChannelKind::line, fmt::format("line{}", machine_->external_line_source(i)));
    line.makes_outputs = false;
    identity.channels.push_back(std::move(line));
  }
  return identity;
}

std::unique_ptr<wire::GuestSession> Channels::make_session(std::string name) {
  auto session = std::make_unique<wire::link::GuestSession>(identity(std::move(name)), *this);
  session_ = session.get();
  return session;
}

void Channels::deliver(std::uint16_t channel, std::span<const std::byte> payload) {
  if (channel < first_ethernet()) {
    deliver_serial(channel, payload);
  } else if (channel < first_line()) {
    EthernetEnd& end = machine_->ethernet(channel - first_ethernet());
    if (payload.size() <= end.largest_frame()) {
      static_cast<void>(end.send(payload));
      session_->dropped(channel, end.dropped());
    }
  } else {
    machine_->set_external_line(channel - first_line(), payload[0] != std::byte{0});
  }
}

void Channels::deliver_serial(std::uint16_t channel, std::span<const std::byte> payload) {
  SerialEnd& end = machine_->serial(channel - 1U);
  const std::size_t taken = std::min(payload.size(), most_waiting - std::min(most_waiting, end.pending()));
  if (taken > 0) {
    end.send(payload.first(taken));
  }
  if (taken < payload.size()) {
    session_->dropped(channel, ++dropped_[channel - 1U]);
  }
}

void Channels::output(std::uint16_t channel, time::Instant at, std::span<const std::byte> payload) {
  if (session_->output(channel, at, payload) == wire::link::GuestSession::After::stop) {
    executor_->stop_here(at, session_->stop_wanted());
  }
}

void Channels::checkpoint(const std::string& name) {
  if (checkpoints_.size() >= most_checkpoints && !checkpoints_.contains(name)) {
    session_->failed(fmt::format("{} checkpoints are kept already; save over one of them", most_checkpoints));
    return;
  }
  inputs_.park();
  state::Writer writer;
  writer.bytes(machine_->save());
  inputs_.save(writer);
  checkpoints_[name] = writer.take();
  inputs_.unpark();
  session_->done(machine_->now());
}

void Channels::restore(const std::string& name) {
  const auto found = checkpoints_.find(name);
  if (found == checkpoints_.end()) {
    session_->failed("there is no checkpoint \"" + name + '"');
    return;
  }
  try {
    state::Reader reader(found->second);
    inputs_.park();
    machine_->load(reader.bytes());
    inputs_.load(reader);
  } catch (const base::Error& error) {
    inputs_.unpark();
    session_->failed(error.what());
    return;
  }
  session_->done(machine_->now());
}

}  // namespace fermata::machine::link
