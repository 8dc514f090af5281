// SPDX-License-Identifier: MIT
#pragma once

namespace fermata::base {

/// The failing half of `expects`, out of line so that the check itself inlines to a compare.
[[noreturn]] void contract_broken(const char* condition, const char* function, const char* file, unsigned line);

/// Ends the program, naming `condition` and the calling function, unless `holds`. For what only a programming error can
/// break (a call in the wrong state, arithmetic past the range); never for input. Any thread. The last three are left
/// to their defaults (std::source_location is not to be had from clang 14).
constexpr void expects(bool holds, const char* condition, const char* function = __builtin_FUNCTION(),
                       const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) {
  if (!holds) [[unlikely]] {
    contract_broken(condition, function, file, line);
  }
}

}  // namespace fermata::base
