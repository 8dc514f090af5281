// SPDX-License-Identifier: GPL-2.0-or-later
//
// The far ends of a QEMU guest's devices, as the agent's logic sees them: the seam that `QemuHost` is for time. QEMU's
// lock is held in all calls, both ways. What a guest sends is told from within its instruction, in the vCPU thread,
// except where a device sends in QEMU's main thread (virtio's default).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "fermata/time/duration.hpp"

namespace fermata::qemu {

/// The far end of a serial line.
class SerialPort {
 public:
  struct Handlers {
    std::function<void(std::span<const std::byte>)> sent;
    std::function<void()> room_again;  ///< the guest's device may take more than before
  };

  virtual ~SerialPort() = default;
  virtual void set_handlers(Handlers handlers) = 0;
  /// How many bytes the guest's device takes now.
  [[nodiscard]] virtual std::size_t room() = 0;
  /// Gives it at most so many.
  virtual void receive(std::span<const std::byte> bytes) = 0;
};

/// The far end of an Ethernet cable. Frames are without FCS.
class NetworkPort {
 public:
  virtual ~NetworkPort() = default;
  virtual void set_handler(std::function<void(std::span<const std::byte> frame)> sent) = 0;
  /// Gives the guest's card a frame, or has it wait until the card takes it. False if too many wait: it was dropped.
  virtual bool receive(std::span<const std::byte> frame) = 0;
  /// How many wait for the card.
  [[nodiscard]] virtual std::size_t waiting() const = 0;
};

/// An input of an interrupt controller.
class IrqInput {
 public:
  virtual ~IrqInput() = default;
  virtual void set(bool level) = 0;
};

/// A range of the guest's addresses, or of its I/O ports. Little-endian.
class RegisterWindow {
 public:
  struct Handlers {
    std::function<std::uint64_t(std::uint64_t offset, unsigned size)> read;
    std::function<void(std::uint64_t offset, unsigned size, std::uint64_t value)> write;
  };

  virtual ~RegisterWindow() = default;
  virtual void set_handlers(Handlers handlers) = 0;
};

/// The guest's memory, past any I/O MMU.
class MemoryPort {
 public:
  enum class Need : std::uint8_t { reading, writing };

  virtual ~MemoryPort() = default;
  /// True if all of it is memory, of which ROM is for reading only. Has no effect on any device.
  [[nodiscard]] virtual bool is_memory(std::uint64_t at, std::uint64_t size, Need need) = 0;
  /// Of what is.
  virtual void copy_from(std::uint64_t at, std::span<std::byte> into) = 0;
  virtual void copy_to(std::uint64_t at, std::span<const std::byte> bytes) = 0;
};

/// A timer on the virtual clock.
class DeviceTimer {
 public:
  virtual ~DeviceTimer() = default;
  /// Called at the reading that is armed, or as soon as it may be.
  virtual void set_handler(std::function<void()> expired) = 0;
  virtual void arm(time::Duration reading) = 0;
  virtual void disarm() = 0;
};

/// The machine's snapshots, which QEMU keeps in a disk image.
class Snapshots {
 public:
  virtual ~Snapshots() = default;
  /// Has the machine saved under, or taken back to, a tag. Any thread; QEMU's main thread does it, and tells `done` why
  /// it failed, empty if it did not.
  virtual void save(const std::string& tag, std::function<void(std::string)> done) = 0;
  virtual void load(const std::string& tag, std::function<void(std::string)> done) = 0;
};

}  // namespace fermata::qemu
