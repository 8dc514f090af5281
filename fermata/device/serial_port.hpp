// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include "fermata/time/instant.hpp"

namespace fermata::device {

/// What a serial device sends to: the far end of its line. Called in the thread that executes guest code. Must not call
/// back into the device, but `SerialInput::receive` from `room_again`.
class SerialBackend {
 public:
  virtual ~SerialBackend() = default;
  /// The guest has sent these bytes; the last of them left at `at` of the virtual clock.
  virtual void transmitted(time::Instant at, std::span<const std::byte> bytes) = 0;
  /// The device has room again: told once after each `receive` that took less than it was offered, never from within
  /// it.
  virtual void room_again() {}
  /// The guest has begun or ended a break condition on the line.
  virtual void break_changed(time::Instant /*at*/, bool /*is_on*/) {}
};

/// Where the far end pushes what the guest is to receive. Not from another thread.
class SerialInput {
 public:
  virtual ~SerialInput() = default;
  /// How many bytes `receive` would take now.
  [[nodiscard]] virtual std::size_t free_space() const = 0;
  /// They arrive at the present instant. Takes as many as there is room for, from the first on; returns how many.
  /// The rest is the caller's to keep until `SerialBackend::room_again`.
  [[nodiscard]] virtual std::size_t receive(std::span<const std::byte> bytes) = 0;
};

}  // namespace fermata::device
