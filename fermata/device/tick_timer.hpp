// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "fermata/bus/registers.hpp"
#include "fermata/clock/timer.hpp"
#include "fermata/time/frequency.hpp"

namespace fermata::device {

/// The tick timer of the CPIOM board: a 32-bit counter, decremented at a frequency that SCALE divides, with an
/// interrupt at 0. Registers: CONTROL 0x00, SCALE 0x04, STATUS 0x08, TIME_COUNTER 0x0c, RELOAD 0x10; 32-bit accesses.
///
/// All times are computed from the start of the count in exact rational arithmetic: expiry number k comes at
/// start + floor(k * count * period), a read gives count - floor(elapsed / period). A guest may poll as often as it
/// likes without slowing the count down. A RELOAD of 0 ends a periodic count at its expiry.
class TickTimer final : public bus::Device, public bus::Window {
 public:
  static constexpr std::uint64_t window_size = 0x1000;

  /// Stretches or shrinks the count: it runs numerator/denominator times as fast as its frequency says.
  struct Speed {
    std::uint64_t numerator = 1;
    std::uint64_t denominator = 1;
  };
  struct Config {
    std::string name = "tick_timer";
    time::Frequency frequency{1'000'000};
    Speed speed{};
  };

  /// Needs `ports.timers` and `ports.irq`. Throws base::BadArgument for a speed of 0, or if frequency and speed
  /// together have not enough small factors to be computed in 64 bits.
  TickTimer(Config config, const bus::Ports& ports);

  [[nodiscard]] std::string_view name() const override { return config_.name; }
  void reset() override;
  void save(state::Writer& writer) const override;
  void load(state::Reader& reader) override;

  [[nodiscard]] std::uint64_t read(bus::Address offset, unsigned size) override;
  void write(bus::Address offset, unsigned size, std::uint64_t value) override;
  [[nodiscard]] bus::AccessRules rules() const override { return {.min_size = 4, .max_size = 4}; }

  /// The declared registers as text.
  [[nodiscard]] static std::string describe_registers();

 private:
  enum class Count : std::uint8_t { stopped, running, frozen };
  /// Nanoseconds a tick with SCALE 1, as a reduced ratio.
  struct Period {
    std::uint64_t numerator;
    std::uint64_t denominator;
  };
  static const bus::Register<TickTimer> table[5];
  static Period period_of(const Config& config);

  [[nodiscard]] time::Instant now() const;
  [[nodiscard]] time::Duration elapsed() const;
  [[nodiscard]] std::uint64_t counts_left() const;
  void start(std::uint32_t count);
  void catch_up();
  void arm();
  void stop() { count_ = Count::stopped; }
  void freeze_or_go_on();
  void update_irq();

  std::uint64_t read_status(unsigned index);
  std::uint64_t read_counter(unsigned index);
  void control_written(unsigned index, std::uint64_t value);
  void scale_written(unsigned index, std::uint64_t value);
  void counter_written(unsigned index, std::uint64_t value);

  Config config_;
  Period period_;
  bus::Ports ports_;
  bus::Registers<TickTimer> registers_;
  clock::Timer timer_;

  std::uint32_t control_ = 0;
  std::uint32_t scale_ = 0;
  std::uint32_t status_ = 0;  // bit 0 only
  std::uint32_t reload_ = 0;
  Count count_ = Count::stopped;
  std::uint32_t running_scale_ = 1;  // of the count under way
  std::uint32_t period_count_ = 0;   // ticks of the period under way
  std::uint64_t ticks_to_end_ = 0;   // from the start to the end of the period under way
  time::Instant start_;
  time::Duration frozen_elapsed_;  // while frozen
};

}  // namespace fermata::device
