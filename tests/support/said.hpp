// SPDX-License-Identifier: MIT
//
// What test guests say on their serial line: lines NAME=NUMBER, of which the last may be there only in part.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fermata::test_support {

/// Those that have their end already, without it.
[[nodiscard]] std::vector<std::string> whole_lines(std::string_view said);

/// The numbers that follow `name` at the begin of whole lines, as in "t=": what a guest's own clock showed.
[[nodiscard]] std::vector<std::int64_t> numbers_said(std::string_view said, std::string_view name);

/// The first of them; none if it has not been said yet.
[[nodiscard]] std::optional<std::int64_t> number_said(std::string_view said, std::string_view name);

}  // namespace fermata::test_support
