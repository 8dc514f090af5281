// SPDX-License-Identifier: MIT
//
// fermata-machine by itself, as somebody at a shell uses it.
#include <gmock/gmock.h>

#include <csignal>

#include "tests/machine/program_fixture.hpp"

namespace fermata::machine_test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> with(const std::string& guest, const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"-bios", "none", "-kernel", guest_path("riscv64", guest)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Program, RunsAGuestAsFastAsItCan) {
  const Outcome outcome = run_machine(with("busy", {"-icount", "3,sleep=off"}));
  EXPECT_EQ(outcome.status, host::ExitStatus{}) << outcome.errors;
  EXPECT_EQ(outcome.output, "busy: start\nbusy: x=4006945921\nbusy: elapsed=2000000100\n");
}

TEST(Program, ExitsWithTheGuestsStatus) {
  const Outcome outcome = run_machine(with("exit3", {"-nographic"}));
  EXPECT_EQ(outcome.status, (host::ExitStatus{.code = 3}));
  EXPECT_EQ(outcome.output, "exit3\n");
}

TEST(Program, TakesItsSpanFromTheLoaderAndSleepsItInRealTimeOnlyIfAsked) {
  const std::vector<std::string> hour{"-device", "loader,addr=0x80100000,data=3600000000,data-len=8", "-icount",
                                      "3,sleep=off"};
  EXPECT_EQ(run_machine(with("bench_idle", hour)).status, host::ExitStatus{}) << "an hour in no time";
  const host::HostInstant before = host::HostClock::monotonic().now();
  EXPECT_EQ(run_machine(with("bench_idle", {"-device", "loader,addr=0x80100000,data=200000,data-len=8"})).status,
            host::ExitStatus{});
  EXPECT_GE(host::HostClock::monotonic().now() - before, 200ms);
}

TEST(Program, RefusesWithAMessageAndStatus1) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
      {{"-frobnicate", "x"}, "-frobnicate"},
      {{"-bios", "none"}, "nothing to run"},
      {with("spin", {"-qqq", "sock=3"}), "needs -rtc clock=vm and -icount N,sleep=off"},
      {with("spin", {"-qqq", "sock=77", "-icount", "3,sleep=off", "-rtc", "clock=vm"}), "77"},
      {{"-bios", "none", "-kernel", "/nowhere/kernel"}, "/nowhere/kernel"},
      {{"-bios", "none", "-m", "64K", "-kernel", built_program("fermata-machine")}, "another machine"},
  };
  for (const auto& [arguments, complaint] : wrong) {
    const Outcome outcome = run_machine(arguments);
    EXPECT_EQ(outcome.status, (host::ExitStatus{.code = 1})) << complaint;
    EXPECT_THAT(outcome.errors, StartsWith("fermata-machine: "));
    EXPECT_THAT(outcome.errors, HasSubstr(complaint));
    EXPECT_EQ(outcome.output, "");
  }
}

TEST(Program, TellsAboutItself) {
  EXPECT_THAT(run_machine({"--help"}).output, StartsWith("usage: fermata-machine"));
  EXPECT_THAT(run_machine({"-version"}).output, StartsWith("fermata-machine "));
}

TEST(Program, LogsWhatItIsAskedFor) {
  const Outcome traps = run_machine(with("exit3", {"-d", "exec,drift", "-icount", "3,sleep=off"}));
  ASSERT_LT(traps.errors.size(), 100U << 20);
  EXPECT_THAT(traps.errors.substr(0, 1000),
              StartsWith("0.000000000 exec hart=0 pc=0x1000\n0.000000008 exec hart=0 pc=0x1004\n"));
  const std::string end = traps.errors.substr(traps.errors.size() - std::min<std::size_t>(traps.errors.size(), 200));
  EXPECT_THAT(end, HasSubstr("host minus virtual time"));
  EXPECT_THAT(end, HasSubstr("greatest lag of guest    not available"));
  EXPECT_EQ(traps.status, (host::ExitStatus{.code = 3}));
}

TEST(Program, ReportsLeadAndLagWhereAlignIsOn) {
  const Outcome outcome = run_machine(with("exit3", {"-icount", "3,align=on", "-d", "drift"}));
  EXPECT_EQ(outcome.status, (host::ExitStatus{.code = 3}));
  EXPECT_THAT(outcome.errors, ::testing::ContainsRegex("greatest lag of guest    [0-9]+ ms"));
  EXPECT_THAT(outcome.errors, ::testing::ContainsRegex("greatest lead of guest   [0-9]+ ms"));
}

TEST(Program, ASignalEndsItInOrder) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    for (const char* name : {"spin", "idle"}) {
      const TempFolder folder;
      const host::ChildProcess process(
          {.arguments = {built_program("fermata-machine"), "-bios", "none", "-kernel", guest_path("riscv64", name),
                         "-serial", "file:" + folder.path("serial")}});
      while (!std::filesystem::exists(folder.path("serial"))) {
      }  // its signals are taken care of by then
      ASSERT_EQ(::kill(process.pid(), signal), 0);
      EXPECT_EQ(process.wait(limit), host::ExitStatus{}) << name;
    }
  }
}

TEST(Program, EchoesItsStandardInput) {
  const Outcome outcome = run({"sh", "-c",
                               "printf hello | timeout 5 \"$0\" -bios none -icount 3,sleep=off -serial stdio -kernel " +
                                   guest_path("riscv64", "echo") + " | head -c 5",
                               built_program("fermata-machine")});
  EXPECT_EQ(outcome.output, "hello");
}

}  // namespace
}  // namespace fermata::machine_test
