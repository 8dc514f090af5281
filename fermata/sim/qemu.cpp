// SPDX-License-Identifier: MIT
#include "fermata/sim/qemu.hpp"

#include <iterator>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/sim/installed_program.hpp"
#include "fermata/time/units.hpp"

namespace fermata::sim {

std::string find_fermata_qemu() { return find_installed_program("fermata-qemu", "FERMATA_QEMU"); }

host::Command qemu_command(std::vector<std::string> arguments, const QemuOptions& options) {
  base::expects(!arguments.empty(), "qemu_command: arguments name a QEMU");
  std::vector<std::string> command{find_fermata_qemu(), "--add-missing"};
  if (options.inexact == Inexact::refuse) {
    command.emplace_back("--strict");
  }
  if (options.time == TimeFrom::instructions) {
    command.insert(command.end(), {"--time", "instructions"});
  }
  if (!options.dilation.empty()) {
    command.insert(command.end(), {"--dilation", options.dilation});
  }
  if (options.slice) {
    command.insert(command.end(), {"--slice", time::to_string(*options.slice)});
  }
  if (!options.instruction.empty()) {
    std::string spans;
    for (const time::Duration span : options.instruction) {
      spans += (spans.empty() ? "" : "/") + time::to_string(span);
    }
    command.insert(command.end(), {"--instruction", spans});
  }
  if (options.tells_way) {
    command.emplace_back("--tell-way");
  }
  command.insert(command.end(), std::make_move_iterator(arguments.begin()), std::make_move_iterator(arguments.end()));
  return {.arguments = std::move(command)};
}

}  // namespace fermata::sim
