// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace fermata::machine_program {

/// What --help prints.
[[nodiscard]] std::string usage();

}  // namespace fermata::machine_program
