// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/mmio_transport.hpp"

#include <fmt/format.h>

namespace fermata::device::virtio {
namespace {

constexpr std::uint32_t magic = 0x7472'6976;  // "virt"
constexpr std::uint32_t version = 2;
constexpr std::uint32_t vendor = 0x5446'4d46;  // "FMFT"
constexpr bus::Address config_space = 0x100;

constexpr std::uint64_t feature_indirect = std::uint64_t{1} << 28;
constexpr std::uint64_t feature_version_1 = std::uint64_t{1} << 32;

constexpr std::uint32_t status_driver_ok = 1U << 2;
constexpr std::uint32_t status_features_ok = 1U << 3;
constexpr std::uint32_t status_needs_reset = 1U << 6;

constexpr std::uint32_t interrupt_used = 1U << 0;
constexpr std::uint32_t interrupt_config = 1U << 1;

constexpr auto read_only = bus::RegisterAccess::read_only;
constexpr auto write_only = bus::RegisterAccess::write_only;

}  // namespace

// What a driver does at every request comes first.
std::span<const bus::Register<MmioTransport>> MmioTransport::registers() {
  using T = MmioTransport;
  using Layout = Queue::Layout;
  static constexpr bus::Register<T> table[] = {
      {.info = {.name = "QueueNotify", .offset = 0x50, .access = write_only}, .on_write = &T::notify_written},
      {.info = {.name = "InterruptStatus", .offset = 0x60, .access = read_only}, .field = &T::interrupt_status_},
      {.info = {.name = "InterruptACK", .offset = 0x64, .access = write_only}, .on_write = &T::interrupt_acknowledged},
      {.info = {.name = "MagicValue", .offset = 0x00, .access = read_only, .reset = magic}},
      {.info = {.name = "Version", .offset = 0x04, .access = read_only, .reset = version}},
      {.info = {.name = "DeviceID", .offset = 0x08, .access = read_only}, .on_read = &T::read_device_id},
      {.info = {.name = "VendorID", .offset = 0x0c, .access = read_only, .reset = vendor}},
      {.info = {.name = "DeviceFeatures", .offset = 0x10, .access = read_only}, .on_read = &T::read_device_features},
      {.info = {.name = "DeviceFeaturesSel", .offset = 0x14, .access = write_only},
       .field = &T::device_features_select_},
      {.info = {.name = "DriverFeatures", .offset = 0x20, .access = write_only},
       .on_write = &T::driver_features_written},
      {.info = {.name = "DriverFeaturesSel", .offset = 0x24, .access = write_only},
       .field = &T::driver_features_select_},
      {.info = {.name = "QueueSel", .offset = 0x30, .access = write_only}, .field = &T::queue_select_},
      {.info = {.name = "QueueNumMax", .offset = 0x34, .access = read_only}, .on_read = &T::read_queue_max},
      {.info = {.name = "QueueNum", .offset = 0x38, .access = write_only}, .on_write = &T::queue_size_written},
      {.info = {.name = "QueueReady", .offset = 0x44},
       .on_read = &T::read_queue_ready,
       .on_write = &T::queue_ready_written},
      {.info = {.name = "Status", .offset = 0x70}, .field = &T::status_, .writable = 0, .on_write = &T::status_written},
      {.info = {.name = "QueueDesc", .offset = 0x80, .access = write_only, .count = 2, .stride = 4},
       .on_write = &T::area_written<&Layout::descriptors>},
      {.info = {.name = "QueueDriver", .offset = 0x90, .access = write_only, .count = 2, .stride = 4},
       .on_write = &T::area_written<&Layout::driver_area>},
      {.info = {.name = "QueueDevice", .offset = 0xa0, .access = write_only, .count = 2, .stride = 4},
       .on_write = &T::area_written<&Layout::device_area>},
      {.info = {.name = "SHMSel", .offset = 0xac, .access = write_only}},
      {.info = {.name = "SHMLen", .offset = 0xb0, .access = read_only, .reset = 0xffff'ffff, .count = 2, .stride = 4}},
      {.info = {.name = "SHMBase", .offset = 0xb8, .access = read_only, .reset = 0xffff'ffff, .count = 2, .stride = 4}},
      {.info = {.name = "ConfigGeneration", .offset = 0xfc, .access = read_only}},
  };
  return table;
}

MmioTransport::MmioTransport(Config config, const bus::Ports& ports, Model* model)
    : config_(std::move(config)), ports_(ports), model_(model), registers_(*this, registers(), ports.errors) {
  if (model_ != nullptr) {
    queues_.reserve(model_->queue_count());
    for (unsigned i = 0; i < model_->queue_count(); ++i) {
      queues_.push_back({.queue = Queue(*ports_.dma), .layout = {}});
    }
    model_->attach(*this);
  }
}

std::string MmioTransport::describe_registers() { return bus::Registers<MmioTransport>::describe(registers()); }

void MmioTransport::reset() {
  registers_.reset();
  driver_features_ = 0;
  for (Selected& each : queues_) {
    each.queue.disable();
    each.layout = {};
  }
  if (model_ != nullptr) {
    model_->reset();
  }
  update_irq();
}

bool MmioTransport::is_running() const {
  return (status_ & (status_driver_ok | status_needs_reset)) == status_driver_ok;
}

void MmioTransport::used(unsigned queue) {
  if (queues_[queue].queue.wants_interrupt()) {
    interrupt(interrupt_used);
  }
}

void MmioTransport::fail(const std::string& what) {
  guest_error(what + "; the device needs a reset");
  // The driver is told only once it has begun to use the device (virtio 1.2, section 2.1.2).
  const bool is_driven = (status_ & status_driver_ok) != 0;
  status_ |= status_needs_reset;
  if (is_driven) {
    interrupt(interrupt_config);
  }
}

std::uint64_t MmioTransport::offered() const {
  return model_ == nullptr ? 0 : model_->features() | feature_version_1 | feature_indirect;
}

MmioTransport::Selected* MmioTransport::selected() {
  return queue_select_ < queues_.size() ? &queues_[queue_select_] : nullptr;
}

void MmioTransport::guest_error(const std::string& what) {
  if (ports_.errors != nullptr) {
    ports_.errors->guest_error(name(), what);
  }
}

void MmioTransport::interrupt(std::uint32_t bit) {
  interrupt_status_ |= bit;
  update_irq();
}

void MmioTransport::update_irq() { ports_.irq->set(interrupt_status_ != 0); }

void MmioTransport::check_queue(unsigned index) {
  if (const auto& fault = queues_[index].queue.fault(); fault && is_running()) {
    fail(fmt::format("queue {}: {}", index, *fault));
  }
}

std::uint64_t MmioTransport::read(bus::Address offset, unsigned size) {
  if (offset < config_space) {
    if (size == 4) {
      return registers_.read(offset, size);
    }
  } else if (size <= 4) {
    return model_ != nullptr ? model_->read_config(offset - config_space, size) : 0;
  }
  guest_error(bus::describe_misuse("read", offset, size, "control registers take 4 bytes, the configuration up to 4"));
  return 0;
}

void MmioTransport::write(bus::Address offset, unsigned size, std::uint64_t value) {
  if (offset < config_space && size == 4) {
    registers_.write(offset, size, value);
  } else if (offset < config_space || size > 4) {
    guest_error(
        bus::describe_misuse("write", offset, size, "control registers take 4 bytes, the configuration up to 4"));
  } else if (model_ == nullptr || !model_->write_config(offset - config_space, size, value)) {
    guest_error(bus::describe_misuse("write", offset, size, "nothing of the configuration there can be written"));
  }
}

std::uint64_t MmioTransport::read_device_id(unsigned /*index*/) { return model_ != nullptr ? model_->device_id() : 0; }

std::uint64_t MmioTransport::read_device_features(unsigned /*index*/) {
  return device_features_select_ < 2 ? offered() >> (32 * device_features_select_) & 0xffff'ffff : 0;
}

void MmioTransport::driver_features_written(unsigned /*index*/, std::uint64_t value) {
  if ((status_ & status_features_ok) != 0) {
    guest_error("write to DriverFeatures after FEATURES_OK: ignored");
  } else if (driver_features_select_ < 2) {
    const unsigned shift = 32 * driver_features_select_;
    driver_features_ = (driver_features_ & ~(std::uint64_t{0xffff'ffff} << shift)) | value << shift;
  }
}

std::uint64_t MmioTransport::read_queue_max(unsigned /*index*/) { return selected() != nullptr ? Queue::max_size : 0; }

void MmioTransport::queue_size_written(unsigned /*index*/, std::uint64_t value) {
  if (Selected* const found = selected(); found != nullptr && !found->queue.is_enabled()) {
    found->layout.size = static_cast<std::uint32_t>(value);
  } else {
    guest_error(fmt::format("write to QueueNum of queue {}, which is in use or not there: ignored", queue_select_));
  }
}

std::uint64_t MmioTransport::read_queue_ready(unsigned /*index*/) {
  const Selected* const found = selected();
  return found != nullptr && found->queue.is_enabled() ? 1 : 0;
}

void MmioTransport::queue_ready_written(unsigned /*index*/, std::uint64_t value) {
  Selected* const found = selected();
  if (found == nullptr) {
    guest_error(fmt::format("write to QueueReady of queue {}, which is not there: ignored", queue_select_));
  } else if ((value & 1) == 0) {
    found->queue.disable();
  } else if (!found->queue.is_enabled()) {
    if (const auto wrong = found->queue.enable(found->layout, (driver_features_ & feature_indirect) != 0)) {
      guest_error(*wrong);
    }
  }
}

void MmioTransport::notify_written(unsigned /*index*/, std::uint64_t value) {
  if (value >= queues_.size() || !is_running() || !queues_[value].queue.is_enabled()) {
    guest_error(fmt::format("notification of queue {}, which is not in use: ignored", value));
    return;
  }
  const auto index = static_cast<unsigned>(value);
  model_->notified(index);
  check_queue(index);
}

void MmioTransport::interrupt_acknowledged(unsigned /*index*/, std::uint64_t value) {
  interrupt_status_ &= ~static_cast<std::uint32_t>(value);
  update_irq();
}

void MmioTransport::status_written(unsigned /*index*/, std::uint64_t value) {
  if (value == 0) {
    reset();
    return;
  }
  auto written = static_cast<std::uint32_t>(value & 0xff) | (status_ & status_needs_reset);
  const bool wants_features = (written & ~status_ & status_features_ok) != 0;
  if (wants_features && ((driver_features_ & ~offered()) != 0 || (driver_features_ & feature_version_1) == 0)) {
    guest_error(
        fmt::format("features {:#x} of offered {:#x} (bit 32 is needed): refused", driver_features_, offered()));
    written &= ~status_features_ok;
  }
  if ((written & status_driver_ok) != 0 && (written & status_features_ok) == 0) {
    guest_error("DRIVER_OK without FEATURES_OK: ignored");
    written &= ~status_driver_ok;
  }
  const bool has_started = (written & ~status_ & status_driver_ok) != 0;
  status_ = written;
  if (has_started && is_running() && model_ != nullptr) {
    model_->started();
  }
}

template <std::uint64_t Queue::Layout::*part>
void MmioTransport::area_written(unsigned index, std::uint64_t value) {
  Selected* const found = selected();
  if (found == nullptr || found->queue.is_enabled()) {
    guest_error(fmt::format("write to an address of queue {}, which is in use or not there: ignored", queue_select_));
    return;
  }
  std::uint64_t& area = found->layout.*part;
  area = index == 0 ? (area & ~std::uint64_t{0xffff'ffff}) | value : (area & 0xffff'ffff) | value << 32;
}

void MmioTransport::save(state::Writer& writer) const {
  writer.section("virtio_mmio");
  writer.u32(model_ != nullptr ? model_->device_id() : 0);
  for (const std::uint32_t field :
       {device_features_select_, driver_features_select_, queue_select_, interrupt_status_, status_}) {
    writer.u32(field);
  }
  writer.u64(driver_features_);
  for (const Selected& each : queues_) {
    writer.u32(each.layout.size);
    writer.u64(each.layout.descriptors);
    writer.u64(each.layout.driver_area);
    writer.u64(each.layout.device_area);
    each.queue.save(writer);
  }
  if (model_ != nullptr) {
    model_->save(writer);
  }
}

void MmioTransport::load(state::Reader& reader) {
  reader.section("virtio_mmio");
  if (reader.u32() != (model_ != nullptr ? model_->device_id() : 0)) {
    reader.fail("another device is in this slot");
  }
  for (std::uint32_t* const field :
       {&device_features_select_, &driver_features_select_, &queue_select_, &interrupt_status_, &status_}) {
    *field = reader.u32();
  }
  driver_features_ = reader.u64();
  for (Selected& each : queues_) {
    each.layout.size = reader.u32();
    each.layout.descriptors = reader.u64();
    each.layout.driver_area = reader.u64();
    each.layout.device_area = reader.u64();
    each.queue.load(reader);
  }
  if (model_ != nullptr) {
    model_->load(reader);
  }
  update_irq();
}

}  // namespace fermata::device::virtio
