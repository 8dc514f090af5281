// SPDX-License-Identifier: MIT
#include "fermata/machine/ethernet_end.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"

namespace fermata::machine {
namespace {

// The frame check sequence that the frame would have on a cable (IEEE 802.3, section 3.2.9).
std::uint32_t check_sequence(std::span<const std::byte> frame) {
  std::uint32_t remainder = 0xffff'ffff;
  for (const std::byte byte : frame) {
    remainder ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      remainder = remainder >> 1 ^ ((remainder & 1) != 0 ? 0xedb8'8320 : 0);
    }
  }
  return ~remainder;
}

// Length and bytes; of a long frame the first ones, and what tells the others apart.
std::string to_text(std::span<const std::byte> frame) {
  std::string text = fmt::format("{} ", frame.size());
  for (const std::byte byte : frame.first(std::min(frame.size(), EthernetEnd::most_traced))) {
    fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  }
  if (frame.size() > EthernetEnd::most_traced) {
    fmt::format_to(std::back_inserter(text), " fcs={:08x}", check_sequence(frame));
  }
  return text;
}

}  // namespace

std::size_t EthernetEnd::largest_frame() const {
  base::expects(input_ != nullptr, "EthernetEnd: a device is connected");
  return input_->largest_frame();
}

bool EthernetEnd::is_frame(std::size_t size) const {
  return size >= device::ethernet_header_size && size <= largest_frame();
}

bool EthernetEnd::send(std::span<const std::byte> frame) {
  if (!is_frame(frame.size())) {
    throw base::BadArgument(fmt::format("{}: a frame of {} bytes; from {} to {}, without its check sequence", channel_,
                                        frame.size(), device::ethernet_header_size, largest_frame()));
  }
  if (pending_.size() == most_pending) {
    ++dropped_;
    return false;
  }
  const bool was_waiting = !pending_.empty();  // or is being offered
  pending_.emplace_back(frame.begin(), frame.end());
  if (!was_waiting) {
    offer();
  }
  return true;
}

void EthernetEnd::transmitted(time::Instant guest_at, std::span<const std::byte> frame) {
  const time::Instant at = time_ != nullptr ? time_->now() : guest_at;
  if (trace_ != nullptr) {
    trace_->write({.at = at, .kind = trace::RecordKind::output, .text = channel_ + " " + to_text(frame)});
  }
  if (receiver_) {
    receiver_(at, frame);
  }
}

void EthernetEnd::room_again() {
  if (is_offering_) {
    return;  // told by a device from within `receive`, of whose result nothing is known yet
  }
  const bool was_waiting = !pending_.empty();
  offer();
  if (was_waiting && pending_.empty() && drained_) {
    drained_();
  }
}

// A frame stays where it is until the device has said that it took it; what is sent meanwhile goes behind it.
void EthernetEnd::offer() {
  is_offering_ = true;
  while (!pending_.empty() && input_->receive(pending_.front())) {
    pending_.pop_front();
  }
  is_offering_ = false;
}

void EthernetEnd::save(state::Writer& writer) const {
  writer.u64(dropped_);
  writer.u32(static_cast<std::uint32_t>(pending_.size()));
  for (const auto& frame : pending_) {
    writer.bytes(frame);
  }
}

void EthernetEnd::load(state::Reader& reader) {
  dropped_ = reader.u64();
  const std::uint32_t count = reader.u32();
  if (count > most_pending) {
    reader.fail("more frames wait than can");
  }
  pending_.clear();
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto frame = reader.bytes();
    if (!is_frame(frame.size())) {
      reader.fail("what waits is no frame");
    }
    pending_.emplace_back(frame.begin(), frame.end());
  }
}

}  // namespace fermata::machine
