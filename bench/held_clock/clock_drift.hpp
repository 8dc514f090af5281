// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "fermata/time/duration.hpp"

namespace fermata::bench {

/// A clock of the guest's against ACPI's timer, which shows QEMU's virtual clock.
struct Drift {
  std::int64_t passed_ns = 0;   ///< of virtual time, between the guest's second look and its last
  std::int64_t off_ns = 0;      ///< how much more the clock came on meanwhile
  std::int64_t off_max_ns = 0;  ///< the largest such difference at any look, without its sign
  [[nodiscard]] double percent() const { return 100.0 * static_cast<double>(off_ns) / static_cast<double>(passed_ns); }
};

/// Runs an x86_64 guest that compares its clocks every 100 ms for `span` in quanta of 1 ms, by KVM or multi-threaded
/// TCG: its time-stamp counter under TCG, kvmclock under KVM. `qemus` as for run_quanta. Throws base::Error if the
/// guest prints too little.
[[nodiscard]] Drift measure_drift(bool by_kvm, const std::string& qemus, time::Duration span);

}  // namespace fermata::bench
