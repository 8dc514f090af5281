// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "fermata/time/instant.hpp"

namespace fermata::wire {

/// Why a machine stands still.
enum class StopReason : std::uint8_t {
  horizon,      ///< it has reached the horizon that it was given
  user,         ///< its user stopped it: QMP stop, a debugger
  powered_off,  ///< the guest switched itself off
  panicked,     ///< the guest's kernel gave up
  error,        ///< the executor cannot go on
};

/// The reason as a word, e.g. "horizon".
[[nodiscard]] std::string_view to_string(StopReason reason);

/// Where and why a machine stands.
struct Stop {
  time::Instant now;
  StopReason reason = StopReason::horizon;

  friend bool operator==(const Stop&, const Stop&) = default;
};

}  // namespace fermata::wire
