// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/threaded/clamped_clock.hpp"

#include <algorithm>

namespace fermata::qemu {

// In the opposite order to go_on(): who sees a new limit sees what it was set with, and who sees a new `lost` sees its
// floor. With an old limit and a new floor the reading is the old limit, which it had reached.
time::Duration ClampedClock::reading(time::Duration host) const {
  const time::Duration limit = time::Duration::nanoseconds(limit_ns_.load(std::memory_order_acquire));
  const time::Duration now = unlimited(host);
  const time::Duration floor = time::Duration::nanoseconds(floor_ns_.load(std::memory_order_acquire));
  return std::min(std::max(now, floor), limit);
}

time::Duration ClampedClock::unlimited(time::Duration host) const {
  return factor_.scaled(host - time::Duration::nanoseconds(lost_ns_.load(std::memory_order_acquire)));
}

time::Duration ClampedClock::until_limit(time::Duration host) const {
  return time::Duration::nanoseconds(lost_ns_.load()) + factor_.unscaled(limit()) - host;
}

void ClampedClock::go_on(time::Duration host, time::Duration reading, time::Duration limit) {
  floor_ns_.store(reading.ns(), std::memory_order_release);
  lost_ns_.store((host - factor_.unscaled(reading)).ns(), std::memory_order_release);
  limit_ns_.store(limit.ns(), std::memory_order_release);
}

}  // namespace fermata::qemu
