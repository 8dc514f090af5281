// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <functional>
#include <optional>

#include "fermata/clock/clocks.hpp"
#include "fermata/clock/timer_list.hpp"

namespace fermata::clock {

/// One timer list for each of the four clocks [QEMUTimerListGroup]: what a loop owns. Threads as for a TimerList.
class TimerListGroup {
 public:
  using Notify = std::function<void(ClockKind)>;

  /// `notify` is told of each list's notifications; without it the clocks' default is, which wakes the main loop.
  explicit TimerListGroup(Clocks& clocks, const Notify& notify = {});

  [[nodiscard]] TimerList& list(ClockKind kind) { return lists_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] TimerList& virtual_time() { return list(ClockKind::virtual_time); }
  [[nodiscard]] Clocks& clocks() const { return *clocks_; }

  /// The soonest deadline of those lists whose clock tells host nanoseconds: without the virtual clock where time comes
  /// from instructions, for a wait of that many host nanoseconds would mean nothing to it. A stopped machine's clocks
  /// count only for what is due already.
  [[nodiscard]] std::optional<time::Duration> host_deadline() const;
  /// One pass over each list. True if a callback ran.
  bool run_due();

 private:
  Clocks* clocks_;
  std::array<TimerList, clock_count> lists_;
};

}  // namespace fermata::clock
