// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "fermata/bus/device.hpp"
#include "fermata/bus/registers.hpp"
#include "fermata/bus/window.hpp"
#include "fermata/clock/timer.hpp"

namespace fermata::examples {

/// A watchdog: a guest that does not write KICK in time gets an interrupt. Registers, 32 bits each: TIMEOUT_US 0x00,
/// KICK 0x04 (any value, write only), BARKED 0x08 (1 from the interrupt until 1 is written). The model of
/// docs/writing-a-device.md.
class Watchdog final : public bus::Device, public bus::Window {
 public:
  static constexpr std::uint64_t window_size = 0x1000;

  /// Needs `ports.timers` and `ports.irq`.
  explicit Watchdog(const bus::Ports& ports) : ports_(ports) { reset(); }

  // bus::Window: the guest's accesses, in the thread that executes it
  [[nodiscard]] std::uint64_t read(bus::Address offset, unsigned size) override {
    return registers_.read(offset, size);
  }
  void write(bus::Address offset, unsigned size, std::uint64_t value) override {
    registers_.write(offset, size, value);
  }
  [[nodiscard]] bus::AccessRules rules() const override { return {.min_size = 4, .max_size = 4}; }

  // bus::Device
  [[nodiscard]] std::string_view name() const override { return "watchdog"; }
  void reset() override {
    timer_.cancel();
    registers_.reset();
    update_irq();
  }
  void save(state::Writer& writer) const override {
    writer.u32(timeout_us_);
    writer.u32(barked_);
    timer_.save(writer);
  }
  void load(state::Reader& reader) override {
    timeout_us_ = reader.u32();
    barked_ = reader.u32();
    timer_.load(reader);
    update_irq();
  }

 private:
  static const bus::Register<Watchdog> table[3];

  void kick(unsigned /*index*/, std::uint64_t /*value*/) {
    timer_.arm(timer_.list().clock().now() + time::Duration::microseconds(timeout_us_));
  }
  void bark() {
    barked_ = 1;
    update_irq();
  }
  void acknowledge(unsigned /*index*/, std::uint64_t /*value*/) { update_irq(); }
  void update_irq() { ports_.irq->set(barked_ != 0); }

  bus::Ports ports_;
  bus::Registers<Watchdog> registers_{*this, table, ports_.errors};
  clock::Timer timer_{*ports_.timers, [this] { bark(); }};
  std::uint32_t timeout_us_ = 0;
  std::uint32_t barked_ = 0;
};

inline constinit const bus::Register<Watchdog> Watchdog::table[3] = {
    {.info = {.name = "TIMEOUT_US", .offset = 0x00, .reset = 1000}, .field = &Watchdog::timeout_us_},
    {.info = {.name = "KICK", .offset = 0x04, .access = bus::RegisterAccess::write_only}, .on_write = &Watchdog::kick},
    {.info = {.name = "BARKED", .offset = 0x08, .access = bus::RegisterAccess::write_one_to_clear},
     .field = &Watchdog::barked_,
     .writable = 1,
     .on_write = &Watchdog::acknowledge},
};

}  // namespace fermata::examples
