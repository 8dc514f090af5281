// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fermata/bus/device.hpp"

namespace fermata::device::virtio {

/// A piece of guest memory that a driver lends to the device.
struct Segment {
  bus::Address at = 0;
  std::uint32_t size = 0;
};

/// What one entry of the available ring stands for.
struct Chain {
  std::uint16_t head = 0;
  std::vector<Segment> readable;  ///< by the device; they come first
  std::vector<Segment> writable;

  [[nodiscard]] std::uint64_t readable_size() const;
  [[nodiscard]] std::uint64_t writable_size() const;
};

/// A split virtqueue as the device sees it (virtio 1.2, section 2.7), with indirect descriptors. It believes the driver
/// nothing: what it finds in guest memory that cannot be is a fault, said once, after which the queue stands still.
class Queue {
 public:
  static constexpr unsigned max_size = 256;

  /// Where the driver has put the three parts.
  struct Layout {
    std::uint32_t size = 0;  ///< entries: a power of 2, at most `max_size`
    std::uint64_t descriptors = 0;
    std::uint64_t driver_area = 0;  ///< available ring
    std::uint64_t device_area = 0;  ///< used ring
  };

  /// `dma` outlives it.
  explicit Queue(bus::DmaPort& dma) : dma_(&dma) {}

  /// Takes the layout into use, or says what is wrong with it.
  [[nodiscard]] std::optional<std::string> enable(const Layout& layout, bool has_indirect);
  void disable();
  [[nodiscard]] bool is_enabled() const { return is_enabled_; }

  /// The next chain that the driver has made available; nothing if there is none, or on a fault.
  [[nodiscard]] std::optional<Chain> pop();
  /// True if `pop` would give a chain or a fault.
  [[nodiscard]] bool has_work();
  /// Gives a chain back with the number of bytes written into it. False on a fault.
  [[nodiscard]] bool push(std::uint16_t head, std::uint32_t written);
  /// False if the driver has asked for no interrupts.
  [[nodiscard]] bool wants_interrupt();
  /// What the driver did wrong, once there is something.
  [[nodiscard]] const std::optional<std::string>& fault() const { return fault_; }

  void save(state::Writer& writer) const;
  void load(state::Reader& reader);

 private:
  struct Descriptor {
    std::uint64_t at = 0;
    std::uint32_t size = 0;
    std::uint16_t flags = 0;
    std::uint16_t next = 0;
  };
  struct Table {
    std::uint64_t at = 0;
    std::uint32_t size = 0;
    bool is_indirect = false;
  };

  [[nodiscard]] std::optional<std::uint16_t> available_index();
  [[nodiscard]] std::optional<Descriptor> descriptor(const Table& table, std::uint16_t index);
  [[nodiscard]] bool collect(Table table, std::uint16_t first, Chain& chain);
  [[nodiscard]] bool enter_indirect(const Descriptor& at, Table& table);
  [[nodiscard]] bool add(const Descriptor& descriptor, Chain& chain);
  bool fail(std::string what);

  bus::DmaPort* dma_;
  Layout layout_;
  bool is_enabled_ = false;
  bool has_indirect_ = false;
  std::uint16_t next_available_ = 0;
  std::uint16_t next_used_ = 0;
  std::optional<std::string> fault_;
};

}  // namespace fermata::device::virtio
