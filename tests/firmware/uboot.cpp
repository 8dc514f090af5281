// SPDX-License-Identifier: MIT
#include "tests/firmware/uboot.hpp"

#include <filesystem>

#include "tests/firmware/terminal.hpp"

namespace fermata::firmware_test {

using namespace time::literals;

std::optional<UbootFiles> find_uboot() {
  const UbootFiles files{.firmware = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin",
                         .kernel = "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin"};
  if (!std::filesystem::exists(files.firmware) || !std::filesystem::exists(files.kernel)) {
    return std::nullopt;
  }
  return files;
}

UbootRun talk_to_uboot(Emulator& emulator, time::Duration quantum) {
  const std::string prompt = "=> ";
  UbootRun run;
  Terminal terminal(emulator, quantum);
  terminal.await("stop autoboot", 10_s);
  terminal.type(" ");
  run.prompt = terminal.await(prompt, 2_s);
  run.version = terminal.run("version", prompt, 1_s);
  run.bdinfo = terminal.run("bdinfo", prompt, 1_s);
  terminal.type("sleep 2\n");
  const time::Instant asked = terminal.await("sleep 2\r\n", 1_s);
  run.sleep = terminal.await(prompt, 3_s) - asked;
  terminal.type("poweroff\n");
  run.exit_status = terminal.await_end(5_s);
  run.transcript = terminal.transcript();
  run.stamped_transcript = terminal.stamped_transcript();
  return run;
}

}  // namespace fermata::firmware_test
