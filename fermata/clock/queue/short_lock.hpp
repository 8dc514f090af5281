// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

namespace fermata::clock {

/// A mutex of four bytes whose uncontended lock and unlock are one atomic instruction each and inlined: for sections of
/// some tens of nanoseconds that call nobody. Sleeps under contention. Not recursive. For std::lock_guard.
class ShortLock {
 public:
  void lock() {
    std::uint32_t expected = is_free;
    if (!state_.compare_exchange_strong(expected, is_held, std::memory_order_acquire, std::memory_order_relaxed))
        [[unlikely]] {
      lock_contended();
    }
  }
  void unlock() {
    if (state_.exchange(is_free, std::memory_order_release) == is_awaited) [[unlikely]] {
      state_.notify_one();
    }
  }

 private:
  static constexpr std::uint32_t is_free = 0;
  static constexpr std::uint32_t is_held = 1;
  static constexpr std::uint32_t is_awaited = 2;  // held, and somebody may sleep on it

  void lock_contended();

  std::atomic<std::uint32_t> state_{is_free};
};

}  // namespace fermata::clock
