// SPDX-License-Identifier: MIT
#include "fermata/machine/link/channels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"
#include "fermata/wire/link/frame.hpp"

namespace fermata::machine::link {

using wire::link::Channel;
using wire::link::ChannelKind;
using wire::link::MmioAnswer;
using wire::link::MmioRequest;

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
      memory_(machine.board().memory()),
      inputs_(
          machine.timers().virtual_time(),
          machine.serial_count() + machine.ethernet_count() + machine.external_line_count() +
              machine.external_window_count() + machine.dma_names().size(),
          {.is_ready = [this](std::uint16_t channel) { return channel < first_dma() || !session_->is_full(channel); },
           .deliver = [this](const guest::PendingInputs::Input& input) { deliver(input); }}),
      requests_(machine.external_window_count()),
      dropped_(machine.serial_count()) {
  executor.set_tells_next_event();
  take_receivers();
}

void Channels::take_receivers() {
  for (unsigned i = 0; i < machine_->serial_count(); ++i) {
    const auto channel = static_cast<std::uint16_t>(i + 1);
    machine_->serial(i).set_receiver(
        [this, channel](time::Instant at, std::span<const std::byte> bytes) { output(channel, at, bytes); });
  }
  for (unsigned i = 0; i < machine_->ethernet_count(); ++i) {
    const auto channel = static_cast<std::uint16_t>(first_ethernet() + i);
    machine_->ethernet(i).set_receiver(
        [this, channel](time::Instant at, std::span<const std::byte> frame) { output(channel, at, frame); });
  }
  for (unsigned i = 0; i < machine_->external_window_count(); ++i) {
    take_window(i);
  }
}

// A read stops the machine for its own reason, also on a channel that is reactive or full.
void Channels::take_window(unsigned index) {
  const auto channel = static_cast<std::uint16_t>(first_window() + index);
  machine_->external_window(index).set_handlers(
      {.read = [this, channel, index](time::Instant at, bus::Address offset,
                                      unsigned size) -> std::optional<std::uint64_t> {
         const MmioRequest request{.offset = offset, .width = static_cast<std::uint8_t>(size)};
         static_cast<void>(session_->output(channel, at, request.bytes()));
         read_ = {.channel = channel, .sequence = ++requests_[index], .is_answered = false};
         executor_->stop_here(at, wire::StopReason::mmio);
         return std::nullopt;
       },
       .write =
           [this, channel, index](time::Instant at, bus::Address offset, unsigned size, std::uint64_t value) {
             ++requests_[index];
             output(
                 channel, at,
                 MmioRequest{.offset = offset, .value = value, .width = static_cast<std::uint8_t>(size), .is_write = 1}
                     .bytes());
           }});
}

Channels::~Channels() {
  for (unsigned i = 0; i < machine_->serial_count(); ++i) {
    machine_->serial(i).set_receiver({});
  }
  for (unsigned i = 0; i < machine_->ethernet_count(); ++i) {
    machine_->ethernet(i).set_receiver({});
  }
  for (unsigned i = 0; i < machine_->external_window_count(); ++i) {
    machine_->external_window(i).set_handlers({});
  }
}

wire::link::GuestSession::Identity Channels::identity(std::string name) const {
  wire::link::GuestSession::Identity identity{
      .name = std::move(name),
      .abilities = abilities | (machine_->dma_names().empty() ? 0U : wire::link::ability_dma),
      .now = machine_->now()};
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
  for (unsigned i = 0; i < machine_->external_window_count(); ++i) {
    const ExternalWindow& window = machine_->external_window(i);
    Channel channel = channel_of(ChannelKind::mmio, window.name());
    channel.base = window.range().begin;
    channel.extent = window.range().size;
    identity.channels.push_back(std::move(channel));
  }
  for (const std::string& dma : machine_->dma_names()) {
    Channel channel = channel_of(ChannelKind::message, dma);
    channel.base = wire::link::message_of_memory;
    identity.channels.push_back(std::move(channel));
  }
  return identity;
}

std::unique_ptr<wire::GuestSession> Channels::make_session(std::string name, const guest::KeptClocks* clocks) {
  wire::link::GuestSession::Identity who = identity(std::move(name));
  if (clocks != nullptr) {
    clocks->declare(who);
  }
  auto session = std::make_unique<wire::link::GuestSession>(std::move(who), *this);
  session_ = session.get();
  return session;
}

void Channels::input(const wire::link::Datum& input) {
  if (input.channel >= first_window() && input.channel < first_dma()) {
    take_answer(input);
  }
  inputs_.add(input);
}

void Channels::take_answer(const wire::link::Datum& input) {
  const std::uint64_t request = MmioAnswer::from(input.payload).request;
  if (!read_ || read_->is_answered || read_->channel != input.channel || read_->sequence != request) {
    const bool is_awaited = read_ && !read_->is_answered && read_->channel == input.channel;
    wire::link::breach(fmt::format("an answer to request {} of {}, which waits for {}", request,
                                   machine_->external_window(input.channel - first_window()).name(),
                                   is_awaited ? fmt::format("that to request {}", read_->sequence) : "none"));
  }
  read_->is_answered = true;
}

void Channels::deliver(const guest::PendingInputs::Input& input) {
  const std::uint16_t channel = input.channel;
  const std::span<const std::byte> payload = input.payload;
  if (channel < first_ethernet()) {
    deliver_serial(channel, payload);
  } else if (channel < first_line()) {
    EthernetEnd& end = machine_->ethernet(channel - first_ethernet());
    if (payload.size() <= end.largest_frame()) {
      static_cast<void>(end.send(payload));
      session_->dropped(channel, end.dropped());
    }
  } else if (channel < first_window()) {
    machine_->set_external_line(channel - first_line(), payload[0] != std::byte{0});
  } else if (channel < first_dma()) {
    read_.reset();
    machine_->answer_read(MmioAnswer::from(payload).value);
  } else {
    output(channel, machine_->now(), guest::serve_dma(memory_, input.sequence, payload));
  }
}

bool Channels::Memory::is_memory(std::uint64_t address, std::uint64_t size, Need need) {
  if (size != 0 && size - 1 > std::numeric_limits<std::uint64_t>::max() - address) {
    return false;
  }
  while (size > 0) {
    const auto place = memory_->ram_at(address);
    if (!place || (need == Need::writing && !place->ram->is_writable())) {
      return false;
    }
    const std::uint64_t part = std::min(size, place->ram->size() - place->offset);
    size -= part;
    address += part;
  }
  return true;
}

void Channels::Memory::read(std::uint64_t address, std::span<std::byte> into) {
  base::expects(memory_->copy_from(address, into), "dma: what is read is memory");
}

void Channels::Memory::write(std::uint64_t address, std::span<const std::byte> bytes) {
  base::expects(memory_->copy_to(address, bytes), "dma: what is written is memory");
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
  try {
    state::Writer writer;
    writer.bytes(machine_->save());
    inputs_.save(writer);
    checkpoints_[name] = writer.take();
    inputs_.unpark();
  } catch (const base::Error& error) {  // it waits for an answer
    inputs_.unpark();
    session_->failed(error.what());
    return;
  }
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
    read_.reset();
  } catch (const base::Error& error) {
    inputs_.unpark();
    session_->failed(error.what());
    return;
  }
  session_->done(machine_->now());
}

}  // namespace fermata::machine::link
