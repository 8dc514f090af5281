// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "fermata/time/instant.hpp"

namespace fermata::clock {

class TimerList;

/// The four clocks of a machine (clocks-and-timers, "Four clocks").
enum class ClockKind : std::uint8_t {
  realtime,      ///< host monotonic time; runs while the machine is stopped [QEMU_CLOCK_REALTIME]
  virtual_time,  ///< guest time; stands while the machine is stopped [QEMU_CLOCK_VIRTUAL]
  host,          ///< host wall-clock time, which can jump [QEMU_CLOCK_HOST]
  virtual_rt,    ///< host monotonic time counted only while the machine runs [QEMU_CLOCK_VIRTUAL_RT]
};
inline constexpr int clock_count = 4;

/// The kind as a word: "realtime", "virtual", "host", "virtual_rt".
[[nodiscard]] std::string_view to_string(ClockKind kind);

/// What tells a clock's instant. Safe to call from any thread; takes no lock.
class TimeSource {
 public:
  virtual ~TimeSource() = default;
  [[nodiscard]] virtual time::Instant now() const = 0;
};

/// Which timers a question is about: those marked external serve the host's side, not guest state.
enum class TimerScope : std::uint8_t { all, without_external };

/// One of a machine's clocks: tells its instant, knows all its timer lists, whichever thread owns them, and switches
/// them off and on together. An instant of the clock is counted from the clock's own origin. Any thread. Lives longer
/// than its lists.
class Clock {
 public:
  Clock(ClockKind kind, const TimeSource& source);
  ~Clock();
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  [[nodiscard]] ClockKind kind() const { return kind_; }
  [[nodiscard]] time::Instant now() const { return source_->now(); }

  /// A disabled clock goes on telling its instant, but no timer of it runs and it has no deadline.
  [[nodiscard]] bool is_enabled() const { return is_enabled_.load(std::memory_order_acquire); }
  /// Lets its timers run again, and notifies each of its lists. Nothing if it is enabled already.
  void enable();
  /// Stops all its lists, in all threads; returns only when no callback of this clock is running anywhere. Called from
  /// such a callback it would wait for itself: that is a broken precondition.
  void disable();

  /// When the earliest timer of all its lists in all threads expires; nothing if none is armed or the clock is
  /// disabled.
  [[nodiscard]] std::optional<time::Instant> earliest(TimerScope scope = TimerScope::all) const;
  /// The soonest deadline of all its lists in all threads: the span from now, zero if something is due, nothing if no
  /// timer is armed or the clock is disabled.
  [[nodiscard]] std::optional<time::Duration> deadline(TimerScope scope = TimerScope::all) const;
  /// Has every list look at its deadline anew: for a clock whose time has jumped.
  void notify();
  /// The same for the lists whose earliest timer is due: their owners are to run them, and the clock waits for that.
  void notify_due();
  /// Also called at each list's notification, before the list's own callback and under the same rules: for whoever
  /// advances an instruction-driven clock and has to compute anew how far. Not while other threads use the clock.
  void set_watch(std::function<void()> watch);
  /// What a list without a notify callback of its own calls: the main loop's wake-up. Not while other threads use the
  /// clock.
  void set_default_notify(std::function<void()> notify);

 private:
  friend class TimerList;
  struct Lists;

  /// Zero if it has come, as long as a span can be if it is further off than that.
  [[nodiscard]] time::Duration span_until(time::Instant at) const;
  void call_watch() const;
  void call_default_notify() const;

  ClockKind kind_;
  const TimeSource* source_;
  std::atomic<bool> is_enabled_{true};
  std::unique_ptr<Lists> lists_;
};

}  // namespace fermata::clock
