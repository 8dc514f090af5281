// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "fermata/base/byte_queue.hpp"
#include "fermata/clock/clock.hpp"
#include "fermata/device/serial_port.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"
#include "fermata/trace/sink.hpp"

namespace fermata::machine {

/// The far end of a machine's serial line, in the hands of whoever runs the machine: takes what the guest sends, with
/// its instant, and sends to the guest. One thread, the one that runs the machine.
class SerialEnd final : public device::SerialBackend {
 public:
  /// `channel` is what the trace calls it: "serial0". `trace` may be null.
  SerialEnd(std::string channel, trace::Sink* trace) : channel_(std::move(channel)), trace_(trace) {}

  /// Called with each piece that the guest sends, from within `run_until`; it may call `send` and Machine::leave.
  /// Without one, what is sent goes to the trace only.
  using Receiver = std::function<void(time::Instant at, std::span<const std::byte> bytes)>;
  void set_receiver(Receiver receiver) { receiver_ = std::move(receiver); }

  /// Bytes for the guest, at the present instant of the virtual clock. What its device has no room for waits here.
  void send(std::span<const std::byte> bytes);
  void send(std::string_view text) { send(std::as_bytes(std::span(text))); }
  /// How many bytes wait here, which the guest's device has not taken yet.
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }
  /// Told when the last of them has been taken: from within `run_until`.
  void set_drained_handler(std::function<void()> handler) { drained_ = std::move(handler); }

  /// What tells the instants of what is sent, in place of the guest's own clock, which may run at a factor of it.
  void set_time(const clock::TimeSource& time) { time_ = &time; }
  /// The device at the other end; set once, before anything is sent.
  void connect(device::SerialInput& input) { input_ = &input; }
  void transmitted(time::Instant guest_at, std::span<const std::byte> bytes) override;
  void room_again() override;

  /// What waits is part of the machine's state.
  void save(state::Writer& writer) const;
  void load(state::Reader& reader);

 private:
  void offer();

  std::string channel_;
  trace::Sink* trace_;
  device::SerialInput* input_ = nullptr;
  const clock::TimeSource* time_ = nullptr;
  Receiver receiver_;
  std::function<void()> drained_;
  base::ByteQueue pending_;
  bool is_offering_ = false;
  bool is_room_told_ = false;  // while it is
};

}  // namespace fermata::machine
