// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "fermata/host/child_process.hpp"

namespace fermata::sim {

/// The command that runs an embedded machine in a process of its own under a simulator's clock: `arguments` are those
/// of fermata-machine(1), e.g. {"-bios", "none", "-kernel", "guest.elf"}. `-icount shift=3,sleep=off` and `-rtc
/// clock=vm` are added where the option is absent. Throws base::Error (not_found) if fermata-machine is neither beside
/// this program, in the library's install folder, nor in PATH; the environment variable FERMATA_MACHINE names it where
/// it is elsewhere. For a machine in the simulator's own process see machine::InProcessGuest.
[[nodiscard]] host::Command machine_command(std::vector<std::string> arguments);

/// The path of fermata-machine, found as above.
[[nodiscard]] std::string find_fermata_machine();

}  // namespace fermata::sim
