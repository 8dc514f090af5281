// SPDX-License-Identifier: MIT
//
// QEMUs whose vCPUs have a thread each: the same promises as with one thread, but that two runs are not the same. Each
// on multi-threaded TCG, with time from the host's clock and from executed instructions.
#include <csignal>
#include <memory>
#include <sstream>

#include "tests/qemu/support/fixture.hpp"
#include "tests/qemu/support/gdb_client.hpp"
#include "tests/qemu/support/monitored.hpp"
#include "tests/qemu/threads/threaded_qemu_test.hpp"

namespace fermata::qemu_test {
namespace {

constexpr time::Duration endless_grant = 1'000'000_ms;

class Threaded : public ThreadedQemuTest {
 protected:
  [[nodiscard]] static MachineOptions threaded(MachineOptions options) {
    options.threads = time_from();
    return options;
  }

  [[nodiscard]] std::unique_ptr<Monitored> start(const MachineOptions& options) const {
    return start_monitored(qemu(), threaded(options));
  }

  // What shows that a guest stands: without RISC-V's counters of cycles, which QEMU reads from the host, and mideleg,
  // which 7.2 changes when it is first read.
  static std::string registers(QmpClient& qmp) {
    std::istringstream lines(qmp.human("info registers -a"));
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
      const auto names = [&line](const char* what) { return line.find(what) != std::string::npos; };
      if (!names("cycle ") && !names("instret ") && !names("mideleg ")) {
        kept += line + "\n";
      }
    }
    return kept;
  }

  static void expect_goes_on(Machine& machine) {
    machine.advance_exactly(1_ms, 20);
    machine.advance_exactly(10_us, 20);
  }
};

INSTANTIATE_TEST_SUITE_P(Qemu, Threaded, every_threaded_way(), way_name);

// Each report is what was asked for, whatever the quantum.
TEST_P(Threaded, ReportsAreExact) {
  for (const char* guest : {"spin", "idle"}) {
    for (const char* vcpus : {"1", "2"}) {
      Machine machine(qemu(), threaded({.guest = guest, .more = {"-smp", vcpus}}));
      machine.advance_exactly(1_us, 50);
      machine.advance_exactly(37_us, 50);
      machine.advance_exactly(200_us, 200);
      machine.advance_exactly(7_ms, 10);
    }
  }
}

// The instants at which a guest says that it woke up; it sleeps for 1 ms a hundred times in between.
std::vector<std::int64_t> instants(const std::string& output) { return numbers_said(output, "t="); }

// Timers are late by what the host makes of them, yet none is early or lost, and what is late does not add up.
TEST_P(Threaded, TheGuestsClockIsVirtualTime) {
  Machine machine(qemu(), threaded({.guest = "idle"}));
  machine.advance_exactly(1_ms, 1000);
  const auto woken = instants(machine.output());
  ASSERT_GE(woken.size(), 9U) << machine.output();
  for (std::size_t i = 0; i < woken.size(); ++i) {
    const auto due = static_cast<std::int64_t>(i + 1) * 100'000'000;
    EXPECT_GE(woken[i], due);
    EXPECT_LT(woken[i], due + (counts() ? 1'000'000 : 20'000'000));
  }
}

// The clock goes back for nobody; with time from instructions a timer is on time also if it was armed in mid-slice: as
// far as a vCPU by itself can see, but for a translation block.
TEST_P(Threaded, AllVcpusSeeOneClockAndTimersByIt) {
  for (const char* vcpus : {"1", "2"}) {
    auto started = start({.guest = "alarm", .more = {"-smp", vcpus}});
    started->machine->advance_exactly(1_ms, 200);
    const auto [alarms, latest, gone_back, looks] = read_words<4>(started->qmp, "0x80100000");
    EXPECT_GT(alarms, 10);
    EXPECT_EQ(gone_back, 0);
    EXPECT_EQ(looks > 0, std::string(vcpus) == "2");
    if (counts()) {
      constexpr int ticks_of_a_slice = 2000;
      constexpr int ticks_of_a_block = 5;
      EXPECT_LE(latest, looks == 0 ? ticks_of_a_block : ticks_of_a_slice + ticks_of_a_block);
      EXPECT_GT(alarms, looks == 0 ? 200'000 / 14 : 500);
    }
  }
}

TEST_P(Threaded, NoGuestInstructionRunsBeforeTheFirstGrant) {
  auto started = start({.guest = "time"});
  const auto is_at_its_first_instruction = [&] {
    return registers(started->qmp).find(" 0000000000001000\r\n") != std::string::npos;  // the program counter
  };
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(is_at_its_first_instruction()) << registers(started->qmp);
  }
  expect_goes_on(*started->machine);
  EXPECT_FALSE(is_at_its_first_instruction());
}

TEST_P(Threaded, AHeldGuestStands) {
  auto started = start({.guest = "spin", .more = {"-smp", "2"}});
  for (int i = 0; i < 10; ++i) {
    started->machine->advance_exactly(1_ms);
    const std::string before = registers(started->qmp);
    EXPECT_EQ(registers(started->qmp), before);
    EXPECT_EQ(started->qmp.status(), "running");
  }
}

TEST_P(Threaded, SeveralVcpusAllGetOn) {
  Machine machine(qemu(), threaded({.guest = "smp", .more = {"-smp", "4"}}));
  machine.advance_exactly(200_us, 500);
  machine.advance_exactly(10_ms, 10);
  const std::string output = machine.output();
  EXPECT_GE(instants(output).size(), counts() ? 380U : 20U);  // of 400; a loaded host leaves four vCPUs less
  const auto lines = whole_lines(output);
  ASSERT_FALSE(lines.empty());
  const std::string& last = lines.back();  // t=N hart1=N
  EXPECT_GT(numbers_said(last.substr(last.find("hart1=")) + '\n', "hart1=").at(0), counts() ? 1000 : 0) << output;
}

TEST_P(Threaded, StopAndContinueWhileHeld) {
  for (const char* guest : {"spin", "idle", "time"}) {
    auto started = start({.guest = guest, .more = {"-smp", "2"}});
    for (int i = 0; i < 10; ++i) {
      started->machine->advance_exactly(1_ms);
      started->qmp.execute("stop");
      EXPECT_EQ(started->qmp.status(), "paused");
      started->qmp.execute("cont");
    }
    expect_goes_on(*started->machine);
  }
}

TEST_P(Threaded, GrantWhileStopped) {
  for (const char* guest : {"spin", "idle"}) {
    auto started = start({.guest = guest});
    started->machine->advance_exactly(1_ms);
    started->qmp.execute("stop");
    started->machine->guest().grant(1_ms);
    started->machine->expect_no_report(50ms);
    started->qmp.execute("cont");
    started->machine->expect_report(1_ms);
    expect_goes_on(*started->machine);
  }
}

TEST_P(Threaded, StopAndContinueInMidGrant) {
  auto started = start({.guest = "spin", .more = {"-smp", "2"}});
  const time::Duration grant = counts() ? 5_s : 1_s;  // most of a second of host time
  started->machine->advance_exactly(1_ms);
  started->machine->guest().grant(grant);
  for (int i = 0; i < 3; ++i) {
    started->qmp.execute("stop");
    EXPECT_EQ(started->qmp.status(), "paused");
    started->machine->expect_no_report(20ms);
    started->qmp.execute("cont");
  }
  started->machine->expect_report(grant);
  expect_goes_on(*started->machine);
}

TEST_P(Threaded, ResetWhileHeld) {
  for (const char* arch : {"riscv64", "x86_64", "aarch64"}) {
    SCOPED_TRACE(arch);
    auto started = start({.arch = arch, .guest = "time"});
    for (int i = 0; i < 5; ++i) {
      started->machine->advance_exactly(1_ms, 10);
      started->qmp.execute("system_reset");
      started->qmp.wait_for_event("RESET");
      const std::string after_reset = registers(started->qmp);
      EXPECT_EQ(registers(started->qmp), after_reset);
    }
    expect_goes_on(*started->machine);
  }
}

TEST_P(Threaded, ResetInMidGrantAndWhileStopped) {
  auto started = start({.guest = "spin"});
  started->machine->guest().grant(500_ms);
  started->qmp.execute("system_reset");
  started->qmp.wait_for_event("RESET");
  started->machine->expect_report(500_ms);
  started->qmp.execute("stop");
  started->qmp.execute("system_reset");
  started->qmp.execute("cont");
  expect_goes_on(*started->machine);
}

TEST_P(Threaded, PoweroffEndsInOrder) {
  Machine machine(qemu(), threaded({.guest = "poweroff"}));
  EXPECT_EQ(machine.expect_end(), host::ExitStatus{}) << machine.messages();
}

TEST_P(Threaded, QuitAndSigterm) {
  for (const bool is_held : {true, false}) {
    auto quit = start({.guest = "spin"});
    quit->machine->advance_exactly(1_ms);
    Machine terminated(qemu(), threaded({.guest = "spin"}));
    terminated.advance_exactly(1_ms);
    if (!is_held) {
      quit->machine->guest().grant(endless_grant);
      terminated.guest().grant(endless_grant);
    }
    quit->qmp.execute("quit");
    EXPECT_EQ(quit->machine->expect_end(), host::ExitStatus{});
    ASSERT_EQ(::kill(*terminated.guest().pid(), SIGTERM), 0);
    EXPECT_EQ(terminated.expect_end(), host::ExitStatus{}) << terminated.messages();
  }
}

TEST_P(Threaded, TheSimulatorsEndIsQemus) {
  for (const time::Duration outstanding : {0_s, endless_grant}) {
    Machine machine(qemu(), threaded({.guest = "spin", .more = {"-smp", "2"}}));
    machine.advance_exactly(1_ms);
    if (outstanding > 0_s) {
      machine.guest().grant(outstanding);
    }
    const auto status = machine.guest().close(limit);
    ASSERT_TRUE(status.has_value());
    EXPECT_TRUE(status->is_success()) << machine.messages();
  }
}

TEST_P(Threaded, AQemuThatDiesIsNoticed) {
  Machine machine(qemu(), threaded({.guest = "spin"}));
  machine.advance_exactly(1_ms);
  machine.guest().grant(endless_grant);
  ASSERT_EQ(::kill(*machine.guest().pid(), SIGKILL), 0);
  EXPECT_EQ(machine.expect_end().signal, SIGKILL);
}

// Steps are parts of a grant, too: host time, or a slice, passes in each.
TEST_P(Threaded, ADebuggerStepsAndGoesOn) {
  const TempFolder folder;
  auto started = start(
      {.guest = "spin",
       .more = {"-chardev", "socket,id=gdb,server=on,wait=off,path=" + folder.path("gdb"), "-gdb", "chardev:gdb"}});
  Machine& machine = *started->machine;
  machine.advance_exactly(1_ms);
  GdbClient gdb(folder.path("gdb"));
  EXPECT_EQ(gdb.ask("?").substr(0, 1), "T");
  EXPECT_GE(gdb.registers().size(), 33U * 16);
  machine.guest().grant(500_ms);
  machine.expect_no_report(50ms);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(gdb.ask("s").substr(0, 3), "T05");
  }
  gdb.send("c");
  machine.expect_report(500_ms);
  expect_goes_on(machine);
  gdb.interrupt();
  EXPECT_EQ(gdb.receive().substr(0, 3), "T02");
  EXPECT_EQ(gdb.ask("D"), "OK");
  expect_goes_on(machine);
}

class ThreadedQemu : public QemuTest {};
INSTANTIATE_TEST_SUITE_P(Qemu, ThreadedQemu, every_version(), version_name);

TEST_P(ThreadedQemu, RefusesTimeFromInstructionsWhereItCannotCountThem) {
  if (GetParam() != std::string("7.2")) {
    GTEST_SKIP() << "this QEMU can";
  }
  Machine machine(qemu(), {.threads = sim::TimeFrom::instructions});
  EXPECT_EQ(machine.expect_end().code, 1);
  EXPECT_NE(machine.messages().find("time from instructions: this QEMU (7.2"), std::string::npos) << machine.messages();
  EXPECT_NE(machine.messages().find("qemu_plugin_scoreboard_new"), std::string::npos) << machine.messages();
}

}  // namespace
}  // namespace fermata::qemu_test
