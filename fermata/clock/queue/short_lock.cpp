// SPDX-License-Identifier: MIT
#include "fermata/clock/queue/short_lock.hpp"

#include <chrono>
#include <thread>

namespace fermata::clock {

// The holder is gone within some tens of nanoseconds unless it was descheduled. Then it needs a processor: yielding
// gives it one, but not to a thread of lower real-time priority, which is what the sleep is for. A mutex that wakes its
// waiters would cost every unlock a second atomic instruction.
void ShortLock::lock_contended() {
  constexpr int spins = 100;
  constexpr int yields = 1'000;
  constexpr std::chrono::microseconds sleep(50);
  for (int attempt = 0;; ++attempt) {
    if (!is_held_.load(std::memory_order_relaxed) && !is_held_.exchange(true, std::memory_order_acquire)) {
      return;
    }
    if (attempt >= spins + yields) {
      std::this_thread::sleep_for(sleep);
    } else if (attempt >= spins) {
      std::this_thread::yield();
    }
  }
}

}  // namespace fermata::clock
