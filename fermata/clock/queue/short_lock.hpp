// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

namespace fermata::clock {

/// A mutex of one byte whose uncontended lock is one atomic instruction and whose unlock is a store, both inlined: for
/// sections of some tens of nanoseconds that call nobody and cannot block. Under contention it spins, then yields, then
/// sleeps. Not recursive. For std::lock_guard.
class ShortLock {
 public:
  void lock() {
    if (is_held_.exchange(true, std::memory_order_acquire)) [[unlikely]] {
      lock_contended();
    }
  }
  void unlock() { is_held_.store(false, std::memory_order_release); }

 private:
  void lock_contended();

  std::atomic<bool> is_held_{false};
};

}  // namespace fermata::clock
