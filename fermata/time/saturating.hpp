// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>

#include "fermata/time/instant.hpp"

namespace fermata::time {

/// Sums for operands that a guest or a user chooses: where the exact result leaves the range, they go as far as the
/// range does. What is further than that never comes.
namespace detail {
constexpr std::int64_t saturated_sum(std::int64_t a, std::int64_t b) {
  using Limits = std::numeric_limits<std::int64_t>;
  std::int64_t sum = 0;
  return !__builtin_add_overflow(a, b, &sum) ? sum : b < 0 ? Limits::min() : Limits::max();
}
constexpr std::int64_t saturated_difference(std::int64_t a, std::int64_t b) {
  using Limits = std::numeric_limits<std::int64_t>;
  std::int64_t difference = 0;
  return !__builtin_sub_overflow(a, b, &difference) ? difference : b < 0 ? Limits::max() : Limits::min();
}
}  // namespace detail

[[nodiscard]] constexpr Duration saturating_add(Duration a, Duration b) {
  return Duration::nanoseconds(detail::saturated_sum(a.ns(), b.ns()));
}
[[nodiscard]] constexpr Duration saturating_sub(Duration a, Duration b) {
  return Duration::nanoseconds(detail::saturated_difference(a.ns(), b.ns()));
}
[[nodiscard]] constexpr Instant saturating_add(Instant at, Duration span) {
  return Instant::at(saturating_add(at.since_origin(), span));
}
[[nodiscard]] constexpr Duration saturating_sub(Instant later, Instant earlier) {
  return saturating_sub(later.since_origin(), earlier.since_origin());
}

}  // namespace fermata::time
