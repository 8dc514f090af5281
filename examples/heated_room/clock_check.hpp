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
  Instant asked;     ///< the question lay in the guest's serial port
  Instant answered;  ///< the report by which the answer was there
  Duration uptime;   ///< the answer: the guest's own clock at some instant between the two
};

/// Compares the guest's own clock with the simulator's. The guest's starts later, by the time that the firmware and the
/// kernel's decompression take; that offset is taken from the first sample, and each later sample must agree with it:
///
///   difference = (answered - answered of the first) - (uptime - uptime of the first)
///
/// which is 0 for equal clocks, but for two things that both samples have:
///   - uptime is rounded down to 10 ms, so it is up to 10 ms behind the guest's clock;
///   - the answer is seen at the end of a quantum, so up to one answer time after the clock was read. The controller is
///     held to an answer time of 10 ms, rounded up to whole quanta.
/// Both only ever make `answered - uptime` larger, so the difference of two samples is less than their sum, either way:
///   bound = 10 ms + ceil(10 ms / quantum) quanta
class ClockCheck {
 public:
  static constexpr Duration uptime_resolution = 10_ms;
  static constexpr Duration answer_limit = 10_ms;

  explicit ClockCheck(Duration quantum);

  /// The sample's difference as above; 0 for the first.
  Duration add(const ClockSample& sample);

  [[nodiscard]] Duration bound() const { return bound_; }
  /// Of the first sample: where the guest's clock began on the simulator's time line, as far as can be told.
  [[nodiscard]] Duration offset() const { return offset_.value_or(Duration::zero()); }
  [[nodiscard]] int samples() const { return samples_; }
  [[nodiscard]] int beyond_bound() const { return beyond_bound_; }
  [[nodiscard]] Duration least() const { return least_; }
  [[nodiscard]] Duration greatest() const { return greatest_; }
  [[nodiscard]] Duration last() const { return last_; }
  [[nodiscard]] Duration longest_answer() const { return longest_answer_; }
  /// Whether every answer came within the time that the bound allows for it.
  [[nodiscard]] bool answers_in_time() const { return longest_answer_ <= bound_ - uptime_resolution; }

 private:
  Duration bound_;
  std::optional<Duration> offset_;
  int samples_ = 0;
  int beyond_bound_ = 0;
  Duration least_;
  Duration greatest_;
  Duration last_;
  Duration longest_answer_;
};

}  // namespace heated_room
