// SPDX-License-Identifier: MIT
#pragma once

#include <compare>

#include "fermata/time/duration.hpp"

namespace fermata::time {

/// A point on a guest's virtual time line: nanoseconds since the guest's start (or since the snapshot that it was
/// started from). Two instants differ by a Duration; they cannot be added.
class Instant {
 public:
  constexpr Instant() = default;

  /// The guest's start.
  [[nodiscard]] static constexpr Instant origin() { return {}; }
  [[nodiscard]] static constexpr Instant at(Duration since_origin) { return Instant(since_origin); }
  [[nodiscard]] static constexpr Instant max() { return Instant(Duration::max()); }

  [[nodiscard]] constexpr Duration since_origin() const { return since_origin_; }

  constexpr auto operator<=>(const Instant&) const = default;

  constexpr Instant& operator+=(Duration span) {
    since_origin_ += span;
    return *this;
  }
  friend constexpr Instant operator+(Instant at, Duration span) { return at += span; }
  friend constexpr Instant operator-(Instant at, Duration span) { return Instant(at.since_origin_ - span); }
  friend constexpr Duration operator-(Instant later, Instant earlier) {
    return later.since_origin_ - earlier.since_origin_;
  }

 private:
  constexpr explicit Instant(Duration since_origin) : since_origin_(since_origin) {}

  Duration since_origin_;
};

}  // namespace fermata::time
