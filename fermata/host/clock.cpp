// SPDX-License-Identifier: MIT
// The one source file of the library that names a host clock; tests/style checks that it stays so.
#include "fermata/host/clock.hpp"

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "fermata/base/error.hpp"

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

ThreadClock ThreadClock::of_this_thread() {
  clockid_t id = 0;
  if (const int error = ::pthread_getcpuclockid(::pthread_self(), &id); error != 0) {
    throw base::host_error("find the clock of a thread's processor time", error);
  }
  return ThreadClock(id);
}

HostDuration ThreadClock::used() const {
  timespec used{};
  ::clock_gettime(id_, &used);  // stays zero once the thread has gone
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

void PunctualWait::roughly_until(HostInstant at) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at.since_boot);
  const timespec until{.tv_sec = seconds.count(), .tv_nsec = (at.since_boot - seconds).count()};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

// The spin grows at once to what was needed and shrinks slowly, so that most waits are on time.
void PunctualWait::until(HostInstant at) {
  const HostClock& clock = HostClock::monotonic();
  const HostInstant wake = at + (-spin_);
  if (clock.now() < wake) {
    roughly_until(wake);
    const HostDuration late = clock.now() - wake;
    spin_ = late > spin_ ? std::min(late + late / 4, longest_spin) : spin_ - (spin_ - late) / 64;
  }
  while (clock.now() < at) {
  }
}

Deadline::Deadline(const HostClock& clock, HostDuration limit)
    : clock_(&clock), ends_(clock.now() + std::min<HostDuration>(limit, std::chrono::years(100))) {}

HostDuration Deadline::remaining() const { return std::max(ends_ - clock_->now(), HostDuration::zero()); }

}  // namespace fermata::host
