// SPDX-License-Identifier: MIT
#include "fermata/device/tick_timer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "fermata/base/error.hpp"
#include "fermata/time/saturating.hpp"

namespace fermata::device {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint32_t interrupt_enable = 1U << 0;
constexpr std::uint32_t periodic = 1U << 1;
constexpr std::uint32_t active = 1U << 2;
constexpr std::uint32_t expired = 1U << 0;
constexpr std::uint32_t running = 1U << 1;
constexpr std::uint32_t max_scale = 65'535;

void reduce(std::uint64_t& a, std::uint64_t& b) {
  const std::uint64_t common = std::gcd(a, b);
  a /= common;
  b /= common;
}

constexpr std::int64_t latest_ns = std::numeric_limits<std::int64_t>::max();

}  // namespace

constinit const bus::Register<TickTimer> TickTimer::table[5] = {
    {.info = {.name = "CONTROL", .offset = 0x00, .reset = 0b101},
     .field = &TickTimer::control_,
     .writable = 0b111,
     .on_write = &TickTimer::control_written},
    {.info = {.name = "SCALE", .offset = 0x04, .reset = 1},
     .field = &TickTimer::scale_,
     .writable = 0,
     .on_write = &TickTimer::scale_written},
    {.info = {.name = "STATUS", .offset = 0x08, .access = bus::RegisterAccess::write_one_to_clear},
     .field = &TickTimer::status_,
     .writable = expired,
     .on_read = &TickTimer::read_status},
    {.info = {.name = "TIME_COUNTER", .offset = 0x0c},
     .on_read = &TickTimer::read_counter,
     .on_write = &TickTimer::counter_written},
    {.info = {.name = "RELOAD", .offset = 0x10}, .field = &TickTimer::reload_},
};

TickTimer::Period TickTimer::period_of(const Config& config) {
  if (config.speed.numerator == 0 || config.speed.denominator == 0) {
    throw base::BadArgument(fmt::format("speed of `{}`: {}/{}; numerator and denominator are at least 1", config.name,
                                        config.speed.numerator, config.speed.denominator));
  }
  std::uint64_t numerators[] = {1'000'000'000, config.frequency.denominator(), config.speed.denominator};
  std::uint64_t denominators[] = {config.frequency.numerator_hz(), config.speed.numerator};
  for (std::uint64_t& numerator : numerators) {
    for (std::uint64_t& denominator : denominators) {
      reduce(numerator, denominator);
    }
  }
  Period period{.numerator = 1, .denominator = 1};
  std::uint64_t widest = 0;
  bool is_too_wide = __builtin_mul_overflow(denominators[0], denominators[1], &period.denominator);
  for (const std::uint64_t numerator : numerators) {
    is_too_wide = __builtin_mul_overflow(period.numerator, numerator, &period.numerator) || is_too_wide;
  }
  is_too_wide = __builtin_mul_overflow(period.numerator, std::uint64_t{max_scale}, &widest) || is_too_wide;
  if (is_too_wide) {
    throw base::BadArgument(fmt::format(
        "frequency of `{}`: {}/{} Hz at {}/{} times the speed; the ns of a tick, as a reduced ratio and times 65535, "
        "are within 64 bits",
        config.name, config.frequency.numerator_hz(), config.frequency.denominator(), config.speed.numerator,
        config.speed.denominator));
  }
  return period;
}

TickTimer::TickTimer(Config config, const bus::Ports& ports)
    : config_(std::move(config)),
      period_(period_of(config_)),
      ports_(ports),
      registers_(*this, table, ports.errors),
      timer_(*ports.timers, [this] { catch_up(); }) {
  registers_.reset();
}

std::string TickTimer::describe_registers() { return bus::Registers<TickTimer>::describe(table); }

void TickTimer::reset() {
  registers_.reset();
  timer_.cancel();
  count_ = Count::stopped;
  running_scale_ = 1;
  period_count_ = 0;
  ticks_to_end_ = 0;
  start_ = {};
  frozen_elapsed_ = {};
  update_irq();
}

time::Instant TickTimer::now() const { return ports_.timers->clock().now(); }

time::Duration TickTimer::elapsed() const {
  return count_ == Count::frozen ? frozen_elapsed_
                                 : std::max(time::saturating_sub(now(), start_), time::Duration::zero());
}

std::uint64_t TickTimer::counts_left() const {
  if (count_ == Count::stopped) {
    return 0;
  }
  const Wide elapsed_ns = static_cast<Wide>(elapsed().ns());
  const Wide ticks = elapsed_ns * period_.denominator / (Wide{period_.numerator} * running_scale_);
  // floor(elapsed / period) may lag a tick behind an expiry, whose instant is rounded down: it never shows more than
  // the period that has just begun has.
  return std::min<std::uint64_t>(ticks_to_end_ - static_cast<std::uint64_t>(ticks), period_count_);
}

void TickTimer::start(std::uint32_t count) {
  timer_.cancel();
  reload_ = count;
  if (count == 0) {
    stop();
    status_ |= expired;
    return;
  }
  count_ = Count::running;
  running_scale_ = scale_;
  period_count_ = count;
  ticks_to_end_ = count;
  start_ = now();
  arm();
}

void TickTimer::catch_up() {
  if (count_ != Count::running) {
    return;
  }
  // Tick number n has come if floor(n * period) <= elapsed, which is n * period < elapsed + 1.
  const Wide numerator = Wide{period_.numerator} * running_scale_;
  const Wide come = ((static_cast<Wide>(elapsed().ns()) + 1) * period_.denominator - 1) / numerator;
  if (come < ticks_to_end_) {
    return;
  }
  status_ |= expired;
  if ((control_ & periodic) != 0 && reload_ != 0) {
    const std::uint64_t more = static_cast<std::uint64_t>((come - ticks_to_end_) / reload_) + 1;
    ticks_to_end_ += more * reload_;
    period_count_ = reload_;
    arm();
  } else {
    stop();
    timer_.cancel();
  }
  update_irq();
}

void TickTimer::arm() {
  const Wide ns = Wide{ticks_to_end_} * (Wide{period_.numerator} * running_scale_) / period_.denominator;
  const std::int64_t start_ns = start_.since_origin().ns();
  std::int64_t at = 0;
  if (ns > static_cast<Wide>(latest_ns) || __builtin_add_overflow(start_ns, static_cast<std::int64_t>(ns), &at)) {
    timer_.cancel();  // it never comes
    return;
  }
  timer_.arm(time::Instant::at(time::Duration::nanoseconds(at)));
}

void TickTimer::freeze_or_go_on() {
  const bool is_active = (control_ & active) != 0;
  if (count_ == Count::running && !is_active) {
    frozen_elapsed_ = elapsed();
    count_ = Count::frozen;
    timer_.cancel();
  } else if (count_ == Count::frozen && is_active) {
    start_ = now() - frozen_elapsed_;
    count_ = Count::running;
    arm();
  }
}

void TickTimer::update_irq() { ports_.irq->set((status_ & expired) != 0 && (control_ & interrupt_enable) != 0); }

std::uint64_t TickTimer::read(bus::Address offset, unsigned size) {
  catch_up();
  return registers_.read(offset, size);
}

void TickTimer::write(bus::Address offset, unsigned size, std::uint64_t value) {
  catch_up();
  registers_.write(offset, size, value);
  update_irq();
}

std::uint64_t TickTimer::read_status(unsigned /*index*/) { return status_ | (count_ == Count::running ? running : 0U); }

std::uint64_t TickTimer::read_counter(unsigned /*index*/) { return counts_left(); }

void TickTimer::control_written(unsigned /*index*/, std::uint64_t /*value*/) { freeze_or_go_on(); }

void TickTimer::scale_written(unsigned /*index*/, std::uint64_t value) {
  if (value >= 1 && value <= max_scale) {
    scale_ = static_cast<std::uint32_t>(value);
  } else if (ports_.errors != nullptr) {
    ports_.errors->guest_error(name(),
                               fmt::format("write of {} to SCALE, which takes 1 to {}: ignored", value, max_scale));
  }
}

void TickTimer::counter_written(unsigned /*index*/, std::uint64_t value) {
  if ((control_ & active) != 0) {
    start(static_cast<std::uint32_t>(value));
  }
}

void TickTimer::save(state::Writer& writer) const {
  writer.section("tick_timer");
  for (const std::uint32_t field : {control_, scale_, status_, reload_, running_scale_, period_count_}) {
    writer.u32(field);
  }
  writer.u8(static_cast<std::uint8_t>(count_));
  writer.u64(ticks_to_end_);
  writer.instant(start_);
  writer.duration(frozen_elapsed_);
  timer_.save(writer);
}

void TickTimer::load(state::Reader& reader) {
  reader.section("tick_timer");
  for (std::uint32_t* const field : {&control_, &scale_, &status_, &reload_, &running_scale_, &period_count_}) {
    *field = reader.u32();
  }
  const std::uint8_t count = reader.u8();
  if (count > static_cast<std::uint8_t>(Count::frozen) || scale_ == 0 || scale_ > max_scale || running_scale_ == 0 ||
      running_scale_ > max_scale) {
    reader.fail("a register has a value that it cannot have");
  }
  count_ = static_cast<Count>(count);
  ticks_to_end_ = reader.u64();
  start_ = reader.instant();
  frozen_elapsed_ = reader.duration();
  if (frozen_elapsed_ < time::Duration::zero()) {
    reader.fail("the count's start is out of range");
  }
  timer_.load(reader);
  update_irq();
}

}  // namespace fermata::device
