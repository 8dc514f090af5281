// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "fermata/time/duration.hpp"

namespace fermata::cli {

/// Adds an option that takes a span such as 1ms. `take` may throw base::BadArgument.
void add_span(CLI::App& command, const std::string& name, const std::string& help,
              const std::function<void(time::Duration)>& take);

}  // namespace fermata::cli
