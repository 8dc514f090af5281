// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace fermata::sim {

/// The path of one of Fermata's programs: what the environment variable names, or `program` beside this program, in the
/// library's install folder or in PATH, in that order. Throws base::Error (not_found) that says where it was looked
/// for.
[[nodiscard]] std::string find_installed_program(const std::string& program, const std::string& variable);

}  // namespace fermata::sim
