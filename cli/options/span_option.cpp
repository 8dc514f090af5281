// SPDX-License-Identifier: MIT
#include "cli/options/span_option.hpp"

#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"

namespace fermata::cli {

void add_span(CLI::App& command, const std::string& name, const std::string& help,
              const std::function<void(time::Duration)>& take) {
  command
      .add_option_function<std::string>(
          name,
          [name, take](const std::string& text) {
            try {
              take(time::parse_duration(text));
            } catch (const base::BadArgument& error) {
              throw CLI::ValidationError(name, error.what());
            }
          },
          help)
      ->type_name("SPAN");
}

}  // namespace fermata::cli
