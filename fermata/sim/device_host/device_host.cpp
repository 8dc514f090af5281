// SPDX-License-Identifier: MIT
//
// How far the guest may go. At a device's timer it stands, so that the timer runs there and a line that it drives
// reaches the guest at that instant. At an access it stands as well: the channel is reactive. But a grant cannot be
// taken back: if the access makes the device arm a timer, that must not be before the horizon which the guest has
// already. So the guest never has more than `reaction` from the earliest instant at which it can access the device:
// from where it stands, or, if it is idle, from where it wakes.
#include "fermata/sim/device_host/device_host.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fermata/base/error.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"
#include "fermata/time/saturating.hpp"
#include "fermata/time/units.hpp"

namespace fermata::sim {

void DeviceHost::Errors::guest_error(std::string_view device, const std::string& what) {
  host_->guest_->record_guest_error(host_->time_.now(), device, what);
}

bool DeviceHost::Dma::read(bus::Address at, std::span<std::byte> into) {
  return channel_.read_now(at, into, host_->limit_);
}

bool DeviceHost::Dma::write(bus::Address at, std::span<const std::byte> bytes) {
  return channel_.write_now(at, bytes, host_->limit_);
}

bool DeviceHost::NoDma::read(bus::Address at, std::span<std::byte> into) {
  errors_->guest_error(device_, fmt::format("read of {} bytes of memory at {:#x}: the device was given no dma channel",
                                            into.size(), at));
  return false;
}

bool DeviceHost::NoDma::write(bus::Address at, std::span<const std::byte> bytes) {
  errors_->guest_error(device_, fmt::format("write of {} bytes of memory at {:#x}: the device was given no dma channel",
                                            bytes.size(), at));
  return false;
}

DeviceHost::DeviceHost(LinkGuest& guest) : guest_(&guest), granted_(guest.now()) { time_.set(guest.now()); }

DeviceHost::~DeviceHost() {
  for (const auto& place : places_) {
    place->channel.on_read({});
    place->channel.on_write({});
  }
}

bus::Ports DeviceHost::ports(std::string_view window, std::string_view line, std::string_view dma) {
  const std::string name = guest_->mmio(window).declared().name;
  Outlet outlet{.irq = std::make_unique<bus::IrqLine>(), .dma = std::make_unique<NoDma>(errors_, name)};
  if (!dma.empty()) {
    const DmaChannel channel = guest_->dma(dma);
    if (!channel.is_reactive()) {
      throw base::BadArgument(fmt::format(
          "dma \"{}\": a device needs the guest to stand at its answers; name the channel in LinkOptions::reactive",
          dma));
    }
    outlet.dma = std::make_unique<Dma>(*this, channel);
  }
  if (!line.empty()) {
    outlet.irq->connect([this, channel = guest_->line(line)](bool level) { drive(channel, level); });
  }
  outlets_.push_back(std::move(outlet));
  return {.timers = &timers_, .irq = outlets_.back().irq.get(), .dma = outlets_.back().dma.get(), .errors = &errors_};
}

void DeviceHost::connect(std::string_view window, bus::Device& device, bus::Window& registers, const Timing& timing) {
  MmioChannel channel = guest_->mmio(window);
  if (!channel.is_reactive()) {
    throw base::BadArgument(fmt::format(
        "window \"{}\": a device needs the guest to stand at its writes; name the channel in LinkOptions::reactive",
        window));
  }
  if (timing.latency < time::Duration::zero() || timing.reaction <= time::Duration::zero()) {
    throw base::BadArgument(
        fmt::format("timing of \"{}\": latency {} ns, reaction {} ns; they are 0 or more, and 1 or more", window,
                    timing.latency.ns(), timing.reaction.ns()));
  }
  places_.push_back(std::make_unique<Place>(Place{channel, &device, &registers, timing}));
  const Place& place = *places_.back();
  channel.on_read(
      [this, &place](time::Instant at, std::uint64_t offset, unsigned size) { return read(place, at, offset, size); });
  channel.on_write([this, &place](time::Instant at, std::uint64_t offset, unsigned size, std::uint64_t value) {
    write(place, at, offset, size, value);
  });
}

void DeviceHost::drive(LineChannel line, bool level) {
  if (!is_restoring_) {
    line.set(std::max(time_.now(), guest_->earliest_input()), level);
  }
}

bool DeviceHost::is_allowed(const Place& place, std::string_view verb, bus::Address offset, unsigned size) {
  const bus::AccessRules rules = place.registers->rules();
  const bool is_allowed = size >= rules.min_size && size <= rules.max_size;
  if (!is_allowed) {
    errors_.guest_error(place.device->name(), fmt::format("{} of {} bytes at offset {:#x}, where {} to {} are taken",
                                                          verb, size, offset, rules.min_size, rules.max_size));
  }
  return is_allowed;
}

MmioValue DeviceHost::read(const Place& place, time::Instant at, bus::Address offset, unsigned size) {
  time_.set(at);
  const std::uint64_t value = is_allowed(place, "read", offset, size) ? place.registers->read(offset, size) : 0;
  after_access(place, at);
  return {value, time::saturating_add(at, place.timing.latency)};
}

void DeviceHost::write(const Place& place, time::Instant at, bus::Address offset, unsigned size, std::uint64_t value) {
  time_.set(at);
  if (is_allowed(place, "write", offset, size)) {
    place.registers->write(offset, size, value);
  }
  after_access(place, at);
}

// Timers that are due run as on the guest's board: after the access, before the next instruction.
void DeviceHost::after_access(const Place& place, time::Instant at) {
  settle(at);
  if (const auto next = timers_.earliest(); next && *next < granted_) {
    throw base::Error(
        base::ErrorCode::unsupported,
        fmt::format("{} has armed a timer for {} s at an access at {} s, {} ns later, when the guest had a grant until "
                    "{} s: declare a shorter reaction than {} ns",
                    place.device->name(), time::to_seconds_string(*next), time::to_seconds_string(at),
                    (*next - at).ns(), time::to_seconds_string(granted_), place.timing.reaction.ns()));
  }
}

// Runs what is due where the guest stands.
void DeviceHost::settle(time::Instant now) {
  time_.set(now);
  for (auto next = timers_.earliest(); next && *next <= now; next = timers_.earliest()) {
    static_cast<void>(timers_.run_due());
  }
}

time::Instant DeviceHost::next_horizon(time::Instant horizon) const {
  if (const auto timer = timers_.earliest()) {
    horizon = std::min(horizon, *timer);
  }
  if (const auto active = guest_->next_activity()) {
    for (const auto& place : places_) {
      horizon = std::min(horizon, time::saturating_add(*active, place->timing.reaction));
    }
  }
  return horizon;
}

wire::Stop DeviceHost::run_until(time::Instant horizon, host::HostDuration limit) {
  limit_ = limit;
  wire::Stop stop;
  do {
    settle(guest_->now());
    granted_ = std::max(granted_, next_horizon(horizon));
    stop = guest_->run_until_output(granted_, limit);
    settle(guest_->now());
  } while (!wire::ends_the_guest(stop.reason) && (stop.reason == wire::StopReason::output || stop.now < horizon));
  return stop;
}

void DeviceHost::checkpoint(const std::string& name, host::HostDuration limit) {
  guest_->checkpoint(name, limit);
  state::Writer writer;
  timers_.save(writer);
  for (const auto& place : places_) {
    place->device->save(writer);
  }
  checkpoints_[name] = writer.take();
}

void DeviceHost::restore(const std::string& name, host::HostDuration limit) {
  const auto found = checkpoints_.find(name);
  if (found == checkpoints_.end()) {
    throw base::Error(
        base::ErrorCode::unsupported,
        fmt::format("there is no checkpoint \"{}\" of the devices: make it by DeviceHost::checkpoint", name));
  }
  guest_->restore(name, limit);
  is_restoring_ = true;
  for (const auto& place : places_) {
    place->device->reset();
  }
  time_.set(guest_->now());
  granted_ = guest_->now();
  state::Reader reader(found->second);
  timers_.load(reader);
  for (const auto& place : places_) {
    place->device->load(reader);
  }
  is_restoring_ = false;
}

}  // namespace fermata::sim
