// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "fermata/host/clock.hpp"

namespace fermata::qemu {

/// Cuts another thread's sleep short. No ring is lost between looking for what it may tell of and going to sleep:
///
///     const auto rings = bell.rings();
///     if (nothing_to_do()) bell.sleep(rings, limit);
///
/// Any thread.
class Bell {
 public:
  void ring() {
    {
      const std::lock_guard guard(mutex_);
      ++rings_;
    }
    rung_.notify_all();
  }
  /// How often it has rung.
  [[nodiscard]] std::uint64_t rings() const {
    const std::lock_guard guard(mutex_);
    return rings_;
  }
  /// Returns at once if it has rung more often than `rings` times, else when it rings, or at the latest after about
  /// `longest`.
  void sleep(std::uint64_t rings, host::HostDuration longest) {
    std::unique_lock guard(mutex_);
    rung_.wait_for(guard, longest, [this, rings] { return rings_ != rings; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable rung_;
  std::uint64_t rings_ = 0;
};

}  // namespace fermata::qemu
