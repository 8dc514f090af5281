// SPDX-License-Identifier: MIT
#include "bench/link/linked_guests.hpp"

#include <fmt/format.h>

#include "fermata/machine/boot/boot_plan.hpp"
#include "fermata/machine/boot/image.hpp"
#include "fermata/sim/machine_command.hpp"
#include "fermata/sim/qemu.hpp"

namespace fermata::bench {
namespace {

std::string elf(const std::string& guest) { return fmt::format("{}/{}.elf", BENCH_GUESTS, guest); }

}  // namespace

host::Command qemu_command(const std::string& qemu, const std::string& guest, const std::vector<std::string>& more) {
  std::vector<std::string> arguments{
      qemu,    "-M",      "virt",     "-nodefaults", "-display",          "none", "-bios",
      "none",  "-kernel", elf(guest), "-icount",     "shift=3,sleep=off", "-rtc", "clock=vm,base=2020-01-01",
      "-seed", "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return sim::qemu_command(std::move(arguments));
}

host::Command machine_command(const std::string& guest) {
  return sim::machine_command({"-bios", "none", "-nodefaults", "-m", "2", "-kernel", elf(guest)});
}

machine::Config machine_config(const std::string& guest) {
  machine::Config config;
  config.boot = machine::boot::plan_boot({.kernel = machine::boot::read_named(elf(guest))}, 2 << 20, 1);
  return config;
}

}  // namespace fermata::bench
