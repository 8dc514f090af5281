// SPDX-License-Identifier: MIT
#include "tests/firmware/debian.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "tests/firmware/terminal.hpp"

namespace fermata::firmware_test {

using namespace time::literals;

namespace {

constexpr std::string_view prompt = "guest# ";

}  // namespace

std::optional<DebianFiles> find_debian() {
  const std::string folder = FERMATA_TEST_DEBIAN;
  DebianFiles files{.firmware = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin",
                    .kernel = folder + "/vmlinux",
                    .initrd = folder + "/initramfs.cpio.gz",
                    .append = "console=ttyS0 panic=-1"};
  for (const std::string& file : {files.firmware, files.kernel, files.initrd}) {
    if (!std::filesystem::exists(file)) {
      return std::nullopt;
    }
  }
  return files;
}

DebianRun talk_to_debian(Emulator& emulator) {
  DebianRun run;
  Terminal terminal(emulator);
  run.prompt = terminal.await(prompt, 60_s);
  terminal.run("sleep 1", prompt, 5_s);  // what the kernel still has to do after booting is over then
  terminal.run("sleep 1", prompt, 5_s);
  terminal.type("sleep 5\n");
  const time::Instant asked = emulator.now();
  run.sleep = terminal.await(prompt, 10_s) - asked;
  run.date = terminal.run("date +%s", prompt, 5_s);
  run.dated = emulator.now();
  run.interrupts = terminal.run("cat /proc/interrupts", prompt, 5_s);
  run.processors = terminal.run("nproc", prompt, 5_s);
  terminal.type("poweroff -f\n");
  run.exit_status = terminal.await_end(10_s);
  run.transcript = terminal.transcript();
  run.stamped_transcript = terminal.stamped_transcript();
  return run;
}

PingRun ping_from_debian(Emulator& emulator) {
  PingRun run;
  Terminal terminal(emulator);
  terminal.await(prompt, 60_s);
  terminal.run("sleep 1", prompt, 5_s);
  for (const char* module : {"failover", "net_failover", "virtio_net", "virtio_mmio"}) {
    run.driver += terminal.run(fmt::format("insmod /modules/{}.ko && echo loaded", module), prompt, 20_s);
  }
  terminal.run("ip addr add 10.0.0.2/24 dev eth0; ip link set eth0 up", prompt, 5_s);
  run.link = terminal.run("ip link show eth0", prompt, 5_s);
  run.ping = terminal.run("ping -c 3 10.0.0.1", prompt, 20_s);
  run.stamped_transcript = terminal.stamped_transcript();
  return run;
}

}  // namespace fermata::firmware_test
