// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

namespace fermata::cli {

struct DiffOptions {
  std::string first{};
  std::string second{};
  bool is_all = false;      ///< grants and reports as well, in the order in which they went
  std::size_t context = 5;  ///< lines before the difference
};

/// `fermata diff`: returns the program's exit status: 0 equal, 1 different, 2 trouble, of which it tells.
[[nodiscard]] int run_diff(const DiffOptions& options);

}  // namespace fermata::cli
