// SPDX-License-Identifier: MIT
#include "fermata/clock/clocks.hpp"

#include "fermata/base/contract.hpp"

namespace fermata::clock {

time::Instant Clocks::Realtime::now() const {
  return time::Instant::at(time::Duration::nanoseconds(monotonic_->now().since_boot.count()));
}

time::Instant Clocks::WallTime::now() const {
  return time::Instant::at(time::Duration::nanoseconds(wall_->now().since_epoch.count()));
}

Clocks::Clocks(const HostSources& host, const InstructionTime* instructions)
    : instructions_(instructions),
      realtime_(*host.monotonic),
      wall_time_(*host.wall),
      running_(*host.monotonic, *host.cycles),
      virtual_scale_(instructions == nullptr ? static_cast<const TimeSource&>(running_) : *instructions),
      jump_(*host.monotonic, *host.wall),
      clocks_{Clock(ClockKind::realtime, realtime_), Clock(ClockKind::virtual_time, virtual_scale_),
              Clock(ClockKind::host, wall_time_), Clock(ClockKind::virtual_rt, running_)} {}

bool Clocks::does_run_with_host(ClockKind kind) const {
  switch (kind) {
    case ClockKind::virtual_time: return instructions_ == nullptr && are_ticks_enabled();
    case ClockKind::virtual_rt: return are_ticks_enabled();
    default: return true;
  }
}

void Clocks::enable_ticks() {
  if (are_ticks_enabled()) {
    return;
  }
  running_.go_on();
  // Who waits for one of these clocks did not wait for a time that stood.
  at(ClockKind::virtual_rt).notify();
  if (virtual_time_kind() == VirtualTimeKind::host_driven) {
    virtual_time().notify();
  }
}

void Clocks::disable_ticks() { running_.freeze(); }

std::int64_t Clocks::cpu_ticks() const {
  return instructions_ == nullptr ? running_.cycles() : instructions_->now().since_origin().ns();
}

time::Instant Clocks::instruction_time() const {
  base::expects(instructions_ != nullptr, "Clocks: instructions are counted");
  return instructions_->now();
}

void Clocks::stop() {
  virtual_time().disable();
  disable_ticks();
}

void Clocks::resume() {
  enable_ticks();
  virtual_time().enable();
}

void Clocks::set_speed_factor(SpeedFactor factor) {
  virtual_scale_.set_factor(factor);
  virtual_time().notify();
}

void Clocks::set_default_notify(const std::function<void(ClockKind)>& notify) {
  for (Clock& clock : clocks_) {
    clock.set_default_notify(notify ? [notify, kind = clock.kind()] { notify(kind); } : std::function<void()>());
  }
}

void Clocks::look_for_host_clock_jump() {
  if (jump_.look()) {
    at(ClockKind::host).notify();
  }
}

}  // namespace fermata::clock
