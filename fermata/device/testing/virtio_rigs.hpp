// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "fermata/device/testing/virtio_driver.hpp"
#include "fermata/device/testing/window_driver.hpp"
#include "fermata/device/virtio/block.hpp"
#include "fermata/device/virtio/console.hpp"
#include "fermata/device/virtio/network.hpp"
#include "fermata/device/virtio/ram_disk.hpp"

/// Rigs of the virtio devices, for `drive_window`: brought up by a driver, which then goes mad: `poke` changes a byte
/// of its queues, most often to offer more of what makes some sense.
namespace fermata::device::testing {

[[nodiscard]] inline std::span<const bus::Address> virtio_offsets() {
  static constexpr std::array<bus::Address, 16> all = {0x50, 0x50, 0x50, 0x50, 0x64, 0x60, 0x70,  0x30,
                                                       0x38, 0x44, 0x80, 0x90, 0xa0, 0x20, 0x100, 0x108};
  return all;
}

inline void poke_queues(VirtioDriver& driver, std::uint64_t value) {
  const auto queue = static_cast<unsigned>(value & 1);
  const auto index = static_cast<std::uint16_t>(value >> 1 & 7);
  switch (value >> 4 & 3) {
    case 0: driver.put(VirtioDriver::descriptors(queue) + (value >> 6), 1, value >> 8); break;
    case 1: driver.put(VirtioDriver::driver_area(queue) + (value >> 6 & 31), 1, value >> 8); break;
    case 2:
      driver.describe(queue, index,
                      {.at = VirtioDriver::buffers + (value >> 4 & 0xf00),
                       .size = static_cast<std::uint32_t>(value >> 6),
                       .flags = static_cast<std::uint16_t>(value >> 13 & 7),
                       .next = static_cast<std::uint16_t>(value >> 8 & 7)});
      break;
    default: driver.offer(queue, index);
  }
}

struct BlockRig {
  static constexpr std::uint64_t window_size = virtio::MmioTransport::window_size;
  BlockRig() {
    driver.start(1);
    driver.describe(0, 0, {.at = VirtioDriver::buffers, .size = 16, .flags = flag_next, .next = 1});
    driver.describe(0, 1, {.at = 0x9000, .size = 512, .flags = flag_next | flag_write, .next = 2});
    driver.describe(0, 2, {.at = 0x8800, .size = 1, .flags = flag_write});
    driver.describe(0, 3, {.at = VirtioDriver::descriptors(0), .size = 48, .flags = flag_indirect});
  }
  [[nodiscard]] bus::Window& window() { return device; }
  [[nodiscard]] static std::span<const bus::Address> offsets() { return virtio_offsets(); }
  void poke(std::uint64_t value) { poke_queues(driver, value); }

  Workbench bench;
  virtio::RamDisk disk{16 * 1024};
  virtio::Block block{{.latency = time::Duration::nanoseconds(500)}, bench.ports(), disk};
  virtio::MmioTransport device{{}, bench.ports(), &block};
  VirtioDriver driver{bench, device};
};

struct ConsoleRig {
  static constexpr std::uint64_t window_size = virtio::MmioTransport::window_size;
  ConsoleRig() { driver.start(2); }
  [[nodiscard]] bus::Window& window() { return device; }
  [[nodiscard]] static std::span<const bus::Address> offsets() { return virtio_offsets(); }
  void poke(std::uint64_t value) {
    const std::array<std::byte, 100> bytes{};
    if ((value & 0xf) == 0) {
      static_cast<void>(console.receive(std::span(bytes).first(value >> 8 & 63)));
    } else {
      poke_queues(driver, value);
    }
  }

  Workbench bench;
  FarEnd far_end;
  virtio::Console console{bench.ports(), &far_end};
  virtio::MmioTransport device{{}, bench.ports(), &console};
  VirtioDriver driver{bench, device};
};

/// With two buffers to receive into, and one frame to send.
struct NetworkRig {
  static constexpr std::uint64_t window_size = virtio::MmioTransport::window_size;
  NetworkRig() {
    driver.start(2);
    driver.describe(0, 0, {.at = 0x9000, .size = 1'526, .flags = flag_write});
    driver.describe(0, 1, {.at = 0xa000, .size = 12, .flags = flag_write | flag_next, .next = 2});
    driver.describe(0, 2, {.at = 0xb000, .size = 1'514, .flags = flag_write});
    driver.describe(1, 0, {.at = VirtioDriver::buffers, .size = 12, .flags = flag_next, .next = 1});
    driver.describe(1, 1, {.at = 0xc000, .size = 60});
    // Half of the frames are answered while they are sent.
    far_port.answer = [this] {
      if (far_port.frames.size() % 2 == 0) {
        receive(60);
      }
    };
  }
  [[nodiscard]] bus::Window& window() { return device; }
  [[nodiscard]] static std::span<const bus::Address> offsets() { return virtio_offsets(); }
  void receive(std::size_t size) {
    const std::array<std::byte, 2'000> bytes{};
    static_cast<void>(network.receive(std::span(bytes).first(size)));
  }
  void poke(std::uint64_t value) {
    if ((value & 0x7) == 0) {
      receive(14 + (value >> 3) % 1'501);
    } else {
      poke_queues(driver, value >> 1);
    }
  }

  Workbench bench;
  FarPort far_port;
  virtio::Network network{{}, bench.ports(), &far_port};
  virtio::MmioTransport device{{}, bench.ports(), &network};
  VirtioDriver driver{bench, device};
};

}  // namespace fermata::device::testing
