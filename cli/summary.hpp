// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "fermata/guest/statistics.hpp"
#include "fermata/host/clock.hpp"
#include "fermata/time/duration.hpp"

namespace fermata::cli {

/// How a run came to its end.
enum class Ending {
  duration_reached,
  guest_ended,
  not_started,  ///< QEMU refused its options, or ended before any guest instruction
  interrupted,
  failed,
};
[[nodiscard]] const char* to_string(Ending ending);

/// Where the host's time went, from the start to the end of the run.
struct HostTimes {
  host::HostDuration start_up{};    ///< until the guest took its first grant
  host::HostDuration running{};     ///< the guest ran
  host::HostDuration simulator{};   ///< the guest stood and waited for the simulator's next grant
  host::HostDuration hand_shake{};  ///< messages on their way, processes waking up
  host::HostDuration unfinished{};  ///< after the last report, on a quantum that never got one

  [[nodiscard]] host::HostDuration total() const { return start_up + running + simulator + hand_shake + unfinished; }
};

/// How long a guest whose time is the host's ran on behind its held clock, in us.
struct RunOn {
  std::size_t median_us = 0;
  std::size_t p99_us = 0;
};
/// Out of the guest's counts; nothing where it has none.
[[nodiscard]] std::optional<RunOn> run_on(const guest::Statistics& statistics);

/// What a run came to.
struct Summary {
  Ending ending = Ending::failed;
  std::string ending_text{};  ///< for people: how the guest ended, what failed
  int exit_status = 0;        ///< what this program will return
  time::Duration virtual_time{};
  std::uint64_t quanta = 0;
  time::Duration overshoot_max{};
  time::Duration overshoot_sum{};
  std::optional<RunOn> run_on{};
  std::optional<host::HostDuration> greatest_lag{};  ///< behind the speed that was asked for
  HostTimes host{};
  bool has_guest_times = false;  ///< false: the guest did not count, so hand-shake contains start-up and running

  /// Virtual time over host time; nothing before any time has passed.
  [[nodiscard]] std::optional<double> ratio() const;
  /// Mean overshoot in ns.
  [[nodiscard]] double overshoot_mean_ns() const;
};

/// Seconds with six decimals, "5.000000 s": exact for whole microseconds.
[[nodiscard]] std::string to_microsecond_string(time::Duration span);
/// Several lines for people.
[[nodiscard]] std::string to_text(const Summary& summary);
/// One line of JSON.
[[nodiscard]] std::string to_json(const Summary& summary);

}  // namespace fermata::cli
