// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "fermata/time/instant.hpp"

namespace fermata::wire {

/// Why a machine stands still.
enum class StopReason : std::uint8_t {
  horizon = 1,      ///< it has reached the horizon that it was given
  output = 2,       ///< it has made an output on a reactive channel
  mmio = 3,         ///< it waits for the simulator's answer to a read
  full = 4,         ///< it has made as many outputs as may wait for the simulator
  user = 5,         ///< its user stopped it: QMP stop, a debugger
  reset = 6,        ///< it was reset, and goes on by itself
  powered_off = 7,  ///< the guest switched itself off
  panicked = 8,     ///< the guest's kernel gave up
  error = 9,        ///< the executor cannot go on
};

/// The reason as a word, e.g. "horizon".
[[nodiscard]] std::string_view to_string(StopReason reason);

/// True if the guest never goes on after a stop for this reason.
[[nodiscard]] constexpr bool ends_the_guest(StopReason reason) {
  return reason == StopReason::powered_off || reason == StopReason::panicked || reason == StopReason::error;
}

/// What is known of a standing machine's next event.
struct NextEvent {
  bool is_idle = false;                  ///< nothing happens before `timer`, unless there is an input
  std::optional<time::Instant> timer{};  ///< the next of its timers, if it is idle and has one

  friend bool operator==(const NextEvent&, const NextEvent&) = default;
};

/// Where and why a machine stands.
struct Stop {
  time::Instant now;
  StopReason reason = StopReason::horizon;
  NextEvent next{};
  int exit_status = 0;  ///< after powered_off

  friend bool operator==(const Stop&, const Stop&) = default;
};

}  // namespace fermata::wire
