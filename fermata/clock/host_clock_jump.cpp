// SPDX-License-Identifier: MIT
#include "fermata/clock/host_clock_jump.hpp"

#include <chrono>
#include <utility>

#include "fermata/base/error.hpp"

namespace fermata::clock {
namespace {

using namespace std::chrono_literals;

constexpr host::HostDuration least_jump = 10ms;
constexpr int slew_divisor = 1000;  // 1 ms per second; Linux slews by half of that at most

}  // namespace

HostClockJump::HostClockJump(const host::HostClock& monotonic, const host::WallClock& wall)
    : monotonic_(&monotonic), wall_(&wall), last_(read()) {}

HostClockJump::Subscription HostClockJump::subscribe(Handler handler) {
  if (!handler) {
    throw base::BadArgument("HostClockJump: handler is empty; it has to be something that can be called");
  }
  auto call = std::make_shared<Revocable<time::Duration>>(std::move(handler));
  const std::lock_guard held(mutex_);
  std::erase_if(calls_, [](const auto& known) { return known.expired(); });
  calls_.push_back(call);
  return Subscription(std::move(call));
}

// The two clocks are read one after the other; a thread that was descheduled in between would see a jump that is none.
HostClockJump::Reading HostClockJump::read() const {
  constexpr int attempts = 10;
  constexpr host::HostDuration close_enough = 1ms;
  for (int attempt = 1;; ++attempt) {
    const host::HostInstant before = monotonic_->now();
    const host::WallInstant wall = wall_->now();
    if (monotonic_->now() - before <= close_enough || attempt == attempts) {
      return {before, wall};
    }
  }
}

std::optional<time::Duration> HostClockJump::compare() {
  const Reading reading = read();
  const host::HostDuration passed = reading.monotonic - last_.monotonic;
  const host::HostDuration jump = (reading.wall - last_.wall) - passed;
  last_ = reading;
  if (std::chrono::abs(jump) <= least_jump + passed / slew_divisor) {
    return std::nullopt;
  }
  return time::Duration::nanoseconds(jump.count());
}

std::optional<time::Duration> HostClockJump::look() {
  std::vector<std::weak_ptr<Revocable<time::Duration>>> to_tell;
  std::optional<time::Duration> jump;
  {
    const std::lock_guard held(mutex_);
    jump = compare();
    if (!jump) {
      return std::nullopt;
    }
    to_tell = calls_;
  }
  for (const auto& known : to_tell) {
    if (const auto call = known.lock()) {
      call->call(*jump);
    }
  }
  return jump;
}

}  // namespace fermata::clock
