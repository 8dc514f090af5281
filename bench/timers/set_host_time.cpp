// SPDX-License-Identifier: MIT
#include "bench/timers/set_host_time.hpp"

#include <dlfcn.h>

#include <atomic>
#include <cerrno>
#include <ctime>

namespace {

// It takes the place of a function of the C library, so it has nowhere else to be.
std::atomic<std::int64_t> set_ms{1'000'000};

using ClockGetTime = int (*)(clockid_t, timespec*);

}  // namespace

extern "C" int clock_gettime(clockid_t, timespec* now) noexcept {
  const std::int64_t ms = set_ms.load(std::memory_order_relaxed);
  now->tv_sec = ms / 1'000;
  now->tv_nsec = ms % 1'000 * 1'000'000;
  return 0;
}

// Boost.Asio would wait for the kernel's own clock; without a timer descriptor it asks the clock above at each turn.
extern "C" int timerfd_create(int, int) noexcept {
  errno = ENOSYS;
  return -1;
}

namespace fermata::bench {

void set_host_time_ms(std::int64_t ms) { set_ms = ms; }

std::int64_t host_time_ms() { return set_ms.load(std::memory_order_relaxed); }

std::int64_t real_time_ns() {
  static const auto real = reinterpret_cast<ClockGetTime>(::dlsym(RTLD_NEXT, "clock_gettime"));
  timespec now{};
  real(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace fermata::bench
