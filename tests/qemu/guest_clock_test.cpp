// SPDX-License-Identifier: MIT
//
// The guest's own clock and the simulator's are one, and the guest's end is told with the right status.

#include "tests/qemu/support/fixture.hpp"

namespace fermata::qemu_test {
namespace {

class GuestClock : public QemuTest {
 protected:
  // Every line "t=<ns>" came out in the quantum that its own clock names. Between reading its clock and the end of the
  // line the guest needs `lag` at most.
  void expect_own_clock_agrees(const MachineOptions& options, time::Duration quantum, int count) const {
    SCOPED_TRACE(options.arch);
    const time::Duration lag = 50_us;
    Machine machine(qemu(), options);
    std::size_t read = 0;
    for (int i = 0; i < count && !HasFailure(); ++i) {
      const time::Instant before = machine.guest().now();
      machine.advance_exactly(quantum);
      const auto shown = numbers_said(machine.output(), "t=");
      for (; read < shown.size(); ++read) {
        const auto own = time::Instant::at(time::Duration::nanoseconds(shown[read]));
        EXPECT_GE(own, before - lag) << read;
        EXPECT_LE(own, machine.guest().now()) << read;
      }
    }
    EXPECT_EQ(read, whole_lines(machine.output()).size()) << "lines of another kind";
    EXPECT_GE(read, (quantum * count) / 10_ms - 8) << "one line every 10 ms, once the guest has started";
  }

  // Runs a guest that ends by itself; returns its QEMU's status. At which instant QEMU obeys depends on its main
  // thread.
  host::ExitStatus end_of(const MachineOptions& options) const {
    Machine machine(qemu(), options);
    return machine.expect_end();
  }
};

INSTANTIATE_TEST_SUITE_P(Qemu, GuestClock, every_version(), version_name);

TEST_P(GuestClock, AgreesWithTheQuantum) {
  expect_own_clock_agrees({.arch = "riscv64", .guest = "time"}, 1_ms, 300);
  expect_own_clock_agrees({.arch = "x86_64", .guest = "time"}, 1_ms, 300);
  expect_own_clock_agrees({.arch = "aarch64", .guest = "time"}, 1_ms, 300);
}

TEST_P(GuestClock, AgreesWithShortQuanta) {
  expect_own_clock_agrees({.arch = "riscv64", .guest = "time"}, 100_us, 1000);
}

TEST_P(GuestClock, MeasuresItsOwnWorkInVirtualTime) {
  Machine machine(qemu(), {.guest = "busy"});
  EXPECT_EQ(machine.expect_end(), host::ExitStatus{});
  const auto said = number_said(machine.output(), "busy: elapsed=");
  ASSERT_TRUE(said) << machine.output();
  const auto elapsed = time::Duration::nanoseconds(*said);
  EXPECT_GE(elapsed, 2_s);  // 250 million instructions of 8 ns
  EXPECT_LT(elapsed, 2_s + 1_ms);
  EXPECT_GE(machine.guest().now() + 100_ms, time::Instant::at(elapsed));
}

TEST_P(GuestClock, PowerOffEndsTheGuest) {
  for (const char* arch : {"riscv64", "x86_64", "aarch64"}) {
    EXPECT_EQ(end_of({.arch = arch, .guest = "poweroff"}), host::ExitStatus{}) << arch;
  }
}

TEST_P(GuestClock, ExitStatusIsTheGuests) {
  EXPECT_EQ(end_of({.guest = "exit3"}), host::ExitStatus{.code = 3});
  EXPECT_EQ(end_of({.arch = "x86_64", .guest = "exit3", .more = {"-device", "isa-debug-exit,iobase=0x501,iosize=4"}}),
            host::ExitStatus{.code = 3});
}

TEST_P(GuestClock, PanicEndsTheGuest) {
  EXPECT_EQ(end_of({.arch = "x86_64", .guest = "panic", .more = {"-device", "pvpanic"}}), host::ExitStatus{});
  EXPECT_EQ(
      end_of({.arch = "x86_64", .guest = "panic", .more = {"-device", "pvpanic", "-action", "panic=exit-failure"}}),
      host::ExitStatus{.code = 1});
}

TEST_P(GuestClock, ResetWithoutRebootEndsTheGuest) {
  for (const char* arch : {"riscv64", "x86_64", "aarch64"}) {
    EXPECT_EQ(end_of({.arch = arch, .guest = "reset", .more = {"-no-reboot"}}), host::ExitStatus{}) << arch;
  }
}

// A guest that resets itself again and again: time goes on as if nothing had happened.
TEST_P(GuestClock, ResetGoesOn) {
  for (const char* arch : {"riscv64", "x86_64", "aarch64"}) {
    SCOPED_TRACE(arch);
    Machine machine(qemu(), {.arch = arch, .guest = "reset"});
    machine.advance_exactly(1_ms, 200);
    machine.advance_exactly(10_us, 1000);
    EXPECT_EQ(machine.guest().close(), host::ExitStatus{});
  }
}

}  // namespace
}  // namespace fermata::qemu_test
