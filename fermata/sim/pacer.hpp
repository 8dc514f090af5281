// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "fermata/host/clock.hpp"
#include "fermata/time/instant.hpp"

namespace fermata::sim {

/// Keeps a simulation from running faster than a multiple of real time, e.g. for a person at a console or for hardware
/// beside it. Between two grants its owner calls `wait`. One that falls behind catches up, unless it is so far behind
/// that the host was asleep or is too slow: then the pace starts anew from there. Guests see nothing of it. Not
/// thread-safe.
class Pacer {
 public:
  static constexpr host::HostDuration longest_lag = std::chrono::seconds(1);

  /// `speed` is virtual time over real time, e.g. 0.1. Throws base::BadArgument unless it is from 1e-6 to 1e6. `clock`
  /// outlives it.
  explicit Pacer(double speed, const host::HostClock& clock = host::HostClock::monotonic());

  /// Returns when virtual time may be `now`: at once if it is late. Looks at least every 100 ms whether `must_stop`
  /// says to give up.
  void wait(time::Instant now, const std::function<bool()>& must_stop = {});

  /// By how much it has been behind at most.
  [[nodiscard]] host::HostDuration greatest_lag() const { return greatest_lag_; }

 private:
  struct Anchor {
    time::Instant virtual_time;
    host::HostInstant host_time;
  };

  [[nodiscard]] host::HostInstant due(time::Instant now) const;

  double speed_;
  const host::HostClock* clock_;
  std::optional<Anchor> anchor_;  // from the first wait on
  host::HostDuration greatest_lag_{};
};

/// Reads a speed: a number, or "max" for none. Throws base::BadArgument for anything else or out of range.
[[nodiscard]] std::optional<double> parse_speed(std::string_view text);

}  // namespace fermata::sim
