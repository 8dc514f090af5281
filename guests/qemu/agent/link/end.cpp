// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/link/end.hpp"

#include <algorithm>
#include <utility>

#include "fermata/wire/link/layout.hpp"

namespace fermata::qemu::link {

using wire::link::Channel;
using wire::link::ChannelKind;

namespace {

// Of payload: on the way to a channel, and from it until the simulator's next grant.
constexpr std::uint32_t bound = 1 << 20;
constexpr std::size_t ethernet_header_size = 14;
constexpr std::size_t largest_frame = 9018;

Channel channel_of(ChannelKind kind, const std::string& name) {
  return {.kind = kind, .input_bound = bound, .output_bound = bound, .name = name};
}

Channel cable(const std::string& name, wire::link::Timing timing) {
  Channel channel = channel_of(ChannelKind::ethernet, name);
  channel.timing = timing;
  return channel;
}

Channel line_in(const std::string& name) {
  Channel channel = channel_of(ChannelKind::line, name);
  channel.makes_outputs = false;
  return channel;
}

}  // namespace

SerialEnd::SerialEnd(const std::string& name, SerialPort& port)
    : End(channel_of(ChannelKind::serial, name)), port_(&port) {}

void SerialEnd::set_output(Output output) {
  port_->set_handlers({.sent = std::move(output), .room_again = [this] { offer(); }});
}

void SerialEnd::deliver(std::span<const std::byte> payload) {
  const std::size_t taken = std::min(payload.size(), most_waiting - std::min(most_waiting, waiting_.size()));
  waiting_.put(payload.first(taken));
  if (taken < payload.size()) {
    count_dropped();
  }
  offer();
}

// A device may say that it has room while it is given bytes: the loop sees it.
void SerialEnd::offer() {
  if (std::exchange(is_offering_, true)) {
    return;
  }
  while (!waiting_.is_empty()) {
    const std::size_t count = std::min(port_->room(), waiting_.size());
    if (count == 0) {
      break;
    }
    port_->receive(waiting_.bytes().first(count));
    waiting_.drop(count);
  }
  is_offering_ = false;
}

void SerialEnd::load(state::Reader& reader) {
  waiting_.clear();
  waiting_.put(reader.bytes());
}

EthernetEnd::EthernetEnd(const std::string& name, NetworkPort& port, wire::link::Timing timing)
    : End(cable(name, timing)), port_(&port) {}

void EthernetEnd::set_output(Output output) {
  port_->set_handler([output = std::move(output)](std::span<const std::byte> frame) {
    if (frame.size() >= ethernet_header_size && frame.size() <= largest_frame) {
      output(frame);
    }
  });
}

void EthernetEnd::deliver(std::span<const std::byte> payload) {
  if (!port_->receive(payload)) {
    count_dropped();
  }
}

std::string EthernetEnd::why_not_saved() const {
  return port_->waiting() == 0
             ? std::string()
             : std::to_string(port_->waiting()) + " frames wait in front of the guest's network card of " +
                   declared().name + ", which a QEMU snapshot does not keep: let the guest take them first";
}

LineEnd::LineEnd(const std::string& name, IrqInput& input) : End(line_in(name)), input_(&input) {}

}  // namespace fermata::qemu::link
