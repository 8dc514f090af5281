// SPDX-License-Identifier: MIT
#include "fermata/guest/kept_clocks.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/time/saturating.hpp"

namespace fermata::guest {

KeptClocks::KeptClocks(transport::SharedClocks clocks, std::size_t own) : clocks_(std::move(clocks)), own_(own) {
  if (own >= clocks_.count()) {
    throw base::BadArgument("clock=" + std::to_string(own) + ": there are " + std::to_string(clocks_.count()) +
                            " shared clocks, numbered from 0 on");
  }
}

time::Instant KeptClocks::limit_by(const wire::Followed& one) const {
  const std::int64_t now_ns = std::max<std::int64_t>(clocks_.read(one.clock), 0);  // others may write anything there
  return time::saturating_add(time::Instant::at(time::Duration::nanoseconds(now_ns)), one.distance);
}

time::Instant KeptClocks::limit(std::span<const wire::Followed> followed) const {
  time::Instant limit = time::Instant::max();
  for (const wire::Followed& one : followed) {
    limit = std::min(limit, limit_by(one));
  }
  return limit;
}

void KeptClocks::wait_beyond(time::Instant now, std::span<const wire::Followed> followed, host::HostDuration length) {
  const auto behind = std::ranges::find_if(followed, [&](const wire::Followed& one) { return limit_by(one) <= now; });
  if (behind == followed.end()) {
    return;
  }
  const std::int64_t seen_ns = clocks_.read(behind->clock);
  const auto has_moved = [&] { return clocks_.read(behind->clock) != seen_ns; };
  if (limit_by(*behind) <= now &&
      !spin_.until(host::HostClock::monotonic(), has_moved, std::min(length, host::AdaptiveSpin::length))) {
    clocks_.wait_while(behind->clock, seen_ns, length);
  }
}

void KeptClocks::tell(time::Instant now) { clocks_.tell(own_, now.since_origin().ns()); }

}  // namespace fermata::guest
