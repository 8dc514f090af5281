// SPDX-License-Identifier: MIT
// How an instruction-counted machine is kept to real time, as pure logic: readings of the virtual and the virtual_rt
// clock go in, decisions come out. Whoever runs the machine reads the clocks and does the waiting.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fermata/time/instant.hpp"

namespace fermata::clock {

/// Where a machine stands, read together.
struct PaceReading {
  time::Instant virtual_now;  ///< instruction time
  time::Instant real_now;     ///< virtual_rt

  /// How far the guest is ahead of real time; negative: behind.
  [[nodiscard]] time::Duration lead() const { return virtual_now - real_now; }
};

/// shift=auto: chooses the shift so that virtual time keeps to real time. Asked every `virtual_interval` of virtual and
/// every `real_interval` of virtual_rt time. A lead or lag that shrinks fast enough by itself is left alone.
class ShiftAdaptation {
 public:
  static constexpr unsigned first_shift = 3;
  static constexpr time::Duration virtual_interval = time::Duration::milliseconds(100);
  static constexpr time::Duration real_interval = time::Duration::seconds(1);
  static constexpr time::Duration slop = time::Duration::milliseconds(100);

  /// The shift from here on: `shift` or one more or less, within 0 to InstructionTime::max_shift.
  [[nodiscard]] unsigned adapt(const PaceReading& reading, unsigned shift);

 private:
  time::Duration last_lead_;
};

/// align=on: holds a guest back that runs ahead of real time, and says how far it was ahead and behind at most. A guest
/// that is behind cannot be hurried, only reported.
class Alignment {
 public:
  /// A lead up to this is not slept away: a wait costs more than it.
  static constexpr time::Duration tolerated_lead = time::Duration::milliseconds(3);
  static constexpr time::Duration warning_interval = time::Duration::seconds(2);
  static constexpr int max_warnings = 100;

  struct Decision {
    time::Duration sleep;                ///< of real time, before the guest goes on; zero: none
    std::optional<std::string> warning;  ///< a sentence for the user: the guest is late, or has caught up
  };
  /// Before each budget of instructions.
  [[nodiscard]] Decision align(const PaceReading& reading);

  /// Never negative.
  [[nodiscard]] time::Duration greatest_lead() const { return greatest_lead_; }
  [[nodiscard]] time::Duration greatest_lag() const { return greatest_lag_; }

 private:
  [[nodiscard]] std::optional<std::string> warning(const PaceReading& reading);

  time::Duration greatest_lead_;
  time::Duration greatest_lag_;
  std::optional<time::Instant> last_warning_;
  std::int64_t warned_of_s_ = 0;  // late by up to so many seconds
  int warnings_ = 0;
};

/// sleep=on: an idle machine's virtual time gets to the next deadline in real time. Begun when every hart has become
/// idle, ended when the wait is over: at its end or before, because a hart was woken.
class IdleSleep {
 public:
  /// Idle from `reading` on, the next virtual deadline being `deadline`, if there is one. Begun again, for another
  /// deadline, it goes on from the first beginning.
  void begin(const PaceReading& reading, std::optional<time::Instant> deadline);
  [[nodiscard]] bool is_begun() const { return began_.has_value(); }
  /// Until when to wait on virtual_rt; nothing: until woken.
  [[nodiscard]] std::optional<time::Instant> wait_until() const;
  /// The wait is over: to which instant virtual time is to be warped. Not beyond the deadline; with shift=auto not
  /// beyond real time either; never backwards.
  [[nodiscard]] time::Instant end(const PaceReading& reading, bool is_shift_adapted);

 private:
  std::optional<PaceReading> began_;
  std::optional<time::Instant> deadline_;
};

/// What is told about the two times [dump_drift_info].
struct DriftReport {
  time::Duration host_minus_virtual;
  std::optional<time::Duration> greatest_lag;   ///< only where align is on
  std::optional<time::Duration> greatest_lead;  ///< only where align is on

  [[nodiscard]] static DriftReport of(const PaceReading& reading, const Alignment* alignment);
  /// Three lines, in whole ms; "not available" without align.
  [[nodiscard]] std::string to_text() const;
};

}  // namespace fermata::clock
