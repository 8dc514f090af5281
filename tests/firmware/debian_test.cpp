// SPDX-License-Identifier: MIT
//
// Debian 13's stock kernel for riscv64 on the embedded machine, to a shell.
#include "tests/firmware/debian.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/firmware/machine_emulator.hpp"
#include "tests/firmware/program_emulator.hpp"
#include "tests/qemu/support/fixture.hpp"

namespace fermata::firmware_test {
namespace {

using namespace time::literals;
using testing::ContainsRegex;
using testing::HasSubstr;

// What is left is starting and ending a process, and the kernel's 4 ms clock by which it wakes up.
constexpr time::Duration sleep_bound = 60_ms;

class Debian : public testing::Test {
 protected:
  void SetUp() override {
    const auto files = find_debian();
    if (!files) {
      GTEST_SKIP() << how_to_have_debian;
    }
    files_ = *files;
  }

  [[nodiscard]] DebianRun run_in_process(unsigned harts) const {
    machine::Config config;
    config.rtc_offset_ns = std::uint64_t{start_of_2026_s} * 1'000'000'000;
    config.boot = machine::boot::plan_boot({.firmware = machine::boot::read_named(files_.firmware),
                                            .kernel = machine::boot::read_named(files_.kernel),
                                            .initrd = machine::boot::read_named(files_.initrd),
                                            .append = files_.append},
                                           std::uint64_t{256} << 20, harts);
    MachineEmulator emulator(std::move(config));
    return talk_to_debian(emulator);
  }
  [[nodiscard]] DebianRun run_program() const {
    const test_support::TempFolder folder;
    ProgramEmulator emulator(
        {.arguments = {test_support::built_program("fermata-machine"), "-icount", "shift=3,sleep=off", "-m", "256",
                       "-rtc", "base=2026-01-01,clock=vm", "-bios", files_.firmware, "-kernel", files_.kernel,
                       "-initrd", files_.initrd, "-append", files_.append}},
        folder.folder());
    return talk_to_debian(emulator);
  }

 private:
  DebianFiles files_;
};

void expect_good(const DebianRun& run, const std::string& processors) {
  EXPECT_THAT(run.transcript, HasSubstr("Linux version 6.12."));
  EXPECT_GE(run.sleep, 5_s);
  EXPECT_LT(run.sleep, 5_s + sleep_bound);
  // The kernel reads the clock chip while it boots, to the second, and counts on from there.
  const time::Duration since_boot = time::Duration::seconds(std::stoll(run.date) - start_of_2026_s);
  const time::Duration passed = run.dated.since_origin();
  EXPECT_LE(since_boot, passed);
  EXPECT_GT(since_boot, passed - 2_s);
  EXPECT_THAT(run.interrupts, ContainsRegex(" [1-9][0-9]*.* RISC-V INTC +5 Edge +riscv-timer"));
  EXPECT_THAT(run.interrupts, ContainsRegex(" [1-9][0-9]*.* SiFive PLIC +10 Edge +ttyS0"));
  EXPECT_EQ(run.processors, processors + "\n");
  EXPECT_EQ(run.exit_status, 0);
}

TEST_F(Debian, BootsToAShellThatSleepsFiveSecondsOfVirtualTime) { expect_good(run_in_process(1), "1"); }

TEST_F(Debian, DoesTheSameInEachRunToTheNanosecond) {
  EXPECT_EQ(run_in_process(1).stamped_transcript, run_in_process(1).stamped_transcript);
}

TEST_F(Debian, RunsOnTwoHartsAndDoesTheSameInEachRun) {
  const DebianRun run = run_in_process(2);
  expect_good(run, "2");
  EXPECT_EQ(run_in_process(2).stamped_transcript, run.stamped_transcript);
}

TEST_F(Debian, DoesTheSameInTheProgramInLockstep) {
  const DebianRun run = run_program();
  expect_good(run, "1");
  EXPECT_EQ(run.transcript, run_in_process(1).transcript);
}

}  // namespace
}  // namespace fermata::firmware_test
