// SPDX-License-Identifier: MIT
#include "fermata/machine/serial_end.hpp"

#include <utility>

#include "fermata/base/contract.hpp"

namespace fermata::machine {

void SerialEnd::send(std::span<const std::byte> bytes) {
  base::expects(input_ != nullptr, "SerialEnd: a device is connected");
  const bool was_waiting = is_offering_ || !pending_.is_empty();
  pending_.put(bytes);
  if (!was_waiting) {
    offer();
  }
}

void SerialEnd::transmitted(time::Instant guest_at, std::span<const std::byte> bytes) {
  const time::Instant at = time_ != nullptr ? time_->now() : guest_at;
  if (trace_ != nullptr) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    trace_->write({.at = at, .kind = trace::RecordKind::output, .text = channel_ + " " + trace::escape(text)});
  }
  if (receiver_) {
    receiver_(at, bytes);
  }
}

void SerialEnd::room_again() {
  if (is_offering_) {
    is_room_told_ = true;  // by a device from within `receive`, of whose result nothing is known yet
    return;
  }
  offer();
  if (pending_.is_empty() && drained_) {
    drained_();
  }
}

// A device tells of room only after it has taken less than it was offered, so all that waits is offered each time. What
// is sent while it looks at them must not move the bytes under its eyes.
void SerialEnd::offer() {
  is_offering_ = true;
  bool has_room = true;
  while (has_room && !pending_.is_empty()) {
    is_room_told_ = false;
    base::ByteQueue offered = std::exchange(pending_, {});
    const std::size_t taken = input_->receive(offered.bytes());
    offered.drop(taken);
    has_room = offered.is_empty() || (is_room_told_ && taken > 0);
    offered.put(pending_.bytes());
    pending_ = std::move(offered);
  }
  is_offering_ = false;
}

void SerialEnd::save(state::Writer& writer) const { writer.bytes(pending_.bytes()); }

void SerialEnd::load(state::Reader& reader) {
  pending_.clear();
  pending_.put(reader.bytes());
}

}  // namespace fermata::machine
