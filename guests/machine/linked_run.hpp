// SPDX-License-Identifier: MIT
#pragma once

#include "guests/machine/emulation.hpp"

namespace fermata::machine_program {

/// Runs a machine under a simulator's clock [-qqq, -link] until the simulator, the guest or the user ends it. Returns
/// the program's exit status: 0 when the simulator has closed its end, 1 when it broke the protocol or cannot be
/// reached any more, the guest's status when it powered itself off. Throws base::Error if the link's descriptor is no
/// socket.
[[nodiscard]] int run_linked(Emulation& emulation, const LinkOption& link);

}  // namespace fermata::machine_program
