// SPDX-License-Identifier: MIT
//
// Stock QEMUs: each version over each transport on riscv64, whose guests are the embedded machine's too; and the other
// machines over one of them.
#include "fermata/base/error.hpp"
#include "fermata/sim/qemu.hpp"
#include "tests/link_conformance/target.hpp"
#include "tests/qemu/support/fixture.hpp"

namespace fermata::conformance_test {

std::vector<Target> all_targets() {
  std::vector<Target> targets;
  for (const char* version : {"7.2", "10.0", "11.1"}) {
    targets.push_back({.guest = version, .carrier = Carrier::unix_socket});
    targets.push_back({.guest = version, .carrier = Carrier::shared_memory});
    targets.push_back({.guest = version, .arch = "aarch64", .carrier = Carrier::unix_socket});
    targets.push_back({.guest = version, .arch = "x86_64", .carrier = Carrier::shared_memory});
  }
  return targets;
}

std::string why_not_here(const Target& target) {
  return qemu_test::find_qemu(target.guest) ? "" : "QEMU " + target.guest + " is not in FERMATA_TEST_QEMUS";
}

Local start_local(const Wanted& /*wanted*/) {
  throw base::Error(base::ErrorCode::unsupported, "a stock QEMU is a process of its own");
}

std::vector<std::string> arguments_of(const Target& target, const Wanted& wanted, const TempFolder& folder) {
  const auto qemu = qemu_test::find_qemu(target.guest);
  auto arguments = qemu->command_line(target.arch, wanted.program);
  if (wanted.has_network) {
    arguments.insert(arguments.end(),
                     {"-global", "virtio-mmio.force-legacy=false", "-global", "virtio-mmio.ioeventfd=off", "-device",
                      "virtio-net-device,netdev=ethernet0,bus=virtio-mmio-bus.0,tx=timer"});
  }
  if (wanted.keeps_checkpoints) {
    const std::string disk = folder.path("snapshots.qcow2");
    if (run({qemu->folder() / "qemu-img", "create", "-q", "-f", "qcow2", disk, "8M"}).status != host::ExitStatus{}) {
      throw base::Error(base::ErrorCode::host_failure, "qemu-img could not make " + disk);
    }
    arguments.insert(arguments.end(), {"-drive", "if=none,format=qcow2,file=" + disk});
  }
  if (target.arch == "x86_64") {
    arguments.insert(arguments.end(), {"-device", "isa-debug-exit,iobase=0x501,iosize=4"});
  }
  return arguments;
}

host::Command command_of(const Target& target, const Wanted& wanted, const TempFolder& folder) {
  return sim::qemu_command(arguments_of(target, wanted, folder));
}

std::vector<std::string> channels_of(const Target& target, const Wanted& wanted) {
  std::vector<std::string> channels{"serial=serial0"};
  if (wanted.has_network) {
    channels.emplace_back("ethernet=ethernet0");
  }
  if (wanted.has_line) {
    channels.emplace_back("line=line20:20");
  }
  if (wanted.has_window) {
    channels.push_back(std::string("window=board@") + (target.arch == "x86_64" ? "0xe0000000" : "0x10010000") +
                       "+0x1000");
  }
  if (wanted.has_memory) {
    channels.emplace_back("dma=memory");
  }
  return channels;
}

}  // namespace fermata::conformance_test
