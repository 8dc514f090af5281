// SPDX-License-Identifier: MIT
#include "cli/pace.hpp"

#include <algorithm>

#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"

namespace fermata::cli {
namespace {

constexpr time::Duration microsecond = time::Duration::microseconds(1);
constexpr time::Duration longest = time::Duration::microseconds(0xffff'ffff);  // what a grant can carry

bool is_whole(time::Duration span) { return span % microsecond == time::Duration::zero(); }

}  // namespace

Pace::Pace(time::Duration quantum, std::optional<time::Duration> duration) : quantum_(quantum), duration_(duration) {
  if (!is_whole(quantum) || quantum < microsecond || quantum > longest) {
    throw base::BadArgument("--quantum " + time::to_string(quantum) +
                            ": needs whole microseconds from 1us to 4294967295us, for instance 1ms");
  }
  if (duration && (!is_whole(*duration) || *duration < microsecond)) {
    throw base::BadArgument("--duration " + time::to_string(*duration) +
                            ": needs whole microseconds, at least 1us, for instance 10s");
  }
}

std::optional<time::Duration> Pace::next(time::Instant now) const {
  if (!duration_) {
    return quantum_;
  }
  const time::Duration left = *duration_ - now.since_origin();
  return left > time::Duration::zero() ? std::optional(std::min(left, quantum_)) : std::nullopt;
}

}  // namespace fermata::cli
