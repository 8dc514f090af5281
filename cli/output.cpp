// SPDX-License-Identifier: MIT
#include "cli/output.hpp"

#include <cerrno>
#include <cstdio>

#include "fermata/base/error.hpp"

namespace fermata::cli {

void print_output(std::string_view text) {
  errno = 0;
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (std::fflush(stdout) != 0 || !is_written) {
    throw base::host_error("write to standard output", errno);
  }
}

}  // namespace fermata::cli
