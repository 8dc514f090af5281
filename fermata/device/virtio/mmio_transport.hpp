// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fermata/bus/registers.hpp"
#include "fermata/device/virtio/model.hpp"

namespace fermata::device::virtio {

/// Virtio over MMIO, version 2 of the register layout (virtio 1.2, section 4.2); the legacy version 1 is not offered.
/// Control registers take 32-bit accesses only; the configuration space from 0x100 on takes 8, 16 and 32 bits. The
/// interrupt is a level: high while InterruptStatus is not 0.
///
/// Without a model it is an empty slot: device ID 0, which drivers pass over.
class MmioTransport final : public bus::Device, public bus::Window, private ModelPort {
 public:
  static constexpr std::uint64_t window_size = 0x200;

  struct Config {
    std::string name = "virtio";
  };

  /// Needs `ports.irq`, and `ports.dma` if there is a model, which outlives it and sits in no other transport.
  MmioTransport(Config config, const bus::Ports& ports, Model* model = nullptr);

  [[nodiscard]] std::string_view name() const override { return config_.name; }
  void reset() override;
  /// The model's state is part of it.
  void save(state::Writer& writer) const override;
  void load(state::Reader& reader) override;

  [[nodiscard]] std::uint64_t read(bus::Address offset, unsigned size) override;
  void write(bus::Address offset, unsigned size, std::uint64_t value) override;
  [[nodiscard]] bus::AccessRules rules() const override { return {.min_size = 1, .max_size = 8}; }

  [[nodiscard]] static std::string describe_registers();

 private:
  struct Selected {
    Queue queue;
    Queue::Layout layout;
  };
  static std::span<const bus::Register<MmioTransport>> registers();

  [[nodiscard]] Queue& queue(unsigned index) override { return queues_[index].queue; }
  [[nodiscard]] std::uint64_t features() const override { return driver_features_; }
  [[nodiscard]] bool is_running() const override;
  void used(unsigned queue) override;
  void fail(const std::string& what) override;

  [[nodiscard]] std::uint64_t offered() const;
  [[nodiscard]] Selected* selected();
  void guest_error(const std::string& what);
  void interrupt(std::uint32_t bit);
  void update_irq();
  void check_queue(unsigned index);

  std::uint64_t read_device_id(unsigned index);
  std::uint64_t read_device_features(unsigned index);
  void driver_features_written(unsigned index, std::uint64_t value);
  std::uint64_t read_queue_max(unsigned index);
  void queue_size_written(unsigned index, std::uint64_t value);
  std::uint64_t read_queue_ready(unsigned index);
  void queue_ready_written(unsigned index, std::uint64_t value);
  void notify_written(unsigned index, std::uint64_t value);
  void interrupt_acknowledged(unsigned index, std::uint64_t value);
  void status_written(unsigned index, std::uint64_t value);
  template <std::uint64_t Queue::Layout::*part>
  void area_written(unsigned index, std::uint64_t value);

  Config config_;
  bus::Ports ports_;
  Model* model_;
  bus::Registers<MmioTransport> registers_;
  std::vector<Selected> queues_;

  std::uint32_t device_features_select_ = 0;
  std::uint32_t driver_features_select_ = 0;
  std::uint64_t driver_features_ = 0;
  std::uint32_t queue_select_ = 0;
  std::uint32_t interrupt_status_ = 0;
  std::uint32_t status_ = 0;
};

}  // namespace fermata::device::virtio
