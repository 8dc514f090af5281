// SPDX-License-Identifier: MIT
//
// The embedded machine's tick timer as a guest sees it: tests/guests/riscv64/tick.c prints what it saw.
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/firmware/machine_emulator.hpp"
#include "tests/firmware/terminal.hpp"
#include "tests/support/programs.hpp"

namespace fermata::firmware_test {
namespace {

using namespace time::literals;

/// What the guest printed, by label and in order.
using Numbers = std::map<std::string, std::vector<std::int64_t>>;

// How long after an expiry the guest has seen it: waking up, asking the PLIC, reading mtime.
constexpr std::int64_t wake_up_ns = 2'000;

machine::Config config() {
  machine::Config config;
  config.boot = machine::boot::plan_boot(
      {.kernel = machine::boot::read_named(test_support::guest_path("riscv64", "tick"))}, std::uint64_t{128} << 10, 1);
  return config;
}

Numbers run_guest(time::Duration quantum) {
  MachineEmulator emulator(config());
  Terminal terminal(emulator, quantum);
  EXPECT_EQ(terminal.await_end(1_s), 0);
  Numbers numbers;
  std::istringstream lines(terminal.transcript());
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    numbers[line.substr(0, equals)].push_back(std::stoll(line.substr(equals + 1)));
  }
  return numbers;
}

void expect_shortly_after(std::int64_t seen_ns, std::int64_t nominal_ns) {
  EXPECT_GE(seen_ns, nominal_ns);
  EXPECT_LT(seen_ns, nominal_ns + wake_up_ns);
}

TEST(TickTimerGuest, CountsDownOnceAlsoScaled) {
  Numbers numbers = run_guest(1_ms);
  EXPECT_EQ(numbers["control"], std::vector<std::int64_t>{5});
  EXPECT_EQ(numbers["scale"], std::vector<std::int64_t>{7 - 6});  // one_shot put it back to 1, and 0 was refused
  EXPECT_EQ(numbers["running"], (std::vector<std::int64_t>{2, 2, 1}));
  expect_shortly_after(numbers["once"].at(0), 1'000'000);
  expect_shortly_after(numbers["scaled"].at(0), 7 * 500'000);
  expect_shortly_after(numbers["at once"].at(0), 0);
  EXPECT_EQ(numbers["left"], (std::vector<std::int64_t>{0, 0, 0}));
}

TEST(TickTimerGuest, LosesNothingBetweenPeriods) {
  Numbers numbers = run_guest(1_ms);
  const auto& stamps = numbers["periodic"];
  ASSERT_EQ(stamps.size(), 20U);
  for (std::size_t k = 0; k < stamps.size(); ++k) {
    expect_shortly_after(stamps[k], static_cast<std::int64_t>(k + 1) * 250'000);
  }
  EXPECT_EQ(numbers["reload"], std::vector<std::int64_t>{250});
}

TEST(TickTimerGuest, IsNotDisturbedByPollingNorBeingFrozen) {
  Numbers numbers = run_guest(1_ms);
  expect_shortly_after(numbers["polled"].at(0), 2'000'000);
  EXPECT_GT(numbers["polls"].at(0), 1000);
  EXPECT_EQ(numbers["wrong"], std::vector<std::int64_t>{0});
  EXPECT_EQ(numbers["frozen"], (std::vector<std::int64_t>{700, 700, 700}));
  // After each one-shot, after the polled count, which nobody acknowledged yet, and while frozen.
  EXPECT_EQ(numbers["status"], (std::vector<std::int64_t>{0, 0, 0, 1, 0}));
}

TEST(TickTimerGuest, SeesTheSameWhateverTheQuantum) {
  const Numbers numbers = run_guest(10_ms);
  EXPECT_EQ(run_guest(10_us), numbers);
  EXPECT_EQ(run_guest(137_us), numbers);
}

}  // namespace
}  // namespace fermata::firmware_test
