// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "fermata/bus/registers.hpp"
#include "fermata/clock/timer.hpp"

namespace fermata::device {

/// Real-time clock of the Goldfish platform (Android emulator, GOLDFISH-VIRTUAL-HARDWARE, "goldfish_rtc"; also on
/// QEMU's virt board): nanoseconds since 1970 in two registers of 32 bits, and an alarm. TIME_LOW 0x00 (reading it
/// latches TIME_HIGH), TIME_HIGH 0x04, ALARM_LOW 0x08 (writing it arms the alarm), ALARM_HIGH 0x0c, IRQ_ENABLED 0x10,
/// CLEAR_ALARM 0x14, ALARM_STATUS 0x18, CLEAR_INTERRUPT 0x1c.
///
/// Runs on the clock of `ports.timers`, which may be another than the virtual clock: that choice is the machine's.
/// The time that a guest has set survives a reset, as a chip with a battery has it.
class GoldfishRtc final : public bus::Device, public bus::Window {
 public:
  static constexpr std::uint64_t window_size = 0x1000;

  struct Config {
    std::string name = "rtc";
    /// What to add to an instant of the clock, in ns, to get the ns since 1970-01-01 00:00.
    std::uint64_t offset_ns = 0;
  };

  /// Needs `ports.timers` and `ports.irq`.
  GoldfishRtc(Config config, const bus::Ports& ports);

  [[nodiscard]] std::string_view name() const override { return config_.name; }
  void reset() override;
  void save(state::Writer& writer) const override;
  void load(state::Reader& reader) override;

  [[nodiscard]] std::uint64_t read(bus::Address offset, unsigned size) override;
  void write(bus::Address offset, unsigned size, std::uint64_t value) override;
  [[nodiscard]] bus::AccessRules rules() const override { return {.min_size = 4, .max_size = 4}; }

  [[nodiscard]] static std::string describe_registers();

 private:
  static const bus::Register<GoldfishRtc> table[8];

  [[nodiscard]] std::uint64_t count_ns() const;
  void set_count(std::uint64_t ns);
  void arm_alarm();
  void cancel_alarm();
  void alarm_rings();
  void update_irq();

  std::uint64_t read_time_low(unsigned index);
  void time_low_written(unsigned index, std::uint64_t value);
  void time_high_written(unsigned index, std::uint64_t value);
  void alarm_low_written(unsigned index, std::uint64_t value);
  void irq_enabled_written(unsigned index, std::uint64_t value);
  void alarm_cleared(unsigned index, std::uint64_t value);
  std::uint64_t read_alarm_status(unsigned index);
  void interrupt_cleared(unsigned index, std::uint64_t value);

  Config config_;
  bus::Ports ports_;
  bus::Registers<GoldfishRtc> registers_;
  clock::Timer timer_;

  std::uint64_t offset_ns_;  // the configured one, until the guest sets the time
  std::uint32_t latched_high_ = 0;
  std::uint32_t alarm_low_ = 0;
  std::uint32_t alarm_high_ = 0;
  std::uint32_t irq_enabled_ = 0;
  bool is_alarm_set_ = false;  // the timer is armed too, unless it would never come
  bool is_irq_pending_ = false;
};

}  // namespace fermata::device
