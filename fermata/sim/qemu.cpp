// SPDX-License-Identifier: MIT
#include "fermata/sim/qemu.hpp"

#include "fermata/base/contract.hpp"
#include "fermata/sim/installed_program.hpp"

namespace fermata::sim {

std::string find_fermata_qemu() { return find_installed_program("fermata-qemu", "FERMATA_QEMU"); }

host::Command qemu_command(std::vector<std::string> arguments, Inexact inexact) {
  base::expects(!arguments.empty(), "qemu_command: arguments name a QEMU");
  if (inexact == Inexact::refuse) {
    arguments.insert(arguments.begin(), "--strict");
  }
  arguments.insert(arguments.begin(), {find_fermata_qemu(), "--add-missing"});
  return {.arguments = std::move(arguments)};
}

}  // namespace fermata::sim
