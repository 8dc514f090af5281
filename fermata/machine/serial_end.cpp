// SPDX-License-Identifier: MIT
#include "fermata/machine/serial_end.hpp"

#include "fermata/base/contract.hpp"

namespace fermata::machine {

void SerialEnd::send(std::span<const std::byte> bytes) {
  base::expects(input_ != nullptr, "SerialEnd: a device is connected");
  const bool was_waiting = !pending_.empty();
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  if (!was_waiting) {
    offer();
  }
}

void SerialEnd::transmitted(time::Instant at, std::span<const std::byte> bytes) {
  if (trace_ != nullptr) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    trace_->write({.at = at, .kind = trace::RecordKind::output, .text = channel_ + " " + trace::escape(text)});
  }
  if (receiver_) {
    receiver_(at, bytes);
  }
}

void SerialEnd::room_again() {
  offer();
  if (pending_.empty() && drained_) {
    drained_();
  }
}

// A device tells of room only after it has taken less than it was offered, so all that waits is offered each time.
void SerialEnd::offer() {
  if (!pending_.empty()) {
    const std::size_t taken = input_->receive(pending_);
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(taken));
  }
}

void SerialEnd::save(state::Writer& writer) const { writer.bytes(pending_); }

void SerialEnd::load(state::Reader& reader) {
  const auto bytes = reader.bytes();
  pending_.assign(bytes.begin(), bytes.end());
}

}  // namespace fermata::machine
