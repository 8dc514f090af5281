// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include "fermata/time/instant.hpp"

namespace fermata::device {

/// A frame crosses a port as from its destination address to the end of its payload: without preamble and without
/// frame check sequence (IEEE 802.3, section 3). A port has a largest frame; one beyond it, or shorter than the header,
/// is no frame.
inline constexpr std::size_t ethernet_header_size = 14;

/// What an Ethernet device sends to: the far end of its cable. Called in the thread that executes guest code. May call
/// `EthernetInput::receive` back, and nothing else of the device.
class EthernetBackend {
 public:
  virtual ~EthernetBackend() = default;
  /// The guest has sent this frame; it left at `at` of the virtual clock. The bytes are there during the call only.
  virtual void transmitted(time::Instant at, std::span<const std::byte> frame) = 0;
  /// The device has room again: told once after each `receive` that was refused, never from within it.
  virtual void room_again() {}
};

/// Where the far end pushes what the guest is to receive. Not from another thread.
class EthernetInput {
 public:
  virtual ~EthernetInput() = default;
  /// In bytes.
  [[nodiscard]] virtual std::size_t largest_frame() const = 0;
  /// It arrives at the present instant. False if there is no room now: it is the caller's to keep, or to lose, until
  /// `EthernetBackend::room_again`. The frame has from `ethernet_header_size` to `largest_frame` bytes.
  [[nodiscard]] virtual bool receive(std::span<const std::byte> frame) = 0;
};

}  // namespace fermata::device
