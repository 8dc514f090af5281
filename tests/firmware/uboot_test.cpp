// SPDX-License-Identifier: MIT
//
// OpenSBI and U-Boot, as Debian packages them, on the embedded machine: in this process, and as a program in lockstep.
#include "tests/firmware/uboot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fermata/time/units.hpp"
#include "tests/firmware/machine_emulator.hpp"
#include "tests/firmware/program_emulator.hpp"
#include "tests/qemu/support/fixture.hpp"

namespace fermata::firmware_test {
namespace {

using namespace time::literals;
using testing::HasSubstr;

// U-Boot polls the clock; what is left is the way out of its loop and the printing of the prompt.
constexpr time::Duration sleep_bound = 100_us;

// What a machine sends until `horizon`, each piece with its instant.
std::string output_until(machine::Machine& machine, time::Instant horizon) {
  std::string output;
  machine.serial().set_receiver([&output](time::Instant at, std::span<const std::byte> bytes) {
    output += time::to_seconds_string(at) + ' ';
    for (const std::byte byte : bytes) {
      output += std::to_integer<char>(byte);
    }
    output += '\n';
  });
  static_cast<void>(machine.run_until(horizon));
  machine.serial().set_receiver({});
  return output;
}

class Uboot : public testing::Test {
 protected:
  void SetUp() override {
    const auto files = find_uboot();
    if (!files) {
      GTEST_SKIP() << how_to_have_uboot;
    }
    files_ = *files;
  }

  [[nodiscard]] machine::Config config() const {
    machine::Config config;
    config.boot = machine::boot::plan_boot(
        {.firmware = machine::boot::read_named(files_.firmware), .kernel = machine::boot::read_named(files_.kernel)},
        std::uint64_t{128} << 20, 1);
    return config;
  }
  [[nodiscard]] UbootRun run_in_process() const {
    MachineEmulator emulator(config());
    return talk_to_uboot(emulator);
  }
  [[nodiscard]] UbootRun run_program() const {
    const test_support::TempFolder folder;
    ProgramEmulator emulator(
        {.arguments = {test_support::built_program("fermata-machine"), "-icount", "shift=3,sleep=off", "-m", "128",
                       "-rtc", "clock=vm", "-bios", files_.firmware, "-kernel", files_.kernel}},
        folder.folder());
    return talk_to_uboot(emulator);
  }

 private:
  UbootFiles files_;
};

TEST_F(Uboot, AnswersAndSleepsTwoSecondsOfVirtualTime) {
  const UbootRun run = run_in_process();
  EXPECT_THAT(run.transcript, HasSubstr("OpenSBI v"));
  EXPECT_THAT(run.version, HasSubstr("U-Boot 20"));
  EXPECT_THAT(run.version, HasSubstr("riscv64-linux-gnu-gcc"));
  EXPECT_THAT(run.bdinfo, HasSubstr("-> start    = 0x0000000080000000\n-> size     = 0x0000000008000000\n"));
  EXPECT_THAT(run.bdinfo, HasSubstr("devicetree  = board\n"));
  EXPECT_GE(run.sleep, 2_s);
  EXPECT_LT(run.sleep, 2_s + sleep_bound);
  EXPECT_EQ(run.exit_status, 0);
}

TEST_F(Uboot, DoesTheSameInEachRunToTheNanosecond) {
  EXPECT_EQ(run_in_process().stamped_transcript, run_in_process().stamped_transcript);
}

TEST_F(Uboot, GoesOnFromASnapshotAsItWouldHave) {
  machine::Machine original(config());
  EXPECT_THAT(output_until(original, time::Instant::origin() + 100_ms), HasSubstr("O"));
  const std::vector<std::byte> snapshot = original.save();
  const std::string expected = output_until(original, time::Instant::origin() + 1500_ms);
  EXPECT_GT(expected.size(), 1000U);

  machine::Machine restored(config());
  restored.load(snapshot);
  EXPECT_EQ(output_until(restored, time::Instant::origin() + 1500_ms), expected);
  EXPECT_EQ(restored.save(), original.save());
}

TEST_F(Uboot, DoesTheSameInTheProgramInLockstep) {
  const UbootRun alone = run_in_process();
  const UbootRun first = run_program();
  const UbootRun second = run_program();
  EXPECT_EQ(first.transcript, alone.transcript);
  EXPECT_EQ(first.stamped_transcript, second.stamped_transcript);
  EXPECT_EQ(first.exit_status, 0);
  // Seen from outside, instants are those of reports, a millisecond apart.
  EXPECT_GE(first.prompt, alone.prompt);
  EXPECT_LT(first.prompt, alone.prompt + 1_ms);
  EXPECT_EQ(first.sleep, 2_s);
}

}  // namespace
}  // namespace fermata::firmware_test
