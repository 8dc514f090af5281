// SPDX-License-Identifier: MIT
#include "fermata/clock/running_time.hpp"

#include <algorithm>

namespace fermata::clock {

RunningTime::RunningTime(const host::HostClock& monotonic, const host::CycleCounter& cycles)
    : monotonic_(&monotonic), cycle_counter_(&cycles) {}

time::Instant RunningTime::now() const {
  return time::Instant::at(time::Duration::nanoseconds(
      lock_.read([this] { return clock_ns_.load(std::memory_order_acquire) + (is_running() ? monotonic_ns() : 0); })));
}

std::int64_t RunningTime::cycles() const {
  const std::int64_t read = lock_.read(
      [this] { return cycles_.load(std::memory_order_acquire) + (is_running() ? cycle_counter_->now() : 0); });
  std::int64_t latest = latest_cycles_.load(std::memory_order_acquire);
  while (latest < read && !latest_cycles_.compare_exchange_weak(latest, read, std::memory_order_acq_rel)) {
  }
  return std::max(latest, read);
}

void RunningTime::go_on() {
  if (is_running()) {
    return;
  }
  lock_.write([this] {
    clock_ns_.store(clock_ns_.load(std::memory_order_relaxed) - monotonic_ns(), std::memory_order_release);
    cycles_.store(cycles_.load(std::memory_order_relaxed) - cycle_counter_->now(), std::memory_order_release);
    is_running_.store(true, std::memory_order_release);
  });
}

void RunningTime::freeze() {
  if (!is_running()) {
    return;
  }
  lock_.write([this] {
    clock_ns_.store(clock_ns_.load(std::memory_order_relaxed) + monotonic_ns(), std::memory_order_release);
    const std::int64_t read = cycles_.load(std::memory_order_relaxed) + cycle_counter_->now();
    cycles_.store(std::max(read, latest_cycles_.load(std::memory_order_acquire)), std::memory_order_release);
    is_running_.store(false, std::memory_order_release);
  });
}

}  // namespace fermata::clock
