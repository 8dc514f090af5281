// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "fermata/time/instant.hpp"

namespace heated_room {

using namespace fermata::time::literals;
using fermata::time::Duration;
using fermata::time::Instant;

/// One look at the guest's clock.
struct ClockSample {
  Instant asked;     ///< the question's last byte arrived in the guest's serial port
  Instant answered;  ///< the answer's last byte left it
  Duration uptime;   ///< the answer: the guest's own clock at some instant between the two
};

/// Compares the guest's own clock with the simulator's. The guest's starts later, by the time that the firmware and the
/// kernel's decompression take; that offset is taken from the first sample, and each later sample must agree with it:
///
///   difference = (answered - answered of the first) - (uptime - uptime of the first)
///
/// which is 0 for equal clocks, but for two things that both samples have:
///   - uptime is rounded down to 10 ms, so it is up to 10 ms behind the guest's clock;
///   - the clock was read up to the answer time before the answer left. The controller is held to `answer_limit`.
/// Both only ever make `answered - uptime` larger, so the difference of two samples is less than their sum, either way.
class ClockCheck {
 public:
  static constexpr Duration uptime_resolution = 10_ms;
  static constexpr Duration answer_limit = 2_ms;
  static constexpr Duration bound = uptime_resolution + answer_limit;

  /// The sample's difference as above; 0 for the first.
  Duration add(const ClockSample& sample);

  /// Of the first sample: where the guest's clock began on the simulator's time line, as far as can be told.
  [[nodiscard]] Duration offset() const { return offset_.value_or(Duration::zero()); }
  [[nodiscard]] int samples() const { return samples_; }
  [[nodiscard]] int beyond_bound() const { return beyond_bound_; }
  [[nodiscard]] Duration least() const { return least_; }
  [[nodiscard]] Duration greatest() const { return greatest_; }
  [[nodiscard]] Duration last() const { return last_; }
  [[nodiscard]] Duration shortest_answer() const { return shortest_answer_; }
  [[nodiscard]] Duration longest_answer() const { return longest_answer_; }
  /// Whether every answer came within the time that the bound allows for it.
  [[nodiscard]] bool answers_in_time() const { return longest_answer_ <= answer_limit; }

 private:
  std::optional<Duration> offset_;
  int samples_ = 0;
  int beyond_bound_ = 0;
  Duration least_;
  Duration greatest_;
  Duration last_;
  Duration shortest_answer_ = Duration::max();
  Duration longest_answer_;
};

}  // namespace heated_room
