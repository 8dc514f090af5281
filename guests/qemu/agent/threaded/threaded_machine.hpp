// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "guests/qemu/agent/machine.hpp"

namespace fermata::qemu {

/// One whose QEMU has a thread for each vCPU: see ThreadedExecutor. Plugin installation time; throws base::Error
/// (unsupported) where the QEMU lacks something, naming it.
[[nodiscard]] std::unique_ptr<Machine> make_threaded_machine(const AgentOptions& options, const Symbols& symbols);

}  // namespace fermata::qemu
