// SPDX-License-Identifier: MIT
//
// The embedded machine: in this process, and as the program fermata-machine.
#include "fermata/machine/boot/boot_plan.hpp"
#include "fermata/machine/in_process_guest.hpp"
#include "tests/link_conformance/target.hpp"

namespace fermata::conformance_test {
namespace {

constexpr unsigned line_source = 20;
constexpr std::uint64_t window_base = 0x1001'0000;
constexpr std::uint64_t window_size = 0x1000;

}  // namespace

std::vector<Target> all_targets() {
  return {{.guest = "machine", .carrier = Carrier::in_process},
          {.guest = "machine", .carrier = Carrier::unix_socket},
          {.guest = "machine", .carrier = Carrier::shared_memory}};
}

std::string why_not_here(const Target& /*target*/) { return ""; }

Local start_local(const Wanted& wanted) {
  machine::Config config;
  const auto kernel = machine::boot::read_named(guest_path("riscv64", wanted.program));
  config.boot = machine::boot::plan_boot({.kernel = kernel}, 2 << 20, 1);
  if (wanted.has_network) {
    config.networks.push_back(device::MacAddress::default_of(0));
  }
  if (wanted.has_line) {
    config.external_lines = {line_source};
  }
  if (wanted.has_window) {
    config.external_windows.push_back({.name = "board", .range = {.begin = window_base, .size = window_size}});
  }
  if (wanted.has_memory) {
    config.dma = {"memory"};
  }
  auto machine =
      std::make_shared<machine::InProcessGuest>(std::move(config), guest::Follower::Options{}, machine::Protocol::link);
  auto stream = machine->connect();
  return {.machine = std::move(machine), .stream = std::move(stream)};
}

std::vector<std::string> arguments_of(const Target& target, const Wanted& wanted, const TempFolder& /*folder*/) {
  std::vector<std::string> arguments{built_program("fermata-machine"),
                                     "-bios",
                                     "none",
                                     "-nodefaults",
                                     "-m",
                                     "2",
                                     "-kernel",
                                     guest_path(target.arch, wanted.program),
                                     "-rtc",
                                     "clock=vm",
                                     "-icount",
                                     "shift=3,sleep=off"};
  if (wanted.has_network) {
    arguments.insert(arguments.end(), {"-device", "virtio-net-device"});
  }
  return arguments;
}

host::Command command_of(const Target& target, const Wanted& wanted, const TempFolder& folder) {
  return {.arguments = arguments_of(target, wanted, folder)};
}

std::vector<std::string> channels_of(const Target& /*target*/, const Wanted& wanted) {
  std::vector<std::string> channels;
  if (wanted.has_line) {
    channels.emplace_back("lines=20");
  }
  if (wanted.has_window) {
    channels.emplace_back("windows=board@0x10010000+0x1000");
  }
  if (wanted.has_memory) {
    channels.emplace_back("dma=memory");
  }
  return channels;
}

}  // namespace fermata::conformance_test
