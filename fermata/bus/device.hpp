// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "fermata/bus/irq_line.hpp"
#include "fermata/bus/window.hpp"
#include "fermata/clock/timer_list.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::bus {

/// A device's way into guest memory.
class DmaPort {
 public:
  virtual ~DmaPort() = default;
  /// False if not all of it is memory; nothing was moved then.
  [[nodiscard]] virtual bool read(Address at, std::span<std::byte> into) = 0;
  [[nodiscard]] virtual bool write(Address at, std::span<const std::byte> bytes) = 0;
};

/// Takes what a guest does wrong: a fault of the guest is a value, not an exception.
class GuestErrorLog {
 public:
  virtual ~GuestErrorLog() = default;
  /// `device` is the device's name, `what` one clause: "write of 0 to SCALE, ignored".
  virtual void guest_error(std::string_view device, const std::string& what) = 0;
};

/// What a model is built from: it can name nothing else - no machine, no hart, no host clock. All outlive the device.
/// A device takes the ports that it needs.
struct Ports {
  clock::TimerList* timers = nullptr;  ///< of the virtual clock; `timers->clock()` tells the time
  IrqLine* irq = nullptr;
  DmaPort* dma = nullptr;
  GuestErrorLog* errors = nullptr;
};

/// A model of a piece of hardware. Built in its reset state. One thread, the one that executes guest code.
class Device {
 public:
  virtual ~Device() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Back to the state in which it was built, its timers cancelled and its lines low.
  virtual void reset() = 0;
  /// Its whole state; `load` of what `save` wrote gives the same device, its timers armed as they were. Lines are
  /// driven to their level. After a load that threw, only reset and load are allowed.
  virtual void save(state::Writer& writer) const = 0;
  virtual void load(state::Reader& reader) = 0;
};

}  // namespace fermata::bus
