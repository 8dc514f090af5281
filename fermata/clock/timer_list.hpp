// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "fermata/clock/clock.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::clock {

class Timer;

/// The timers of one clock for one thread, the one that calls `run_due` [QEMUTimerList]. Everything else may be called
/// from any thread and from inside callbacks. Lives shorter than its clock and longer than its timers.
class TimerList {
 public:
  /// Called whenever the earliest deadline - with or without external timers - has become earlier, or its clock was
  /// enabled or has jumped, with no lock held and in the thread that caused it. It may not destroy the list.
  using Notify = std::function<void()>;

  /// Without `notify` the clock's default is called, which wakes the main loop.
  explicit TimerList(Clock& clock, Notify notify = {});
  ~TimerList();
  TimerList(const TimerList&) = delete;
  TimerList& operator=(const TimerList&) = delete;

  [[nodiscard]] Clock& clock() const { return *clock_; }
  [[nodiscard]] bool has_timers() const;
  /// When its earliest timer expires; nothing if none is armed or the clock is disabled.
  [[nodiscard]] std::optional<time::Instant> earliest(TimerScope scope = TimerScope::all) const;
  /// The same as a span from the clock's now: zero if due.
  [[nodiscard]] std::optional<time::Duration> deadline(TimerScope scope = TimerScope::all) const;

  /// The clock's `earliest`, over all of its lists, at the cost of this list's as long as there is no other.
  [[nodiscard]] std::optional<time::Instant> earliest_of_clock(TimerScope scope = TimerScope::all) const;

  /// One pass: runs what was due when it began, by (expiry, order of arming). What a callback arms for an instant that
  /// has already come runs in the next pass. True if a callback ran. In the list's own thread only, not from a
  /// callback.
  bool run_due();

  /// Replaces the notify callback. Not while other threads use the list.
  void set_notify(Notify notify);

  /// The order counter: saved before and loaded before the list's timers are. Loading needs an empty list.
  void save(state::Writer& writer) const;
  void load(state::Reader& reader);

 private:
  friend class Clock;
  friend class Timer;
  struct Queue;

  Clock* clock_;
  std::unique_ptr<Queue> queue_;
};

}  // namespace fermata::clock
