// SPDX-License-Identifier: MIT
//
// The same images on stock QEMUs, whose board ours is compatible with: the same conversation, the same answers.
#include <gtest/gtest.h>

#include "fermata/sim/qemu.hpp"
#include "tests/firmware/machine_emulator.hpp"
#include "tests/firmware/program_emulator.hpp"
#include "tests/firmware/uboot.hpp"
#include "tests/qemu/support/fixture.hpp"

namespace fermata::firmware_test {
namespace {

class Oracle : public qemu_test::QemuTest {};

UbootRun on_machine(const UbootFiles& files) {
  machine::Config config;
  config.boot = machine::boot::plan_boot(
      {.firmware = machine::boot::read_named(files.firmware), .kernel = machine::boot::read_named(files.kernel)},
      std::uint64_t{128} << 20, 1);
  MachineEmulator emulator(std::move(config));
  return talk_to_uboot(emulator);
}

TEST_P(Oracle, UbootSaysTheSameAndSleepsAsLong) {
  const auto files = find_uboot();
  if (!files) {
    GTEST_SKIP() << how_to_have_uboot;
  }
  const test_support::TempFolder folder;
  ProgramEmulator emulator(
      sim::qemu_command({qemu().program("riscv64"), "-M", "virt", "-m", "128", "-nodefaults", "-display", "none",
                         "-seed", "1", "-bios", files->firmware, "-kernel", files->kernel}),
      folder.folder());
  const UbootRun oracle = talk_to_uboot(emulator);
  const UbootRun ours = on_machine(*files);
  EXPECT_EQ(ours.version, oracle.version);
  EXPECT_EQ(oracle.sleep, time::Duration::seconds(2));  // seen by reports, a millisecond apart
  EXPECT_LT(ours.sleep - oracle.sleep, time::Duration::milliseconds(1));
  EXPECT_EQ(ours.exit_status, oracle.exit_status);
}

INSTANTIATE_TEST_SUITE_P(Versions, Oracle, qemu_test::every_version(), qemu_test::version_name);

}  // namespace
}  // namespace fermata::firmware_test
