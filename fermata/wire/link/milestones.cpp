// SPDX-License-Identifier: MIT
#include "fermata/wire/link/milestones.hpp"

#include <fmt/format.h>

#include "fermata/base/error.hpp"

namespace fermata::wire::link {

Milestones::Milestones(time::Instant first, time::Duration interval) : first_(first), interval_(interval) {
  if (interval < time::Duration::zero()) {
    throw base::BadArgument(
        fmt::format("interval = {} ns: 0 for none, or how far milestones are apart", interval.ns()));
  }
}

std::optional<time::Instant> Milestones::next_after(time::Instant now) const {
  if (!are_any()) {
    return std::nullopt;
  }
  if (now < first_) {
    return first_;
  }
  const std::int64_t since_one_ns = (now - first_).ns() % interval_.ns();
  const time::Duration left = interval_ - time::Duration::nanoseconds(since_one_ns);
  return left <= time::Instant::max() - now ? std::optional(now + left) : std::nullopt;
}

}  // namespace fermata::wire::link
