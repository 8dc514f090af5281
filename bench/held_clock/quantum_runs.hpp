// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fermata/host/clock.hpp"
#include "fermata/time/duration.hpp"

namespace fermata::bench {

/// A way of holding a QEMU whose clock follows the host's.
enum class HeldBy : std::uint8_t {
  agent,         ///< Fermata's, on multi-threaded TCG
  agent_memory,  ///< the same by link v1 over shared memory
  agent_kvm,     ///< Fermata's, on KVM
  plain,         ///< the plain design (plain_agent.cpp), on multi-threaded TCG
  plain_kvm,     ///< the same on KVM
};
[[nodiscard]] const char* to_string(HeldBy way);
[[nodiscard]] bool needs_kvm(HeldBy way);

struct QuantumRun {
  std::int64_t quanta = 0;
  std::int64_t inexact = 0;  ///< reports that were not what was asked for
  double error_max_us = 0;   ///< the largest difference
  double run_on_p50_us =
      0;  ///< how far the guest ran on: past the frozen clock, or by the plain design past the horizon
  double run_on_p99_us = 0;
  bool is_run_on_cut = false;  ///< p99 is beyond what the statistics tell apart
  double cost_us = 0;          ///< host time beyond the virtual time that passed, per quantum
};

/// Runs a guest that computes without a pause for `quanta` of `quantum`, after some that do not count. `qemus` is the
/// folder of the QEMUs, or empty: looked up in PATH. Throws base::Error if the guest ends or stands still.
[[nodiscard]] QuantumRun run_quanta(HeldBy way, const std::string& qemus, time::Duration quantum, std::int64_t quanta);

/// The value below which a share `percent` of `counts` lies, `counts[i]` being how many were i; the upper end of the
/// step, in steps. 0 for no counts at all.
[[nodiscard]] double percentile(const std::vector<std::uint64_t>& counts, int percent);

/// `name` in the folder, or by itself.
[[nodiscard]] std::string program_in(const std::string& folder, const std::string& name);

}  // namespace fermata::bench
