// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "guests/qemu/stock/symbols.hpp"

namespace fermata::qemu {

/// Checks by behaviour what holding a clock needs of this QEMU, in a sentence for each check that fails; empty
/// when all is as it should be. A function that was found by its name may have changed its meaning: what it does
/// decides. `counts_instructions` asks for what that needs, too.
///
/// At machine-init-done, in the main thread with the lock held. `has_machine` is false for `-M none`, which has no
/// vCPU.
[[nodiscard]] std::vector<std::string> failed_probes(const Symbols& symbols, bool has_machine,
                                                     bool counts_instructions = true);

}  // namespace fermata::qemu
