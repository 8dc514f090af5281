// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace fermata::host {

/// A span of the host's time. Kept a different type from time::Duration, so that the two cannot meet by accident.
using HostDuration = std::chrono::nanoseconds;

/// A point of the host's monotonic clock; its origin means nothing.
struct HostInstant {
  HostDuration since_boot{};

  friend auto operator<=>(const HostInstant&, const HostInstant&) = default;
  friend HostDuration operator-(HostInstant later, HostInstant earlier) {
    return later.since_boot - earlier.since_boot;
  }
  friend HostInstant operator+(HostInstant at, HostDuration span) { return {at.since_boot + span}; }
};

/// Where host time comes from: for limits on waiting and for measuring cost, never for anything that a guest can see.
/// Handed in, so that tests decide what time it is. Implementations are safe to call from any thread.
class HostClock {
 public:
  [[nodiscard]] virtual HostInstant now() const = 0;

  /// The operating system's monotonic clock; lives for ever.
  [[nodiscard]] static const HostClock& monotonic();

 protected:
  ~HostClock() = default;  // never owned through the base; trivial, so that the constant above needs no destruction
};

/// A point of the host's wall-clock time, which people and other programs set: it can jump, also backwards.
struct WallInstant {
  HostDuration since_epoch{};  ///< 1970-01-01 00:00 UTC, without leap seconds

  friend auto operator<=>(const WallInstant&, const WallInstant&) = default;
  friend HostDuration operator-(WallInstant later, WallInstant earlier) {
    return later.since_epoch - earlier.since_epoch;
  }
  friend WallInstant operator+(WallInstant at, HostDuration span) { return {at.since_epoch + span}; }
};

/// Where wall-clock time comes from: for a real-time clock chip that follows the host. As HostClock otherwise.
class WallClock {
 public:
  [[nodiscard]] virtual WallInstant now() const = 0;

  /// The operating system's; lives for ever.
  [[nodiscard]] static const WallClock& system();

 protected:
  ~WallClock() = default;
};

/// A counter of the host's processor that runs at a steady rate of its own; its origin means nothing, and two cores may
/// differ a little. As HostClock otherwise.
class CycleCounter {
 public:
  [[nodiscard]] virtual std::int64_t now() const = 0;

  /// The processor's (x86 time-stamp counter, Arm virtual counter); monotonic nanoseconds where it is not known.
  [[nodiscard]] static const CycleCounter& system();

 protected:
  ~CycleCounter() = default;
};

/// The processor time that a thread has had. A value; readable from any thread while the other lives.
class ThreadClock {
 public:
  /// Of the calling thread. Throws base::Error (host_failure) where the system has no such clock.
  [[nodiscard]] static ThreadClock of_this_thread();
  /// What it has had so far.
  [[nodiscard]] HostDuration used() const;

 private:
  explicit ThreadClock(int id) : id_(id) {}
  int id_;
};

/// Waits as punctually as the host can: sleeps, and is awake for the last part, as long as the host has lately taken to
/// wake this waiter up. For one thread.
class PunctualWait {
 public:
  static constexpr HostDuration longest_spin = std::chrono::microseconds(100);

  /// Returns at `at` of the monotonic clock, never before; at once if it has passed.
  void until(HostInstant at);
  /// Sleeps until about then: the host decides how much later it returns.
  static void roughly_until(HostInstant at);

 private:
  HostDuration spin_ = std::chrono::microseconds(20);
};

/// A host-time limit on waiting for somebody: taken once, asked often.
class Deadline {
 public:
  /// Ends `limit` from now; a limit of zero or less has ended already. `clock` must outlive the deadline.
  /// Any limit is fine: one too long to be told apart from for ever is cut to a century.
  Deadline(const HostClock& clock, HostDuration limit);

  /// What is left, never negative.
  [[nodiscard]] HostDuration remaining() const;
  [[nodiscard]] bool has_passed() const { return remaining() == HostDuration::zero(); }

 private:
  const HostClock* clock_;
  HostInstant ends_;
};

}  // namespace fermata::host
