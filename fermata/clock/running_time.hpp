// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "fermata/clock/clock.hpp"
#include "fermata/clock/sequence_lock.hpp"
#include "fermata/host/clock.hpp"

namespace fermata::clock {

/// The host's monotonic time and cycle counter less all the time that the machine was stopped: they freeze together and
/// go on without a jump. Frozen at the origin at first. One thread at a time freezes and unfreezes; readers in any
/// thread take no lock and never see either go backwards. The host's clocks outlive it.
class RunningTime final : public TimeSource {
 public:
  RunningTime(const host::HostClock& monotonic, const host::CycleCounter& cycles);

  [[nodiscard]] time::Instant now() const override;
  [[nodiscard]] std::int64_t cycles() const;

  /// Again is harmless.
  void go_on();
  void freeze();
  [[nodiscard]] bool is_running() const { return is_running_.load(std::memory_order_acquire); }

 private:
  [[nodiscard]] std::int64_t monotonic_ns() const { return monotonic_->now().since_boot.count(); }

  const host::HostClock* monotonic_;
  const host::CycleCounter* cycle_counter_;

  SequenceLock lock_;
  std::atomic<bool> is_running_{false};
  // While running what is added to the host's reading, while frozen the reading itself.
  std::atomic<std::int64_t> clock_ns_{0};
  std::atomic<std::int64_t> cycles_{0};
  mutable std::atomic<std::int64_t> latest_cycles_{0};  // counters of two cores may differ a little
};

}  // namespace fermata::clock
