// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "fermata/host/clock.hpp"
#include "fermata/time/duration.hpp"

namespace fermata::cli {

/// One line for people: virtual time, speed against real time, and the host time that is left where the end is known.
[[nodiscard]] std::string progress_line(time::Duration reached, std::optional<time::Duration> duration,
                                        host::HostDuration elapsed);

/// Keeps such a line up to date on a terminal, a few times a second.
class Progress {
 public:
  /// Shows nothing if `terminal` is null. Both must outlive it.
  Progress(std::FILE* terminal, std::optional<time::Duration> duration, const host::HostClock& clock);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(time::Duration reached);
  /// Takes the line away, so that others can write.
  void clear();

 private:
  std::FILE* terminal_;
  std::optional<time::Duration> duration_;
  const host::HostClock& clock_;
  host::HostInstant started_;
  host::HostInstant shown_;
  bool is_shown_ = false;
};

}  // namespace fermata::cli
