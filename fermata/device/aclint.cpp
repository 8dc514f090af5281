// SPDX-License-Identifier: MIT
#include "fermata/device/aclint.hpp"

#include <fmt/format.h>

#include <limits>

#include "fermata/base/error.hpp"

namespace fermata::device {
namespace {

__extension__ using Wide = unsigned __int128;

}  // namespace

constinit const bus::Register<Aclint> Aclint::table[3] = {
    {.info = {.name = "mtimecmp", .offset = 0x4000, .size = 8, .count = max_harts, .stride = 8},
     .on_read = &Aclint::read_mtimecmp,
     .on_write = &Aclint::mtimecmp_written},
    {.info = {.name = "mtime", .offset = 0xbff8, .size = 8},
     .on_read = &Aclint::read_mtime_register,
     .on_write = &Aclint::mtime_written},
    {.info = {.name = "msip", .offset = 0x0000, .count = max_harts, .stride = 4},
     .on_read = &Aclint::read_msip,
     .on_write = &Aclint::msip_written},
};

Aclint::Aclint(Config config, const bus::Ports& ports, std::vector<HartLines> harts)
    : config_(std::move(config)), ports_(ports), registers_(*this, table, ports.errors) {
  if (harts.empty() || harts.size() > max_harts) {
    throw base::BadArgument(fmt::format("harts of `{}`: {}; from 1 to {}", config_.name, harts.size(), max_harts));
  }
  harts_.reserve(harts.size());
  for (const HartLines& lines : harts) {
    auto timer = std::make_unique<clock::Timer>(*ports_.timers, [line = lines.timer] { line->set(true); });
    harts_.push_back({.lines = lines, .mtimecmp = 0, .timer = std::move(timer)});
    lines.timer->set(true);  // mtimecmp is not above mtime
  }
}

std::string Aclint::describe_registers() { return bus::Registers<Aclint>::describe(table); }

void Aclint::reset() {
  mtime_offset_ = 0 - ticks();
  for (HartTimer& each : harts_) {
    each.lines.software->set(false);
    set_mtimecmp(each, 0);
  }
}

time::Instant Aclint::now() const { return ports_.timers->clock().now(); }

std::uint64_t Aclint::ticks() const { return config_.timebase.ticks_at(now()); }

std::uint64_t Aclint::read_mtime() const { return ticks() + mtime_offset_; }

// Nothing if that is beyond the range of time.
std::optional<time::Instant> Aclint::instant_after(std::uint64_t ticks) const {
  const Wide ns =
      Wide{ticks} * (Wide{config_.timebase.denominator()} * 1'000'000'000) / config_.timebase.numerator_hz();
  const std::int64_t now_ns = now().since_origin().ns();
  const std::uint64_t room = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() - now_ns);
  if (ns > room) {
    return std::nullopt;
  }
  return time::Instant::at(time::Duration::nanoseconds(now_ns + static_cast<std::int64_t>(ns)));
}

Aclint::HartTimer* Aclint::hart(unsigned index, std::string_view what) {
  if (index < harts_.size()) {
    return &harts_[index];
  }
  if (ports_.errors != nullptr) {
    ports_.errors->guest_error(name(),
                               fmt::format("access to {} of hart {}; there are {}", what, index, harts_.size()));
  }
  return nullptr;
}

void Aclint::set_mtimecmp(HartTimer& hart, std::uint64_t value) {
  hart.mtimecmp = value;
  const std::uint64_t mtime = read_mtime();
  if (value <= mtime) {
    hart.timer->cancel();
    hart.lines.timer->set(true);
    return;
  }
  hart.lines.timer->set(false);
  if (const auto at = instant_after(value - mtime)) {
    hart.timer->arm(*at);
  } else {
    hart.timer->cancel();
  }
}

std::uint64_t Aclint::read(bus::Address offset, unsigned size) { return registers_.read(offset, size); }

void Aclint::write(bus::Address offset, unsigned size, std::uint64_t value) { registers_.write(offset, size, value); }

std::uint64_t Aclint::read_msip(unsigned index) {
  const HartTimer* const found = hart(index, "msip");
  return found != nullptr && found->lines.software->level() ? 1 : 0;
}

void Aclint::msip_written(unsigned index, std::uint64_t value) {
  if (const HartTimer* const found = hart(index, "msip")) {
    found->lines.software->set((value & 1) != 0);
  }
}

std::uint64_t Aclint::read_mtimecmp(unsigned index) {
  const HartTimer* const found = hart(index, "mtimecmp");
  return found != nullptr ? found->mtimecmp : 0;
}

void Aclint::mtimecmp_written(unsigned index, std::uint64_t value) {
  if (HartTimer* const found = hart(index, "mtimecmp")) {
    set_mtimecmp(*found, value);
  }
}

std::uint64_t Aclint::read_mtime_register(unsigned /*index*/) { return read_mtime(); }

void Aclint::mtime_written(unsigned /*index*/, std::uint64_t value) {
  mtime_offset_ = value - ticks();
  for (HartTimer& each : harts_) {
    set_mtimecmp(each, each.mtimecmp);
  }
}

void Aclint::save(state::Writer& writer) const {
  writer.section("aclint");
  writer.u64(mtime_offset_);
  writer.u64(harts_.size());
  for (const HartTimer& each : harts_) {
    writer.u64(each.mtimecmp);
    writer.flag(each.lines.software->level());
    writer.flag(each.lines.timer->level());
    each.timer->save(writer);
  }
}

void Aclint::load(state::Reader& reader) {
  reader.section("aclint");
  mtime_offset_ = reader.u64();
  if (reader.u64() != harts_.size()) {
    reader.fail("it is of a machine with another number of harts");
  }
  for (HartTimer& each : harts_) {
    each.mtimecmp = reader.u64();
    each.lines.software->set(reader.flag());
    each.lines.timer->set(reader.flag());
    each.timer->load(reader);
  }
}

}  // namespace fermata::device
