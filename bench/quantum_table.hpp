// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fermata/host/clock.hpp"
#include "fermata/time/duration.hpp"

namespace fermata::bench {

/// The same virtual work three times in close succession, so that a drift of the host hits all alike.
struct PairedRun {
  host::HostDuration start_up;     ///< without the agent, no work: QEMU's start and end alone
  host::HostDuration alone;        ///< without the agent, all of the process
  host::HostDuration in_lockstep;  ///< with the agent, start and end not in it

  [[nodiscard]] host::HostDuration work_alone() const { return alone - start_up; }
};

/// What was measured for one guest and one quantum.
struct Measurement {
  std::string guest;
  time::Duration quantum;
  time::Duration span;
  std::vector<PairedRun> runs;  ///< not empty
};

/// The middle one, or the mean of the two in the middle. `values` is not empty.
[[nodiscard]] double median(std::vector<double> values);

/// What a table shows of a measurement; medians over the runs.
struct Summary {
  explicit Summary(const Measurement& measurement);

  double alone_s;
  double lockstep_s;
  /// Median of the runs' ratios; nothing where the work alone is too short to be told from the start-up's noise.
  std::optional<double> ratio;
  double cost_us;      ///< per quantum, in lockstep against alone
  double cost_low_us;  ///< the lowest of the runs, and the highest
  double cost_high_us;
};

/// One of the project's targets, and what became of it.
struct Verdict {
  std::string text;  ///< e.g. "busy, quantum 1ms: 1.08 times the time alone, target 1.15"
  bool is_met;
};

/// Those targets that `measurement` says something about.
[[nodiscard]] std::vector<Verdict> judge(const Measurement& measurement);

enum class Layout : std::uint8_t { text, markdown };

/// The table's first line(s), and one line for a measurement; each ends in a newline.
[[nodiscard]] std::string table_head(Layout layout);
[[nodiscard]] std::string table_row(const Measurement& measurement, Layout layout);

}  // namespace fermata::bench
