// SPDX-License-Identifier: MIT
#include "fermata/sim/pacer.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "fermata/base/error.hpp"

namespace fermata::sim {
namespace {

constexpr double slowest = 1e-6;
constexpr double fastest = 1e6;
constexpr host::HostDuration glance = std::chrono::milliseconds(100);

}  // namespace

Pacer::Pacer(double speed, const host::HostClock& clock) : speed_(speed), clock_(&clock) {
  if (!(speed >= slowest && speed <= fastest)) {
    throw base::BadArgument("speed " + std::to_string(speed) + ": is from 0.000001 to 1000000, or max");
  }
}

host::HostInstant Pacer::due(time::Instant now) const {
  const double virtual_ns = static_cast<double>((now - anchor_->virtual_time).ns());
  return anchor_->host_time + host::HostDuration(static_cast<std::int64_t>(virtual_ns / speed_));
}

void Pacer::wait(time::Instant now, const std::function<bool()>& must_stop) {
  if (!anchor_) {
    anchor_ = {now, clock_->now()};
    return;
  }
  const host::HostInstant at = due(now);
  const host::HostDuration lag = clock_->now() - at;
  greatest_lag_ = std::max(greatest_lag_, lag);
  if (lag > longest_lag) {
    anchor_ = {now, clock_->now()};
    return;
  }
  while (clock_->now() < at && !(must_stop && must_stop())) {
    host::PunctualWait::roughly_until(host::HostClock::monotonic().now() + std::min(at - clock_->now(), glance));
  }
}

std::optional<double> parse_speed(std::string_view text) {
  if (text == "max") {
    return std::nullopt;
  }
  double speed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), speed);
  if (error != std::errc() || end != text.data() + text.size() || !(speed >= slowest && speed <= fastest)) {
    throw base::BadArgument("speed " + std::string(text) +
                            ": is virtual time over real time, from 0.000001 to 1000000, or max");
  }
  return speed;
}

}  // namespace fermata::sim
