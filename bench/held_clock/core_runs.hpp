// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fermata/host/clock.hpp"
#include "fermata/time/duration.hpp"

namespace fermata::bench {

/// How the vCPUs of a machine are run, all in lockstep by quanta of 1 ms.
enum class Cores : std::uint8_t {
  by_turns,           ///< one thread, counted instructions: exact
  from_instructions,  ///< a thread each, time from counted instructions
  from_host,          ///< a thread each, time from the host's clock
};

/// Such a way; with time from instructions, also how far vCPUs may be apart: as usual if unsaid.
struct CoreWay {
  Cores cores;
  std::optional<time::Duration> slice{};
};
[[nodiscard]] std::string to_string(const CoreWay& way);

/// Host time in which a guest does `rounds` of its work, shared out over `vcpus`, from its first report to its end.
/// `qemus` as for run_quanta. Throws base::Error if it does not end well.
[[nodiscard]] host::HostDuration run_cores(const CoreWay& way, const std::string& qemus, int vcpus,
                                           std::int64_t rounds);

}  // namespace fermata::bench
