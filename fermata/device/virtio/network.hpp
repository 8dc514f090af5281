// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "fermata/device/ethernet_port.hpp"
#include "fermata/device/mac_address.hpp"
#include "fermata/device/virtio/model.hpp"

namespace fermata::device::virtio {

/// Virtio network device (virtio 1.2, section 5.1) with one pair of queues, an address, a link that is always up and a
/// declared MTU; no offloads, no mergeable buffers, no control queue. What the guest sends has left at the instant of
/// its notification. A frame for the guest is taken at once into a buffer that the driver has lent, or not at all.
///
/// A frame of the guest that is none (ethernet_port.hpp), or that asks for an offload, is a guest error: dropped and
/// counted. A chain that cannot be followed needs a reset.
class Network final : public Model, public EthernetInput {
 public:
  static constexpr std::size_t header_size = 12;  ///< of virtio, before each frame (section 5.1.6)
  static constexpr unsigned min_mtu = 68;         ///< section 5.1.4.1
  static constexpr unsigned max_mtu = 9004;       ///< frames of 9018 bytes

  struct Config {
    MacAddress address{};
    unsigned mtu = 1500;  ///< bytes of a frame's payload
  };

  /// Needs `ports.timers` (for the instant) and `ports.dma`. `backend` outlives it; without one, what is sent is lost.
  /// Throws base::BadArgument for a group's address or an MTU out of range.
  Network(Config config, const bus::Ports& ports, EthernetBackend* backend = nullptr);

  [[nodiscard]] std::size_t largest_frame() const override { return ethernet_header_size + config_.mtu; }
  [[nodiscard]] bool receive(std::span<const std::byte> frame) override;
  /// How many frames of the guest were dropped, since it was built.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  void attach(ModelPort& port) override { port_ = &port; }
  [[nodiscard]] std::uint32_t device_id() const override { return 1; }
  [[nodiscard]] std::uint64_t features() const override;
  [[nodiscard]] unsigned queue_count() const override { return 2; }
  [[nodiscard]] std::uint64_t read_config(bus::Address offset, unsigned size) const override;
  void notified(unsigned queue) override;
  void started() override { tell_of_room(); }
  void reset() override;
  void save(state::Writer& writer) const override;
  void load(state::Reader& reader) override;

 private:
  void send_output();
  [[nodiscard]] bool send(const Chain& chain);
  [[nodiscard]] bool gather(const Chain& chain);
  void transmit();
  void drop(const std::string& why);
  [[nodiscard]] bool can_receive() const;
  [[nodiscard]] bool hand_over(std::span<const std::byte> frame);
  [[nodiscard]] bool fill(const Chain& chain, std::span<const std::byte> frame);
  void tell_of_room();

  Config config_;
  bus::Ports ports_;
  EthernetBackend* backend_;
  ModelPort* port_ = nullptr;
  std::vector<std::byte> output_;  // header and frame while they are on their way, and of no meaning in between
  std::vector<std::byte> input_;   // the same; both, since a frame may be answered while it is being sent
  bool wants_room_ = false;
  std::uint64_t dropped_ = 0;
};

}  // namespace fermata::device::virtio
