// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fermata/clock/clock.hpp"
#include "fermata/device/ethernet_port.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"
#include "fermata/trace/sink.hpp"

namespace fermata::machine {

/// The far end of a machine's Ethernet cable, in the hands of whoever runs the machine: takes the frames that the guest
/// sends, with their instants, and sends to the guest. What a frame is: see device/ethernet_port.hpp. One thread, the
/// one that runs the machine.
class EthernetEnd final : public device::EthernetBackend {
 public:
  static constexpr std::size_t most_pending = 64;  ///< frames that wait for the guest; what comes beyond is dropped
  static constexpr std::size_t most_traced = 64;   ///< bytes of a frame that its record shows

  /// `channel` is what the trace calls it: "ethernet0". `trace` may be null.
  EthernetEnd(std::string channel, trace::Sink* trace) : channel_(std::move(channel)), trace_(trace) {}

  /// Called with each frame that the guest sends, from within `run_until`; it may call `send` and Machine::leave. The
  /// bytes are there during the call only. Without one, what is sent goes to the trace only.
  using Receiver = std::function<void(time::Instant at, std::span<const std::byte> frame)>;
  void set_receiver(Receiver receiver) { receiver_ = std::move(receiver); }

  /// A frame for the guest, at the present instant of the virtual clock. What its device has no room for waits here, in
  /// order; false if too many wait already, and this one was dropped. Throws base::BadArgument if it is no frame.
  bool send(std::span<const std::byte> frame);
  /// What `send` takes at most, in bytes.
  [[nodiscard]] std::size_t largest_frame() const;
  /// How many frames wait here, which the guest's device has not taken yet.
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }
  /// How many were dropped since the machine was built.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  /// Told when the last of those that waited has been taken: from within `run_until`.
  void set_drained_handler(std::function<void()> handler) { drained_ = std::move(handler); }

  /// What tells the instants of what is sent, in place of the guest's own clock, which may run at a factor of it.
  void set_time(const clock::TimeSource& time) { time_ = &time; }
  /// The device at the other end; set once, before anything is sent.
  void connect(device::EthernetInput& input) { input_ = &input; }
  void transmitted(time::Instant guest_at, std::span<const std::byte> frame) override;
  void room_again() override;

  /// What waits, and the count, are part of the machine's state.
  void save(state::Writer& writer) const;
  void load(state::Reader& reader);

 private:
  [[nodiscard]] bool is_frame(std::size_t size) const;
  void offer();

  std::string channel_;
  trace::Sink* trace_;
  device::EthernetInput* input_ = nullptr;
  const clock::TimeSource* time_ = nullptr;
  Receiver receiver_;
  std::function<void()> drained_;
  std::deque<std::vector<std::byte>> pending_;
  std::uint64_t dropped_ = 0;
  bool is_offering_ = false;
};

}  // namespace fermata::machine
