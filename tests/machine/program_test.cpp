// SPDX-License-Identifier: MIT
//
// fermata-machine by itself, as somebody at a shell uses it.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>
#include <fstream>

#include "fermata/riscv/testing/assembler.hpp"
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
      {with("spin", {"-rtc", "base=2026-02-31"}), "there is no such date"},
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

TEST(ComesTrue, EndsAtItsLimit) {
  EXPECT_FALSE(comes_true([] { return false; }, 1ms));
  int calls = 0;
  EXPECT_TRUE(comes_true([&calls] { return ++calls == 3; }));
}

// A timer interrupt, then in the handler one exception of each kind: a fault, which is not counted as executed; ECALL,
// which is; a CSR that does not exist, which is not; an illegal instruction, which is; the end.
std::vector<std::uint32_t> trapping_program() {
  using namespace riscv::testing;
  return {auipc(t0, 0),
          addi(t0, t0, 0x30),
          csrrw(zero, 0x305, t0),
          lui(t1, 0x2004000),
          addi(t2, zero, 2),
          sd(t2, t1, 0),
          addi(t2, zero, 0x80),
          csrrs(zero, 0x304, t2),
          csrrsi(zero, 0x300, 8),
          jal(zero, 0),
          nop(),
          nop(),
          addi(a0, a0, 1),
          add(a2, a0, a0),
          add(a2, a2, a2),
          auipc(a3, 0),
          add(a3, a3, a2),
          jalr(zero, a3, 8),
          ld(zero, zero, 0),
          0x0000'0073,
          csrrs(zero, 0x7c0, a0),
          0xffff'ffff,
          lui(t0, 0x100000),
          lui(t1, 0x5000),
          addi(t1, t1, 0x555),
          sw(t1, t0, 0)};
}

class ExpectedLog {
 public:
  void executed(std::initializer_list<std::uint32_t> places) {
    for (const std::uint32_t pc : places) {
      text_ += fmt::format("{} exec hart=0 pc={:#x}\n", now(), pc);
      ++count_;
    }
  }
  // At the instant at which the counted instruction began, whether it is the one that traps or comes after it.
  void trapped(const std::string& cause, std::uint32_t pc, std::uint64_t value, unsigned counted = 0) {
    count_ -= counted;
    text_ += fmt::format("{} trap hart=0 {} pc={:#x} value={:#x} from=M to=M\n", now(), cause, pc, value);
    count_ += counted;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  [[nodiscard]] std::string now() const { return fmt::format("0.{:09}", count_ * 8); }
  std::string text_;
  unsigned count_ = 0;
};

TEST(Program, LogsTheInstructionsThatWereExecutedWhereTrapsComeBetween) {
  const TempFolder folder;
  const auto program = trapping_program();
  std::ofstream(folder.path("program"), std::ios::binary)
      .write(reinterpret_cast<const char*>(program.data()), static_cast<std::streamsize>(program.size() * 4));
  const Outcome outcome =
      run_machine({"-bios", "none", "-kernel", folder.path("program"), "-d", "int,exec", "-icount", "3,sleep=off"});
  EXPECT_EQ(outcome.status, host::ExitStatus{}) << outcome.errors;

  ExpectedLog expected;
  expected.executed({0x1000, 0x1004, 0x1008, 0x100c, 0x1010, 0x1014});
  for (std::uint32_t pc = 0x80000000; pc < 0x80000024; pc += 4) {
    expected.executed({pc});
  }
  // The deadline was set at 96 ns, two ticks of 100 ns ahead: 296 ns, before the 38th instruction.
  for (int i = 15; i < 37; ++i) {
    expected.executed({0x80000024});
  }
  const auto handle = [&expected] {
    expected.executed({0x80000030, 0x80000034, 0x80000038, 0x8000003c, 0x80000040, 0x80000044});
  };
  expected.trapped("interrupt=7", 0x80000024, 0);
  handle();
  expected.trapped("exception=5", 0x80000048, 0);
  handle();
  expected.executed({0x8000004c});
  expected.trapped("exception=11", 0x8000004c, 0, 1);
  handle();
  expected.trapped("exception=2", 0x80000050, 0x7c052073);
  handle();
  expected.executed({0x80000054});
  expected.trapped("exception=2", 0x80000054, 0xffffffff, 1);
  handle();
  expected.executed({0x80000058, 0x8000005c, 0x80000060, 0x80000064});
  EXPECT_EQ(outcome.errors, expected.text());
}

TEST(Program, OutputThatCannotBeWrittenIsToldAndChangesTheStatus) {
  Outcome outcome = run_machine(with("busy", {"-icount", "3,sleep=off", "-serial", "file:/dev/full"}));
  EXPECT_EQ(outcome.status, (host::ExitStatus{.code = 1}));
  EXPECT_EQ(outcome.errors,
            "fermata-machine: output of the serial line is lost: file:/dev/full: No space left on device\n");
  outcome = run_machine(with("poweroff", {"-d", "exec", "-D", "/dev/full"}));
  EXPECT_EQ(outcome.status, (host::ExitStatus{.code = 1}));
  EXPECT_EQ(outcome.errors,
            "fermata-machine: the log (-D /dev/full) cannot be written: No space left on device; some of it is lost\n");
  outcome = run_machine(with("exit3", {"-serial", "file:/dev/full"}));
  EXPECT_EQ(outcome.status, (host::ExitStatus{.code = 3})) << "the guest's own failure is not hidden";
  outcome = run({"sh", "-c", "exec \"$@\" </dev/null >/dev/full", "sh", built_program("fermata-machine"), "-bios",
                 "none", "-icount", "3,sleep=off", "-kernel", guest_path("riscv64", "busy")});
  EXPECT_EQ(outcome.status, (host::ExitStatus{.code = 1}));
  EXPECT_EQ(outcome.errors,
            "fermata-machine: output of the serial line is lost: standard output: No space left on device\n");
}

TEST(Program, AReaderWhoHasGoneIsNoFault) {
  const Outcome outcome = run({"sh", "-c",
                               "{ \"$0\" -bios none -icount 3,sleep=off -serial stdio -kernel " +
                                   guest_path("riscv64", "busy") + " </dev/null; echo status=$? >&2; } | exec true",
                               built_program("fermata-machine")});
  EXPECT_EQ(outcome.errors, "status=0\n");
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
      ASSERT_TRUE(comes_true([&folder] { return std::filesystem::exists(folder.path("serial")); }))
          << name << ": its signals are taken care of by then";
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
