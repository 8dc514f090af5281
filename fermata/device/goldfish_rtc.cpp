// SPDX-License-Identifier: MIT
#include "fermata/device/goldfish_rtc.hpp"

#include <algorithm>
#include <limits>

namespace fermata::device {
namespace {

constexpr std::uint64_t low_half = 0xffff'ffff;

}  // namespace

constinit const bus::Register<GoldfishRtc> GoldfishRtc::table[8] = {
    {.info = {.name = "TIME_LOW", .offset = 0x00},
     .on_read = &GoldfishRtc::read_time_low,
     .on_write = &GoldfishRtc::time_low_written},
    {.info = {.name = "TIME_HIGH", .offset = 0x04},
     .field = &GoldfishRtc::latched_high_,
     .writable = 0,
     .on_write = &GoldfishRtc::time_high_written},
    {.info = {.name = "ALARM_LOW", .offset = 0x08},
     .field = &GoldfishRtc::alarm_low_,
     .on_write = &GoldfishRtc::alarm_low_written},
    {.info = {.name = "ALARM_HIGH", .offset = 0x0c}, .field = &GoldfishRtc::alarm_high_},
    {.info = {.name = "IRQ_ENABLED", .offset = 0x10},
     .field = &GoldfishRtc::irq_enabled_,
     .writable = 1,
     .on_write = &GoldfishRtc::irq_enabled_written},
    {.info = {.name = "CLEAR_ALARM", .offset = 0x14, .access = bus::RegisterAccess::write_only},
     .on_write = &GoldfishRtc::alarm_cleared},
    {.info = {.name = "ALARM_STATUS", .offset = 0x18, .access = bus::RegisterAccess::read_only},
     .on_read = &GoldfishRtc::read_alarm_status},
    {.info = {.name = "CLEAR_INTERRUPT", .offset = 0x1c, .access = bus::RegisterAccess::write_only},
     .on_write = &GoldfishRtc::interrupt_cleared},
};

GoldfishRtc::GoldfishRtc(Config config, const bus::Ports& ports)
    : config_(std::move(config)),
      ports_(ports),
      registers_(*this, table, ports.errors),
      timer_(*ports.timers, [this] { alarm_rings(); }),
      offset_ns_(config_.offset_ns) {}

std::string GoldfishRtc::describe_registers() { return bus::Registers<GoldfishRtc>::describe(table); }

void GoldfishRtc::reset() {
  cancel_alarm();
  registers_.reset();
  is_irq_pending_ = false;
  update_irq();
}

std::uint64_t GoldfishRtc::count_ns() const {
  return offset_ns_ + static_cast<std::uint64_t>(ports_.timers->clock().now().since_origin().ns());
}

void GoldfishRtc::set_count(std::uint64_t ns) { offset_ns_ += ns - count_ns(); }

void GoldfishRtc::arm_alarm() {
  cancel_alarm();
  const std::uint64_t alarm = std::uint64_t{alarm_high_} << 32 | alarm_low_;
  const std::uint64_t count = count_ns();
  if (alarm <= count) {
    alarm_rings();
    return;
  }
  is_alarm_set_ = true;
  constexpr auto latest_ns = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::int64_t now_ns = ports_.timers->clock().now().since_origin().ns();
  const std::uint64_t until_ns = alarm - count;
  if (until_ns <= latest_ns - static_cast<std::uint64_t>(std::max<std::int64_t>(now_ns, 0))) {
    timer_.arm(time::Instant::at(time::Duration::nanoseconds(now_ns + static_cast<std::int64_t>(until_ns))));
  }
}

void GoldfishRtc::cancel_alarm() {
  timer_.cancel();
  is_alarm_set_ = false;
}

void GoldfishRtc::alarm_rings() {
  is_alarm_set_ = false;
  is_irq_pending_ = true;
  update_irq();
}

void GoldfishRtc::update_irq() { ports_.irq->set(is_irq_pending_ && irq_enabled_ != 0); }

std::uint64_t GoldfishRtc::read(bus::Address offset, unsigned size) { return registers_.read(offset, size); }

void GoldfishRtc::write(bus::Address offset, unsigned size, std::uint64_t value) {
  registers_.write(offset, size, value);
}

std::uint64_t GoldfishRtc::read_time_low(unsigned /*index*/) {
  const std::uint64_t count = count_ns();
  latched_high_ = static_cast<std::uint32_t>(count >> 32);
  return count & low_half;
}

void GoldfishRtc::time_low_written(unsigned /*index*/, std::uint64_t value) {
  set_count((count_ns() & ~low_half) | value);
}

void GoldfishRtc::time_high_written(unsigned /*index*/, std::uint64_t value) {
  set_count((count_ns() & low_half) | value << 32);
}

void GoldfishRtc::alarm_low_written(unsigned /*index*/, std::uint64_t /*value*/) { arm_alarm(); }

void GoldfishRtc::irq_enabled_written(unsigned /*index*/, std::uint64_t /*value*/) { update_irq(); }

void GoldfishRtc::alarm_cleared(unsigned /*index*/, std::uint64_t /*value*/) { cancel_alarm(); }

std::uint64_t GoldfishRtc::read_alarm_status(unsigned /*index*/) { return is_alarm_set_ ? 1 : 0; }

void GoldfishRtc::interrupt_cleared(unsigned /*index*/, std::uint64_t /*value*/) {
  is_irq_pending_ = false;
  update_irq();
}

void GoldfishRtc::save(state::Writer& writer) const {
  writer.section("goldfish_rtc");
  writer.u64(offset_ns_);
  for (const std::uint32_t field : {latched_high_, alarm_low_, alarm_high_, irq_enabled_}) {
    writer.u32(field);
  }
  writer.flag(is_irq_pending_);
  writer.flag(is_alarm_set_);
  timer_.save(writer);
}

void GoldfishRtc::load(state::Reader& reader) {
  reader.section("goldfish_rtc");
  offset_ns_ = reader.u64();
  for (std::uint32_t* const field : {&latched_high_, &alarm_low_, &alarm_high_, &irq_enabled_}) {
    *field = reader.u32();
  }
  is_irq_pending_ = reader.flag();
  is_alarm_set_ = reader.flag();
  timer_.load(reader);
  update_irq();
}

}  // namespace fermata::device
