// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "fermata/device/serial_port.hpp"
#include "fermata/device/virtio/model.hpp"

namespace fermata::device::virtio {

/// Virtio console with its one port (virtio 1.2, section 5.3; no VIRTIO_CONSOLE_F_MULTIPORT): a receive and a transmit
/// queue. What the guest sends has left at the instant of its notification. Input waits in a buffer of 4096 bytes until
/// the driver lends memory for it; before there is a driver none is taken.
class Console final : public Model, public SerialInput {
 public:
  static constexpr std::size_t buffer_size = 4096;

  /// Needs `ports.timers` (for the instant) and `ports.dma`. `backend` outlives it; without one, what is sent is lost.
  explicit Console(const bus::Ports& ports, SerialBackend* backend = nullptr);

  [[nodiscard]] std::size_t free_space() const override;
  [[nodiscard]] std::size_t receive(std::span<const std::byte> bytes) override;

  void attach(ModelPort& port) override { port_ = &port; }
  [[nodiscard]] std::uint32_t device_id() const override { return 3; }
  [[nodiscard]] std::uint64_t features() const override;
  [[nodiscard]] unsigned queue_count() const override { return 2; }
  [[nodiscard]] std::uint64_t read_config(bus::Address offset, unsigned size) const override;
  [[nodiscard]] bool write_config(bus::Address offset, unsigned size, std::uint64_t value) override;
  void notified(unsigned queue) override;
  void started() override;
  void reset() override;
  void save(state::Writer& writer) const override;
  void load(state::Reader& reader) override;

 private:
  void send_output();
  void hand_over_input();
  void tell_of_room();
  [[nodiscard]] std::optional<std::uint32_t> fill(const Chain& chain);
  [[nodiscard]] bool send(const Chain& chain);
  void transmit(std::span<const std::byte> bytes);

  bus::Ports ports_;
  SerialBackend* backend_;
  ModelPort* port_ = nullptr;
  std::vector<std::byte> input_;
  bool wants_room_ = false;
};

}  // namespace fermata::device::virtio
