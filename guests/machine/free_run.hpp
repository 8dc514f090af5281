// SPDX-License-Identifier: MIT
#pragma once

#include "guests/machine/emulation.hpp"

namespace fermata::machine_program {

/// Runs a machine by itself until the guest or the user ends it; idle time passes in real time or not at all, as
/// -icount sleep= says. Returns the program's exit status: that of the guest when it powered itself off, 1 where
/// virtual time has come to its end, else 0.
[[nodiscard]] int run_free(Emulation& emulation, const Ruling& ruling);

}  // namespace fermata::machine_program
