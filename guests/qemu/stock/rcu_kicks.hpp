// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guests/qemu/stock/symbols.hpp"

namespace fermata::qemu {

/// Keeps QEMU's RCU from kicking the vCPU thread out of guest code at instants that depend on the host: with several
/// vCPUs each kick passes the turn on, so that two runs would differ. RCU then waits until the thread leaves guest code
/// by itself, at a timer's expiry or a quantum's end. Called in the vCPU thread. True if nothing kicks it any more.
[[nodiscard]] bool stop_rcu_kicks(const Symbols& qemu);

}  // namespace fermata::qemu
