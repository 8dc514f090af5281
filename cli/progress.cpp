// SPDX-License-Identifier: MIT
#include "cli/progress.hpp"

#include <fmt/format.h>

#include "cli/summary.hpp"

namespace fermata::cli {
namespace {

constexpr host::HostDuration interval = std::chrono::milliseconds(250);

std::string to_rough_string(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole >= 3600) {
    return fmt::format("{}h{:02}min", whole / 3600, whole / 60 % 60);
  }
  return whole >= 60 ? fmt::format("{}min{:02}s", whole / 60, whole % 60) : fmt::format("{}s", whole);
}

}  // namespace

std::string progress_line(time::Duration reached, std::optional<time::Duration> duration, host::HostDuration elapsed) {
  std::string line = to_microsecond_string(reached);
  if (duration) {
    line += " of " + to_microsecond_string(*duration);
  }
  if (elapsed.count() <= 0 || reached <= time::Duration::zero()) {
    return line;
  }
  const double speed = static_cast<double>(reached.ns()) / static_cast<double>(elapsed.count());
  line += fmt::format(", {:.3g}x real time", speed);
  if (duration && *duration > reached) {
    line += ", " + to_rough_string(static_cast<double>((*duration - reached).ns()) / speed / 1e9) + " left";
  }
  return line;
}

Progress::Progress(std::FILE* terminal, std::optional<time::Duration> duration, const host::HostClock& clock)
    : terminal_(terminal), duration_(duration), clock_(clock), started_(clock.now()), shown_(started_) {}

void Progress::update(time::Duration reached) {
  if (terminal_ == nullptr) {
    return;
  }
  const host::HostInstant now = clock_.now();
  if (now - shown_ < interval) {
    return;
  }
  shown_ = now;
  is_shown_ = true;
  fmt::print(terminal_, "\r\033[K{}", progress_line(reached, duration_, now - started_));
  std::fflush(terminal_);
}

void Progress::clear() {
  if (is_shown_) {
    fmt::print(terminal_, "\r\033[K");
    std::fflush(terminal_);
    is_shown_ = false;
  }
}

}  // namespace fermata::cli
