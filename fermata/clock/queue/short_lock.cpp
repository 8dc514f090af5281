// SPDX-License-Identifier: MIT
#include "fermata/clock/queue/short_lock.hpp"

namespace fermata::clock {

void ShortLock::lock_contended() {
  // The holder is gone within some tens of nanoseconds unless it was descheduled: look a few times before sleeping.
  constexpr int looks = 100;
  for (int look = 0; look < looks; ++look) {
    std::uint32_t expected = is_free;
    if (state_.load(std::memory_order_relaxed) == is_free &&
        state_.compare_exchange_weak(expected, is_held, std::memory_order_acquire, std::memory_order_relaxed)) {
      return;
    }
  }
  // From here on it is taken as awaited: nobody can know whether others still sleep.
  while (state_.exchange(is_awaited, std::memory_order_acquire) != is_free) {
    state_.wait(is_awaited, std::memory_order_relaxed);
  }
}

}  // namespace fermata::clock
