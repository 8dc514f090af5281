// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "fermata/time/instant.hpp"

namespace fermata::wire::link {

/// The instants at which a running guest tells that it has come so far: `first`, and from there on one every
/// `interval`. A value; both ends of a link compute the same.
class Milestones {
 public:
  /// None.
  Milestones() = default;
  /// `interval` is zero (none) or more; throws base::BadArgument.
  Milestones(time::Instant first, time::Duration interval);

  [[nodiscard]] time::Instant first() const { return first_; }
  [[nodiscard]] time::Duration interval() const { return interval_; }
  [[nodiscard]] bool are_any() const { return interval_ > time::Duration::zero(); }
  /// The first one that is later than `now`; nothing if there are none, or it would be beyond the end of time.
  [[nodiscard]] std::optional<time::Instant> next_after(time::Instant now) const;

  friend bool operator==(const Milestones&, const Milestones&) = default;

 private:
  time::Instant first_;
  time::Duration interval_;
};

}  // namespace fermata::wire::link
