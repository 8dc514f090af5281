// SPDX-License-Identifier: MIT
// Clocks that stand until a test moves them. Safe to move in one thread and read in others.
#pragma once

#include <atomic>
#include <cstdint>

#include "fermata/clock/clocks.hpp"

namespace fermata::clock::testing {

[[nodiscard]] constexpr time::Instant at_ns(std::int64_t ns) {
  return time::Instant::at(time::Duration::nanoseconds(ns));
}

/// A time source.
class SetTime final : public TimeSource {
 public:
  [[nodiscard]] time::Instant now() const override { return at_ns(ns_.load()); }
  void set(std::int64_t ns) { ns_.store(ns); }

 private:
  std::atomic<std::int64_t> ns_{0};
};

/// All that Clocks asks of the host.
class SetHost {
 public:
  class Monotonic final : public host::HostClock {
   public:
    [[nodiscard]] host::HostInstant now() const override { return {host::HostDuration(ns.load())}; }
    std::atomic<std::int64_t> ns{0};
  };
  class Wall final : public host::WallClock {
   public:
    [[nodiscard]] host::WallInstant now() const override { return {host::HostDuration(ns.load())}; }
    std::atomic<std::int64_t> ns{0};
  };
  class Cycles final : public host::CycleCounter {
   public:
    [[nodiscard]] std::int64_t now() const override { return count.load(); }
    std::atomic<std::int64_t> count{0};
  };

  [[nodiscard]] Clocks::HostSources sources() const {
    return {.monotonic = &monotonic, .wall = &wall, .cycles = &cycles};
  }
  /// Host time goes on by so many ns; this host has three cycles a ns.
  void pass_ns(std::int64_t ns) {
    monotonic.ns += ns;
    wall.ns += ns;
    cycles.count += 3 * ns;
  }

  Monotonic monotonic;
  Wall wall;
  Cycles cycles;
};

}  // namespace fermata::clock::testing
