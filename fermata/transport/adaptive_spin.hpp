// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "fermata/host/clock.hpp"

namespace fermata::transport {

/// Decides whether to poll for an answer for a short while before going to sleep. Waking a thread on another core costs
/// more than many hand-shakes take, so a spin pays where the peer answers soon and a core is free, and costs dearly
/// where not: after a spin that failed the next waits go without, 32 at first and twice as many each further time.
class AdaptiveSpin {
 public:
  /// Several times what a wake-up costs (30 to 40 us where this was measured), so that sleeping then adds little.
  static constexpr host::HostDuration length = std::chrono::microseconds(250);

  /// Calls `is_ready` until it returns true or `longest` has passed on `clock`. Returns what the last call did; without
  /// having called it at all while spinning does not pay.
  template <typename IsReady>
  bool until(const host::HostClock& clock, IsReady is_ready, host::HostDuration longest = length) {
    if (waits_to_skip_ > 0) {
      --waits_to_skip_;
      return false;
    }
    const host::HostInstant end = clock.now() + longest;
    do {
      if (is_ready()) {
        next_skip_ = std::max(shortest_skip, next_skip_ / 2);
        return true;
      }
    } while (clock.now() < end);
    waits_to_skip_ = next_skip_;
    next_skip_ = std::min(longest_skip, next_skip_ * 2);
    return false;
  }

 private:
  static constexpr int shortest_skip = 32;
  static constexpr int longest_skip = 4096;

  int waits_to_skip_ = 0;
  int next_skip_ = shortest_skip;
};

}  // namespace fermata::transport
