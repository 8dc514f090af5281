// SPDX-License-Identifier: MIT
//
// Debian 13's stock kernel for riscv64 on the embedded machine, to a shell.
#include "tests/firmware/debian.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "tests/firmware/machine_emulator.hpp"
#include "tests/firmware/program_emulator.hpp"
#include "tests/firmware/responder.hpp"
#include "tests/firmware/terminal.hpp"
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

  [[nodiscard]] machine::Config config_of(unsigned harts) const {
    machine::Config config;
    config.rtc_offset_ns = std::uint64_t{start_of_2026_s} * 1'000'000'000;
    config.boot = machine::boot::plan_boot({.firmware = machine::boot::read_named(files_.firmware),
                                            .kernel = machine::boot::read_named(files_.kernel),
                                            .initrd = machine::boot::read_named(files_.initrd),
                                            .append = files_.append},
                                           std::uint64_t{256} << 20, harts);
    return config;
  }
  [[nodiscard]] DebianRun run_in_process(unsigned harts) const {
    MachineEmulator emulator(config_of(harts));
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

std::vector<double> round_trips_ms(const std::string& text) {
  std::vector<double> trips;
  const std::string label = "time=";
  for (auto found = text.find(label); found != std::string::npos; found = text.find(label, found + 1)) {
    trips.push_back(std::stod(text.substr(found + label.size())));
  }
  return trips;
}

TEST_F(Debian, PingsAStationThatAnswersAfterHalfAMillisecond) {
  const auto run = [this](std::vector<Responder::Exchange>& pings) {
    machine::Config config = config_of(1);
    config.networks = {device::MacAddress{}};
    MachineEmulator emulator(std::move(config));
    Responder responder(emulator.machine(), 500_us);
    const PingRun result = ping_from_debian(emulator);
    pings = responder.pings();
    return result;
  };
  std::vector<Responder::Exchange> pings;
  const PingRun first = run(pings);
  EXPECT_EQ(first.driver, "loaded\nloaded\nloaded\nloaded\n");
  EXPECT_THAT(first.link, HasSubstr("52:54:00:12:34:56"));
  EXPECT_THAT(first.ping, HasSubstr("3 packets transmitted, 3 packets received, 0% packet loss")) << first.link;
  ASSERT_EQ(pings.size(), 3U);
  for (const auto& ping : pings) {
    EXPECT_EQ(ping.answered - ping.asked, 500_us);
  }
  // What is printed has the guest's own time in it too: to send, to take the interrupt, to wake up.
  const std::vector<double> trips = round_trips_ms(first.ping);
  ASSERT_EQ(trips.size(), 3U) << first.ping;
  for (const double trip : trips) {
    EXPECT_GT(trip, 0.5);
    EXPECT_LT(trip, 10.0);
  }

  std::vector<Responder::Exchange> again;
  const PingRun second = run(again);
  EXPECT_EQ(second.ping, first.ping) << "the same round trips, digit for digit";
  EXPECT_EQ(second.stamped_transcript, first.stamped_transcript);
  EXPECT_EQ(again, pings);
}

TEST_F(Debian, DoesTheSameInTheProgramInLockstep) {
  const DebianRun run = run_program();
  expect_good(run, "1");
  EXPECT_EQ(run.transcript, run_in_process(1).transcript);
}

// The same on stock QEMUs with a thread for each of two vCPUs.
class DebianOnThreads : public testing::TestWithParam<std::tuple<const char*, sim::TimeFrom>> {};
INSTANTIATE_TEST_SUITE_P(Qemu, DebianOnThreads,
                         testing::Combine(testing::Values("10.0", "11.1"),
                                          testing::Values(sim::TimeFrom::host, sim::TimeFrom::instructions)));

TEST_P(DebianOnThreads, SleepsFiveSecondsOfVirtualTime) {
  const auto files = find_debian();
  const auto qemu = qemu_test::find_qemu(std::get<0>(GetParam()));
  if (!files || !qemu) {
    GTEST_SKIP() << (files ? "this QEMU is not in FERMATA_TEST_QEMUS" : how_to_have_debian);
  }
  const test_support::TempFolder folder;
  ProgramEmulator emulator(sim::qemu_command({qemu->program("riscv64"),
                                              "-M",
                                              "virt",
                                              "-smp",
                                              "2",
                                              "-m",
                                              "512",
                                              "-accel",
                                              "tcg,thread=multi",
                                              "-display",
                                              "none",
                                              "-nodefaults",
                                              "-bios",
                                              files->firmware,
                                              "-kernel",
                                              files->kernel,
                                              "-initrd",
                                              files->initrd,
                                              "-append",
                                              files->append},
                                             {.time = std::get<1>(GetParam())}),
                           folder.folder());
  Terminal terminal(emulator);
  constexpr std::string_view prompt = "guest# ";
  terminal.await(prompt, 300_s);  // a loaded host boots slowly, by its own clock
  terminal.run("sleep 1", prompt, 20_s);
  terminal.type("sleep 5\n");
  const time::Instant asked = emulator.now();
  const time::Duration sleep = terminal.await(prompt, 20_s) - asked;
  EXPECT_GE(sleep, 5_s);
  EXPECT_LT(sleep, 5_s + (std::get<1>(GetParam()) == sim::TimeFrom::host ? 500_ms : sleep_bound));
  EXPECT_EQ(terminal.run("nproc", prompt, 20_s), "2\n");
  terminal.type("poweroff -f\n");
  EXPECT_EQ(terminal.await_end(20_s), 0);
}

}  // namespace
}  // namespace fermata::firmware_test
