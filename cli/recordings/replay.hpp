// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "fermata/host/clock.hpp"
#include "fermata/time/duration.hpp"

namespace fermata::cli {

struct ReplayOptions {
  std::string file{};
  std::optional<time::Duration> quantum{};
  host::HostDuration limit = std::chrono::seconds(60);
  std::size_t context = 5;
  std::string record{};             ///< takes a recording of the replay
  std::vector<std::string> link{};  ///< what the program is told of the link beyond its descriptor, e.g. lines=13
  std::vector<std::string> command{};
};

/// `fermata replay`: returns the program's exit status: 0 equal, 1 different, 2 trouble, of which it tells; 128 and the
/// signal after one.
[[nodiscard]] int run_replay(const ReplayOptions& options);

}  // namespace fermata::cli
