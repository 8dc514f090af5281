// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "fermata/host/clock.hpp"
#include "fermata/time/duration.hpp"

namespace fermata::bench {

/// One of the bench guests of tests/guests, on one QEMU.
struct Workload {
  std::string qemu;   ///< path of a qemu-system-riscv64
  std::string guest;  ///< "busy", "idle" or "tick"
};

/// The stock QEMU by itself, from the start of its process to its end, the guest working for `span` and powering off.
/// Throws base::Error if it does not end well.
[[nodiscard]] host::HostDuration run_alone(const Workload& workload, time::Duration span);

/// The same work under a simulator that grants one `quantum` after the other and does nothing else. Start and end do
/// not count: the time is taken from the report of a first microsecond to the one at which `span` has passed since.
/// Then the guest must power off on its own, as a proof that it had just that work. `span` is whole quanta.
[[nodiscard]] host::HostDuration run_in_lockstep(const Workload& workload, time::Duration span, time::Duration quantum);

/// The version that the QEMU prints, e.g. "10.0.13".
[[nodiscard]] std::string version_of(const std::string& qemu);

}  // namespace fermata::bench
