// SPDX-License-Identifier: MIT
//
// QEMU stays alive while the simulator holds the machine, between grants and in the middle of one, and whatever its
// user does there, the simulator's time goes on exactly.
#include <csignal>

#include "tests/qemu/support/determinism.hpp"
#include "tests/qemu/support/fixture.hpp"
#include "tests/qemu/support/gdb_client.hpp"
#include "tests/qemu/support/monitored.hpp"

namespace fermata::qemu_test {
namespace {

constexpr time::Duration long_grant = 3_s;              // of a guest that computes: most of a second of host time
constexpr time::Duration endless_grant = 1'000'000_ms;  // the same: minutes

class Monitor : public QemuTest {
 protected:
  [[nodiscard]] std::unique_ptr<Monitored> start(const MachineOptions& options) const {
    return start_monitored(qemu(), options);
  }

  static void expect_goes_on(Machine& machine) {
    machine.advance_exactly(1_ms, 20);
    machine.advance_exactly(10_us, 20);
  }
};

INSTANTIATE_TEST_SUITE_P(Qemu, Monitor, every_version(), version_name);

TEST_P(Monitor, AnswersBeforeTheFirstGrant) {
  auto started = start({});
  EXPECT_EQ(started->qmp.status(), "running");
  expect_goes_on(*started->machine);
}

TEST_P(Monitor, AnswersWhileHeld) {
  for (const char* guest : {"spin", "idle"}) {
    auto started = start({.guest = guest});
    for (int i = 0; i < 20; ++i) {
      started->machine->advance_exactly(1_ms);
      EXPECT_EQ(started->qmp.status(), "running");
    }
  }
}

TEST_P(Monitor, StopAndContinueWhileHeld) {
  for (const char* guest : {"spin", "idle", "time"}) {
    auto started = start({.guest = guest});
    for (int i = 0; i < 10; ++i) {
      started->machine->advance_exactly(1_ms);
      started->qmp.execute("stop");
      EXPECT_EQ(started->qmp.status(), "paused");
      started->qmp.execute("cont");
    }
    expect_goes_on(*started->machine);
  }
}

// Both have a vCPU's thread do something and wait for that: QEMU's main thread must not wait for the next grant, and
// must still be able to end QEMU when there never is one.
TEST_P(Monitor, SynchronousWorkOnTheVcpuIsDoneWhileHeld) {
  const TempFolder folder;
  auto started = start({.arch = "x86_64", .more = {"-vga", "std", "-smp", "2"}});
  for (const int granted : {0, 1}) {
    SCOPED_TRACE(granted);
    // Bochs VBE, a linear mode: the second picture needs the log of dirty pages.
    for (const auto& [index, value] : {std::pair{"4", "0"}, {"1", "320"}, {"2", "200"}, {"3", "32"}, {"4", "0x41"}}) {
      started->qmp.human(std::string("o /h 0x1ce ") + index);
      started->qmp.human(std::string("o /h 0x1d0 ") + value);
    }
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(started->qmp.human("screendump " + folder.path("screen.ppm")), "");
    }
    EXPECT_EQ(started->qmp.human("mce 1 0 0x8000000000000000 0 0 0"), "");
    started->machine->advance_exactly(1_ms, 20);
  }
}

// Their timer lists come and go with them, under the hooks that keep QEMU's main thread asleep.
TEST_P(Monitor, IoThreadsComeAndGo) {
  auto started = start({.guest = "idle", .more = {"-object", "iothread,id=first"}});
  for (int i = 0; i < 10; ++i) {
    started->machine->advance_exactly(1_ms, 20);
    started->qmp.execute("object-add", {{"qom-type", "iothread"}, {"id", "second"}});
    started->machine->advance_exactly(1_ms, 20);
    started->qmp.execute("object-del", {{"id", i == 0 ? "first" : "second"}});
    if (i == 0) {
      started->qmp.execute("object-del", {{"id", "second"}});
    }
  }
  expect_goes_on(*started->machine);
}

// A grant to a stopped machine waits for its user.
TEST_P(Monitor, GrantWhileStopped) {
  for (const char* guest : {"spin", "idle"}) {
    auto started = start({.guest = guest});
    started->machine->advance_exactly(1_ms);
    started->qmp.execute("stop");
    started->machine->guest().grant(1_ms);
    started->machine->expect_no_report(50ms);
    EXPECT_EQ(started->qmp.status(), "paused");
    started->qmp.execute("cont");
    started->machine->expect_report(1_ms);
    expect_goes_on(*started->machine);
  }
}

TEST_P(Monitor, StopAndContinueInMidGrant) {
  auto started = start({.guest = "spin"});
  started->machine->advance_exactly(1_ms);
  started->machine->guest().grant(long_grant);
  for (int i = 0; i < 3; ++i) {
    started->qmp.execute("stop");
    EXPECT_EQ(started->qmp.status(), "paused");
    started->machine->expect_no_report(20ms);
    started->qmp.execute("cont");
  }
  started->machine->expect_report(long_grant);
  expect_goes_on(*started->machine);
}

// The guest runs the very same instructions at the same instants, stopped or not.
TEST_P(Monitor, StopsLeaveNoTraceInTheGuest) {
  const MachineOptions options{.guest = "time"};
  const std::string expected = plain_output(qemu(), options, 500_ms, 4);
  EXPECT_NE(expected, "");
  auto started = start(options);
  for (int i = 0; i < 4; ++i) {
    started->machine->guest().grant(500_ms);
    started->qmp.execute("stop");
    started->qmp.execute("cont");
    started->machine->expect_report(500_ms);
    started->qmp.execute("stop");
    started->qmp.execute("cont");
  }
  EXPECT_EQ(started->machine->output(), expected);
}

TEST_P(Monitor, ResetWhileHeld) {
  for (const char* arch : {"riscv64", "x86_64", "aarch64"}) {
    SCOPED_TRACE(arch);
    auto started = start({.arch = arch, .guest = "time"});
    for (int i = 0; i < 5; ++i) {
      started->machine->advance_exactly(1_ms, 10);
      started->qmp.execute("system_reset");
      started->qmp.wait_for_event("RESET");
    }
    expect_goes_on(*started->machine);
  }
}

TEST_P(Monitor, ResetInMidGrant) {
  auto started = start({.guest = "spin"});
  started->machine->guest().grant(long_grant);
  started->qmp.execute("system_reset");
  started->qmp.wait_for_event("RESET");
  started->machine->expect_report(long_grant);
  expect_goes_on(*started->machine);
}

TEST_P(Monitor, ResetWhileStopped) {
  auto started = start({.guest = "spin"});
  started->machine->advance_exactly(1_ms);
  started->qmp.execute("stop");
  started->qmp.execute("system_reset");
  started->qmp.execute("cont");
  expect_goes_on(*started->machine);
}

TEST_P(Monitor, QuitWhileHeld) {
  for (const char* guest : {"spin", "idle"}) {
    auto started = start({.guest = guest});
    started->machine->advance_exactly(1_ms);
    started->qmp.execute("quit");
    EXPECT_EQ(started->machine->expect_end(), host::ExitStatus{});
  }
}

TEST_P(Monitor, QuitInMidGrant) {
  auto started = start({.guest = "spin"});
  started->machine->guest().grant(endless_grant);
  started->qmp.execute("quit");
  EXPECT_EQ(started->machine->expect_end(), host::ExitStatus{});
}

// SIGTERM is how plain simulators end a machine; QEMU then leaves in order, with status 0.
TEST_P(Monitor, SigtermEndsPromptly) {
  for (const char* guest : {"spin", "idle"}) {
    for (const time::Duration outstanding : {0_s, endless_grant}) {
      Machine machine(qemu(), {.guest = guest});
      machine.advance_exactly(1_ms);
      if (outstanding > 0_s && std::string(guest) == "spin") {
        machine.guest().grant(outstanding);
      }
      const host::HostInstant before = host::HostClock::monotonic().now();
      ASSERT_EQ(::kill(*machine.guest().pid(), SIGTERM), 0);
      EXPECT_EQ(machine.expect_end(), host::ExitStatus{}) << machine.messages();
      EXPECT_LT(host::HostClock::monotonic().now() - before, 5s);
    }
  }
}

TEST_P(Monitor, DebuggerWhileHeld) {
  for (const char* guest : {"spin", "idle"}) {
    const TempFolder folder;
    auto started = start(
        {.guest = guest,
         .more = {"-chardev", "socket,id=gdb,server=on,wait=off,path=" + folder.path("gdb"), "-gdb", "chardev:gdb"}});
    Machine& machine = *started->machine;
    machine.advance_exactly(1_ms);
    GdbClient gdb(folder.path("gdb"));
    EXPECT_EQ(gdb.ask("?").substr(0, 1), "T");
    EXPECT_GE(gdb.registers().size(), 33U * 16);  // 32 registers and pc, 16 digits each
    machine.guest().grant(1_ms);
    machine.expect_no_report(50ms);
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(gdb.ask("s").substr(0, 3), "T05");
    }
    gdb.send("c");
    machine.expect_report(1_ms);
    expect_goes_on(machine);
    gdb.interrupt();
    EXPECT_EQ(gdb.receive().substr(0, 3), "T02");
    EXPECT_EQ(gdb.ask("D"), "OK");
    expect_goes_on(machine);
  }
}

TEST_P(Monitor, DebuggerInMidGrant) {
  const TempFolder folder;
  auto started = start(
      {.guest = "spin",
       .more = {"-chardev", "socket,id=gdb,server=on,wait=off,path=" + folder.path("gdb"), "-gdb", "chardev:gdb"}});
  Machine& machine = *started->machine;
  machine.guest().grant(long_grant);
  GdbClient gdb(folder.path("gdb"));
  EXPECT_EQ(gdb.ask("?").substr(0, 1), "T");
  EXPECT_GE(gdb.registers().size(), 33U * 16);
  machine.expect_no_report(20ms);
  EXPECT_EQ(gdb.ask("s").substr(0, 3), "T05");
  gdb.send("c");
  gdb.interrupt();
  EXPECT_EQ(gdb.receive().substr(0, 3), "T02");
  EXPECT_EQ(gdb.ask("D"), "OK");
  machine.expect_report(long_grant);
  expect_goes_on(machine);
}

}  // namespace
}  // namespace fermata::qemu_test
