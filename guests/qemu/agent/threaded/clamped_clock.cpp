// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/threaded/clamped_clock.hpp"

#include <algorithm>

namespace fermata::qemu {

// The limit first: a reader that sees a new one then sees what it was set with. With an old limit and a new `lost` the
// reading is the old limit, which it had reached.
time::Duration ClampedClock::reading(time::Duration host) const {
  const time::Duration limit = time::Duration::nanoseconds(limit_ns_.load(std::memory_order_acquire));
  return std::min(unlimited(host), limit);
}

time::Duration ClampedClock::unlimited(time::Duration host) const {
  return factor_.scaled(host - time::Duration::nanoseconds(lost_ns_.load(std::memory_order_acquire)));
}

time::Duration ClampedClock::until_limit(time::Duration host) const {
  return time::Duration::nanoseconds(lost_ns_.load()) + factor_.unscaled(limit()) - host;
}

void ClampedClock::go_on(time::Duration host, time::Duration reading, time::Duration limit) {
  lost_ns_.store((host - factor_.unscaled(reading)).ns(), std::memory_order_release);
  limit_ns_.store(limit.ns(), std::memory_order_release);
}

}  // namespace fermata::qemu
