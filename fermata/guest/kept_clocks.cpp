// SPDX-License-Identifier: MIT
#include "fermata/guest/kept_clocks.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/time/saturating.hpp"

namespace fermata::guest {

// Others may write anything there.
time::Instant instant_of(const transport::SharedClocks& clocks, std::size_t clock) {
  return time::Instant::at(time::Duration::nanoseconds(std::max<std::int64_t>(clocks.read(clock), 0)));
}

time::Instant limit_of(const transport::SharedClocks& clocks, std::span<const wire::Followed> followed) {
  time::Instant limit = time::Instant::max();
  for (const wire::Followed& one : followed) {
    limit = std::min(limit, time::saturating_add(instant_of(clocks, one.clock), one.distance));
  }
  return limit;
}

KeptClocks::KeptClocks(transport::SharedClocks clocks, std::size_t own) : clocks_(std::move(clocks)), own_(own) {
  if (own >= clocks_.count()) {
    throw base::BadArgument("clock=" + std::to_string(own) + ": there are " + std::to_string(clocks_.count()) +
                            " shared clocks, numbered from 0 on");
  }
}

void KeptClocks::declare(wire::link::GuestSession::Identity& who) const {
  who.clocks = static_cast<std::uint32_t>(clocks_.count());
  who.clock = static_cast<std::uint32_t>(own_);
}

time::Instant KeptClocks::limit_by(const wire::Followed& one) const { return limit_of(clocks_, std::span(&one, 1)); }

void KeptClocks::wait_beyond(time::Instant now, std::span<const wire::Followed> followed, host::HostDuration length) {
  const auto behind = std::ranges::find_if(followed, [&](const wire::Followed& one) { return limit_by(one) <= now; });
  if (behind == followed.end()) {
    asleep_since_.reset();
    return;
  }
  const std::int64_t seen_ns = clocks_.read(behind->clock);
  const auto has_moved = [&] { return clocks_.read(behind->clock) != seen_ns; };
  const host::HostClock& clock = host::HostClock::monotonic();
  if (limit_by(*behind) > now || (!asleep_since_ && spin_.until(clock, has_moved, std::min(length, spin_.length)))) {
    return;
  }
  asleep_since_ = asleep_since_.value_or(clock.now());
  clocks_.wait_while(behind->clock, seen_ns, length);
  if (has_moved()) {
    spin_.slept(clock.now() - *std::exchange(asleep_since_, std::nullopt));
  }
}

void KeptClocks::tell(time::Instant now) { tell_ns(now.since_origin().ns()); }
void KeptClocks::tell_end() { tell_ns(transport::SharedClocks::ended); }

void KeptClocks::tell_ns(std::int64_t now_ns) {
  if (clocks_.read(own_) != now_ns) {
    clocks_.tell(own_, now_ns);
  }
}

}  // namespace fermata::guest
