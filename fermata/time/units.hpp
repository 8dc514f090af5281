// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "fermata/time/instant.hpp"

namespace fermata::time {

/// Reads a span such as "10s", "1.5ms", "250us", "40 ns", "2min", "1h": a decimal number and a unit, which is required.
/// Exact: throws base::BadArgument for anything else, for a value that is not a whole number of nanoseconds, negative,
/// or beyond 64 bits. The message quotes the text and says what is taken.
[[nodiscard]] Duration parse_duration(std::string_view text);

/// The span with the largest unit that keeps it whole, e.g. "1500us", "3s", "0s". `parse_duration` reads it back.
[[nodiscard]] std::string to_string(Duration span);

/// Seconds with all nine decimals, e.g. "5.000000000": what traces and reports print.
[[nodiscard]] std::string to_seconds_string(Duration span);
[[nodiscard]] std::string to_seconds_string(Instant at);

}  // namespace fermata::time
