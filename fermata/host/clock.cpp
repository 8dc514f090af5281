// SPDX-License-Identifier: MIT
// The one source file of the library that names a host clock; tests/style checks that it stays so.
#include "fermata/host/clock.hpp"

#include <algorithm>

namespace fermata::host {
namespace {

class MonotonicClock final : public HostClock {
 public:
  [[nodiscard]] HostInstant now() const override {
    return {std::chrono::duration_cast<HostDuration>(std::chrono::steady_clock::now().time_since_epoch())};
  }
};

class SystemWallClock final : public WallClock {
 public:
  [[nodiscard]] WallInstant now() const override {
    return {std::chrono::duration_cast<HostDuration>(std::chrono::system_clock::now().time_since_epoch())};
  }
};

class ProcessorCycles final : public CycleCounter {
 public:
  [[nodiscard]] std::int64_t now() const override {
#if defined(__x86_64__) || defined(__i386__)
    return static_cast<std::int64_t>(__builtin_ia32_rdtsc());
#elif defined(__aarch64__)
    std::int64_t count = 0;
    asm volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
#else
    return HostClock::monotonic().now().since_boot.count();
#endif
  }
};

}  // namespace

const HostClock& HostClock::monotonic() {
  static constexpr MonotonicClock clock;
  return clock;
}

const WallClock& WallClock::system() {
  static constexpr SystemWallClock clock;
  return clock;
}

const CycleCounter& CycleCounter::system() {
  static constexpr ProcessorCycles counter;
  return counter;
}

Deadline::Deadline(const HostClock& clock, HostDuration limit)
    : clock_(&clock), ends_(clock.now() + std::min<HostDuration>(limit, std::chrono::years(100))) {}

HostDuration Deadline::remaining() const { return std::max(ends_ - clock_->now(), HostDuration::zero()); }

}  // namespace fermata::host
