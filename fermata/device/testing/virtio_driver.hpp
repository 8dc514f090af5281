// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fermata/device/testing/workbench.hpp"
#include "fermata/device/virtio/mmio_transport.hpp"

namespace fermata::device::testing {

/// What a descriptor says (virtio 1.2, section 2.7.5).
struct Descriptor {
  std::uint64_t at = 0;
  std::uint32_t size = 0;
  std::uint16_t flags = 0;
  std::uint16_t next = 0;
};
inline constexpr std::uint16_t flag_next = 1;
inline constexpr std::uint16_t flag_write = 2;
inline constexpr std::uint16_t flag_indirect = 4;

/// A driver's queues in the memory of a workbench, and the accesses by which it drives a transport. Queue n has its
/// areas from 0x2000 + n * 0x1000 on; buffers are the test's own, from 0x8000 on.
class VirtioDriver {
 public:
  static constexpr std::uint32_t queue_size = 8;
  static constexpr bus::Address buffers = 0x8000;

  VirtioDriver(Workbench& bench, bus::Window& transport) : bench_(&bench), transport_(&transport) {}

  static constexpr bus::Address descriptors(unsigned queue) { return 0x2000 + 0x1000 * queue; }
  static constexpr bus::Address driver_area(unsigned queue) { return descriptors(queue) + 0x400; }
  static constexpr bus::Address device_area(unsigned queue) { return descriptors(queue) + 0x800; }

  [[nodiscard]] std::uint32_t read(bus::Address at) { return static_cast<std::uint32_t>(transport_->read(at, 4)); }
  void write(bus::Address at, std::uint64_t value) { transport_->write(at, 4, value & 0xffff'ffff); }

  /// Everything up to DRIVER_OK.
  void start(unsigned queues, std::uint64_t features = std::uint64_t{1} << 32 | std::uint64_t{1} << 28) {
    write(0x70, 0);
    write(0x70, 3);
    negotiate(features);
    write(0x70, 0xb);
    for (unsigned queue = 0; queue < queues; ++queue) {
      set_up(queue);
    }
    write(0x70, 0xf);
  }
  void negotiate(std::uint64_t features) {
    for (const unsigned half : {0U, 1U}) {
      write(0x24, half);
      write(0x20, features >> (32 * half));
    }
  }
  void set_up(unsigned queue) {
    write(0x30, queue);
    write(0x38, queue_size);
    write(0x80, descriptors(queue));
    write(0x84, 0);
    write(0x90, driver_area(queue));
    write(0x94, 0);
    write(0xa0, device_area(queue));
    write(0xa4, 0);
    write(0x44, 1);
  }

  void describe(unsigned queue, std::uint16_t index, const Descriptor& descriptor) {
    put_descriptor(descriptors(queue) + 16U * index, descriptor);
  }
  void put_descriptor(bus::Address at, const Descriptor& descriptor) {
    put(at, 8, descriptor.at);
    put(at + 8, 4, descriptor.size);
    put(at + 12, 2, descriptor.flags);
    put(at + 14, 2, descriptor.next);
  }
  /// Makes the chain available, without telling the device.
  void offer(unsigned queue, std::uint16_t head) {
    const std::uint64_t index = get(driver_area(queue) + 2, 2);
    put(driver_area(queue) + 4 + 2 * (index % queue_size), 2, head);
    put(driver_area(queue) + 2, 2, index + 1);
  }
  void notify(unsigned queue) { write(0x50, queue); }
  [[nodiscard]] std::uint64_t used_index(unsigned queue) { return get(device_area(queue) + 2, 2); }
  /// Head and length of a used element.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> used(unsigned queue, std::uint64_t index) {
    const bus::Address at = device_area(queue) + 4 + 8 * (index % queue_size);
    return {get(at, 4), get(at + 4, 4)};
  }

  void put(bus::Address at, unsigned size, std::uint64_t value) {
    base::expects(bench_->space.write(at, size, value), "VirtioDriver: the place is memory");
  }
  [[nodiscard]] std::uint64_t get(bus::Address at, unsigned size) { return bench_->space.read(at, size).value(); }
  void put_text(bus::Address at, std::string_view text) {
    base::expects(bench_->space.copy_to(at, std::as_bytes(std::span(text))), "VirtioDriver: the place is memory");
  }
  [[nodiscard]] std::string get_text(bus::Address at, std::size_t size) {
    std::string text(size, '\0');
    base::expects(bench_->space.copy_from(at, std::as_writable_bytes(std::span(text))),
                  "VirtioDriver: the place is memory");
    return text;
  }

 private:
  Workbench* bench_;
  bus::Window* transport_;
};

}  // namespace fermata::device::testing
