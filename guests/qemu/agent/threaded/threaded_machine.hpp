// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>

#include "guests/qemu/agent/machine.hpp"

namespace fermata::qemu {

/// One whose QEMU has a thread for each vCPU: see ThreadedExecutor. Plugin installation time; throws base::Error
/// (unsupported) where the QEMU lacks something, naming it. `plugin` is our number in QEMU's plugin interface.
[[nodiscard]] std::unique_ptr<Machine> make_threaded_machine(std::uint64_t plugin, const AgentOptions& options,
                                                             const Symbols& symbols);

}  // namespace fermata::qemu
