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

Channel window_of(const std::string& name, std::uint64_t base, std::uint64_t size) {
  Channel channel = channel_of(ChannelKind::mmio, name);
  channel.base = base;
  channel.extent = size;
  return channel;
}

Channel memory_of(const std::string& name) {
  Channel channel = channel_of(ChannelKind::message, name);
  channel.base = wire::link::message_of_memory;
  return channel;
}

std::uint64_t low_bytes(std::uint64_t value, unsigned size) {
  return size >= sizeof value ? value : value & ((std::uint64_t{1} << size * 8) - 1);
}

}  // namespace

SerialEnd::SerialEnd(const std::string& name, SerialPort& port)
    : End(channel_of(ChannelKind::serial, name)), port_(&port) {}

void SerialEnd::set_output(Output output) {
  port_->set_handlers({.sent = std::move(output), .room_again = [this] { offer(); }});
}

void SerialEnd::deliver(const guest::PendingInputs::Input& input) {
  const std::span<const std::byte> payload = input.payload;
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

void EthernetEnd::deliver(const guest::PendingInputs::Input& input) {
  if (!port_->receive(input.payload)) {
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

WindowEnd::WindowEnd(const std::string& name, std::uint64_t base, std::uint64_t size, RegisterWindow& window, Wait wait)
    : End(window_of(name, base, size)), window_(&window), wait_(std::move(wait)) {}

void WindowEnd::set_output(Output output) {
  output_ = std::move(output);
  window_->set_handlers({.read = [this](std::uint64_t offset, unsigned size) { return read(offset, size); },
                         .write =
                             [this](std::uint64_t offset, unsigned size, std::uint64_t value) {
                               request({.offset = offset,
                                        .value = low_bytes(value, size),
                                        .width = static_cast<std::uint8_t>(size),
                                        .is_write = 1});
                             }});
}

void WindowEnd::request(const wire::link::MmioRequest& request) {
  ++requests_;
  output_(request.bytes());
}

// All ones where nobody will ever answer, as an empty bus gives.
std::uint64_t WindowEnd::read(std::uint64_t offset, unsigned size) {
  if (!wait_.may_wait()) {
    return low_bytes(~std::uint64_t{0}, size);  // a debugger, a monitor or a device looks
  }
  forget();
  const std::uint64_t sequence = requests_ + 1;
  reading_ = sequence;
  request({.offset = offset, .width = static_cast<std::uint8_t>(size)});
  const bool is_answered = wait_.until([this] { return answer_.has_value(); });
  if (!is_answered && !is_answer_coming_) {
    given_up_ = sequence;
  }
  reading_.reset();
  return low_bytes(is_answered ? answer_.value_or(~std::uint64_t{0}) : ~std::uint64_t{0}, size);
}

std::string WindowEnd::why_not_an_input(std::span<const std::byte> payload) {
  const std::uint64_t request = wire::link::MmioAnswer::from(payload).request;
  const bool is_awaited = reading_ && !is_answer_coming_;
  if (is_awaited && *reading_ == request) {
    is_answer_coming_ = true;
    return {};
  }
  if (given_up_ == request) {
    given_up_.reset();
    return {};
  }
  return "an answer to request " + std::to_string(request) + " of " + declared().name + ", which waits for " +
         (is_awaited ? "that to request " + std::to_string(*reading_) : "none");
}

void WindowEnd::forget() {
  reading_.reset();
  is_answer_coming_ = false;
  answer_.reset();
}

// One that was given up may come late, and is not for the next.
void WindowEnd::deliver(const guest::PendingInputs::Input& input) {
  const wire::link::MmioAnswer answer = wire::link::MmioAnswer::from(input.payload);
  if (reading_ == answer.request) {
    answer_ = answer.value;
  }
}

std::string WindowEnd::why_not_saved() const {
  return reading_ ? "the guest stands within an instruction that reads " + declared().name + ": answer it first"
                  : std::string();
}

DmaEnd::DmaEnd(const std::string& name, MemoryPort& port) : End(memory_of(name)), port_(&port) {}

void DmaEnd::deliver(const guest::PendingInputs::Input& input) {
  output_(guest::serve_dma(*this, input.sequence, input.payload));
}

bool DmaEnd::is_memory(std::uint64_t address, std::uint64_t size, Need need) {
  return port_->is_memory(address, size, need == Need::reading ? MemoryPort::Need::reading : MemoryPort::Need::writing);
}

}  // namespace fermata::qemu::link
