// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "fermata/time/instant.hpp"

namespace fermata::cli {

/// Cuts a run into quanta, the last one shortened so that they add up to the duration exactly.
class Pace {
 public:
  /// Throws base::BadArgument unless `quantum` is whole microseconds from 1 us to 2^32-1 us, and `duration` is whole
  /// microseconds and not zero.
  Pace(time::Duration quantum, std::optional<time::Duration> duration);

  /// What to grant to a guest that stands at `now`; nothing when the duration is reached.
  [[nodiscard]] std::optional<time::Duration> next(time::Instant now) const;

 private:
  time::Duration quantum_;
  std::optional<time::Duration> duration_;
};

}  // namespace fermata::cli
