// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <cstdint>

#include "fermata/clock/speed_factor.hpp"
#include "fermata/time/duration.hpp"

namespace fermata::qemu {

/// Virtual time that follows a clock of the host's but never goes beyond a limit: it stops there by itself, at the very
/// nanosecond, whenever anybody notices. That is how a machine whose instructions are not counted is held: no lock and
/// no race, and no device ever sees a later time.
///
/// Readings are `(host - lost) * factor` between a floor and the limit: `lost` is the host's time that the machine did
/// not get, the floor is where it went on. One thread at a time changes it; any thread reads, without a lock, and never
/// sees it go backwards, also if it read the host's clock before the change.
class ClampedClock {
 public:
  /// `factor` is the virtual time in a span of the host's.
  explicit ClampedClock(clock::SpeedFactor factor) : factor_(factor) {}

  /// What it shows when the host's clock shows `host`.
  [[nodiscard]] time::Duration reading(time::Duration host) const;
  /// What it would show without a limit.
  [[nodiscard]] time::Duration unlimited(time::Duration host) const;
  [[nodiscard]] time::Duration limit() const { return time::Duration::nanoseconds(limit_ns_.load()); }
  /// The span of the host's clock from `host` until it shows its limit; negative if it has been there for so long.
  [[nodiscard]] time::Duration until_limit(time::Duration host) const;

  /// From now on, when the host's clock shows `host`, it goes on from `reading`, up to `limit`. `reading` is not before
  /// what it has shown, unless nobody reads.
  void go_on(time::Duration host, time::Duration reading, time::Duration limit);
  /// Another limit, not before what it has shown.
  void set_limit(time::Duration limit) { limit_ns_.store(limit.ns(), std::memory_order_release); }

 private:
  clock::SpeedFactor factor_;
  std::atomic<std::int64_t> floor_ns_{0};
  std::atomic<std::int64_t> lost_ns_{0};
  std::atomic<std::int64_t> limit_ns_{0};
};

}  // namespace fermata::qemu
