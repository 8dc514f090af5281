// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "fermata/host/clock.hpp"

namespace fermata::host {

/// Decides whether to poll for an answer for a short while before going to sleep. Waking a thread on another core costs
/// more than many hand-shakes take, so a spin pays where the peer answers soon and a core is free, and costs dearly
/// where not: after a spin that failed the next waits go without, 1 at first and eight times as many each further time.
/// A success halves that. So what fails once costs next to nothing - one long skip would also have the peer's spins
/// fail, which then finds us asleep -, and spins that fail more than every fourth time soon end. A spin from which the
/// host took the core away has failed, too, however it ended: others have use for it.
class AdaptiveSpin {
 public:
  /// Several times what a wake-up costs (30 to 40 us where this was measured), so that sleeping then adds little.
  static constexpr HostDuration length = std::chrono::microseconds(250);
  /// A look at the host's clock can cost as much as the answer takes to come.
  static constexpr int polls_between_looks = 16;

  /// Calls `is_ready` until it returns true or `longest` has passed on `clock`. Returns what the last call did; without
  /// having called it at all while spinning does not pay.
  template <typename IsReady>
  bool until(const HostClock& clock, IsReady is_ready, HostDuration longest = length) {
    if (waits_to_skip_ > 0) {
      --waits_to_skip_;
      return false;
    }
    const auto is_soon_ready = [&is_ready] {
      for (int i = 0; i < polls_between_looks; ++i) {
        if (is_ready()) {
          return true;
        }
        relax();
      }
      return false;
    };
    bool is_success = is_soon_ready();
    bool was_taken_off = false;
    if (!is_success) {
      HostInstant looked = clock.now();
      const HostInstant end = looked + longest;
      do {
        is_success = is_soon_ready();
        const HostInstant now = clock.now();
        was_taken_off = was_taken_off || now - looked > shortest_absence;
        looked = now;
      } while (!is_success && looked < end);
    }
    if (is_success && !was_taken_off) {
      next_skip_ = std::max(shortest_skip, next_skip_ / 2);
      return true;
    }
    waits_to_skip_ = next_skip_;
    next_skip_ = std::min(longest_skip, next_skip_ * 8);
    return is_success;
  }

  /// True if the next wait goes without.
  [[nodiscard]] bool is_skipping() const { return waits_to_skip_ > 0; }
  /// The wait went on asleep, for so long. Beside a long sleep - a program that starts, a guest that computes on - the
  /// spin before it took next to nothing, and says nothing of the next wait: it does not count.
  void slept(HostDuration time) {
    if (time >= long_sleep) {
      forgive();
    }
  }
  /// The last spin failed for a reason that is gone: as if it had not been.
  void forgive() {
    next_skip_ = std::max(shortest_skip, waits_to_skip_);
    waits_to_skip_ = 0;
  }

 private:
  // Leaves the core to its other thread, if it has two: who is waited for may be there.
  static void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }

  // Between two looks at the clock: more than the polls and a tick of the host's timer take (30 to 60 us on a virtual
  // machine), less than any turn that its scheduler gives to another thread.
  static constexpr HostDuration shortest_absence = std::chrono::microseconds(100);
  // Of which the longest spin is half a per cent.
  static constexpr HostDuration long_sleep = 200 * length;
  static constexpr int shortest_skip = 1;
  static constexpr int longest_skip = 4096;

  int waits_to_skip_ = 0;
  int next_skip_ = shortest_skip;
};

}  // namespace fermata::host
