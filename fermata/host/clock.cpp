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

}  // namespace

const HostClock& HostClock::monotonic() {
  static constexpr MonotonicClock clock;
  return clock;
}

Deadline::Deadline(const HostClock& clock, HostDuration limit)
    : clock_(&clock), ends_(clock.now() + std::min<HostDuration>(limit, std::chrono::years(100))) {}

HostDuration Deadline::remaining() const { return std::max(ends_ - clock_->now(), HostDuration::zero()); }

}  // namespace fermata::host
