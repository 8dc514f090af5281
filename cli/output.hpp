// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace fermata::cli {

/// Writes `text` to standard output, all of it and at once. Throws base::Error (host_failure) where that is lost: a
/// full disk, a closed pipe.
void print_output(std::string_view text);

}  // namespace fermata::cli
