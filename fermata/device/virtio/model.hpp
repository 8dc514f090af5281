// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fermata/device/virtio/queue.hpp"

namespace fermata::device::virtio {

/// What a model may ask of the transport that it sits in.
class ModelPort {
 public:
  virtual ~ModelPort() = default;
  [[nodiscard]] virtual Queue& queue(unsigned index) = 0;
  /// The feature bits on which driver and device agreed.
  [[nodiscard]] virtual std::uint64_t features() const = 0;
  /// True between DRIVER_OK and a reset or a failure.
  [[nodiscard]] virtual bool is_running() const = 0;
  /// Something was pushed to this queue: interrupts the driver unless it does not want it.
  virtual void used(unsigned queue) = 0;
  /// The driver cannot be followed any further: DEVICE_NEEDS_RESET and a guest error.
  virtual void fail(const std::string& what) = 0;
};

/// Hands the chains that the driver has made available in a queue to `serve`, one by one, and gives each back with as
/// many bytes as that says were written, while `wants` holds. Stops where `serve` gives nothing; a queue's fault fails
/// the device. A driver can have no more waiting than the queue has entries, so it comes to an end.
template <typename Serve, typename Wants>
void serve_chains(ModelPort& port, unsigned number, Serve serve, Wants wants) {
  Queue& queue = port.queue(number);
  for (unsigned i = 0; i < Queue::max_size && port.is_running() && wants(); ++i) {
    const auto chain = queue.pop();
    const std::optional<std::uint32_t> written = chain ? serve(*chain) : std::nullopt;
    if (!written || !queue.push(chain->head, *written)) {
      break;
    }
    port.used(number);
  }
  if (queue.fault()) {
    port.fail(*queue.fault());
  }
}

/// A type of virtio device, apart from how it is reached (virtio 1.2, section 5). Built in its reset state. One thread.
class Model {
 public:
  virtual ~Model() = default;
  /// Called once, by the transport, which outlives every other call.
  virtual void attach(ModelPort& port) = 0;
  [[nodiscard]] virtual std::uint32_t device_id() const = 0;
  /// The bits of this type; the transport adds its own.
  [[nodiscard]] virtual std::uint64_t features() const = 0;
  [[nodiscard]] virtual unsigned queue_count() const = 0;

  /// The configuration space, little-endian; beyond its end it reads 0.
  [[nodiscard]] virtual std::uint64_t read_config(bus::Address offset, unsigned size) const = 0;
  /// False if there is nothing that can be written.
  [[nodiscard]] virtual bool write_config(bus::Address /*offset*/, unsigned /*size*/, std::uint64_t /*value*/) {
    return false;
  }

  /// The driver has told of new buffers in a queue, which is enabled, of a running device.
  virtual void notified(unsigned queue) = 0;
  /// The driver has just set DRIVER_OK.
  virtual void started() {}
  virtual void reset() = 0;
  virtual void save(state::Writer& writer) const = 0;
  virtual void load(state::Reader& reader) = 0;
};

}  // namespace fermata::device::virtio
