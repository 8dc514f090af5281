// SPDX-License-Identifier: MIT
#include "fermata/sim/machine_command.hpp"

#include <algorithm>

#include "fermata/sim/installed_program.hpp"

namespace fermata::sim {

std::string find_fermata_machine() { return find_installed_program("fermata-machine", "FERMATA_MACHINE"); }

host::Command machine_command(std::vector<std::string> arguments) {
  const auto add_if_absent = [&arguments](const std::string& option, const std::string& value) {
    if (std::ranges::find(arguments, option) == arguments.end() &&
        std::ranges::find(arguments, "-" + option) == arguments.end()) {
      arguments.insert(arguments.end(), {option, value});
    }
  };
  add_if_absent("-icount", "shift=3,sleep=off");
  add_if_absent("-rtc", "clock=vm");
  arguments.insert(arguments.begin(), find_fermata_machine());
  return {.arguments = std::move(arguments)};
}

}  // namespace fermata::sim
