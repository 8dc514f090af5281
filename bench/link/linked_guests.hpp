// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "fermata/host/child_process.hpp"
#include "fermata/machine/config.hpp"

namespace fermata::bench {

/// The test guest of that name (tests/guests), on a stock QEMU that counts instructions of 8 ns; ready to be linked.
[[nodiscard]] host::Command qemu_command(const std::string& qemu, const std::string& guest,
                                         const std::vector<std::string>& more = {});
/// The same on fermata-machine, and on a machine in this process.
[[nodiscard]] host::Command machine_command(const std::string& guest);
[[nodiscard]] machine::Config machine_config(const std::string& guest);

}  // namespace fermata::bench
