// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/pace.hpp"
#include "fermata/host/clock.hpp"
#include "fermata/sim/qemu.hpp"
#include "fermata/time/duration.hpp"

namespace fermata::cli {

struct ExecOptions {
  time::Duration quantum = time::Duration::milliseconds(1);
  std::optional<time::Duration> duration{};             ///< none: until the guest ends
  std::string qemu{};                                   ///< replaces the program of `command`
  std::string trace{};                                  ///< file that takes grants and reports
  std::string record{};                                 ///< the same as a recording: docs/trace-format.md
  host::HostDuration limit = std::chrono::seconds(60);  ///< for each report; zero: none
  std::optional<double> speed{};                        ///< virtual over real time; none: as fast as it goes
  sim::QemuOptions how{};
  bool is_json = false;
  bool is_quiet = false;
  std::vector<std::string> command{};
};

/// `fermata exec`: runs a QEMU command line in lockstep with a simulator that does nothing but grant time. Returns the
/// program's exit status. Throws base::BadArgument for a quantum or duration out of range, and base::Error if the guest
/// cannot be started, or the trace or recording not be written.
[[nodiscard]] int run_exec(const ExecOptions& options);

}  // namespace fermata::cli
