// SPDX-License-Identifier: MIT
//
// Every report equals its request, whatever the guest does meanwhile.
#include <sys/mman.h>

#include <unistd.h>

#include <atomic>

#include "fermata/base/error.hpp"
#include "fermata/guest/statistics.hpp"
#include "tests/qemu/support/fixture.hpp"

namespace fermata::qemu_test {
namespace {

class Exactness : public QemuTest {
 protected:
  void expect_exact(const MachineOptions& options, time::Duration quantum, int count) const {
    SCOPED_TRACE(options.arch + " " + options.guest);
    Machine machine(qemu(), options);
    machine.advance_exactly(quantum, count);
    EXPECT_EQ(machine.guest().close(), host::ExitStatus{}) << machine.messages();
  }
};

INSTANTIATE_TEST_SUITE_P(Qemu, Exactness, every_version(), version_name);

TEST_P(Exactness, ThousandMilliseconds) {
  for (const char* guest : {"spin", "busy", "idle", "time"}) {
    expect_exact({.guest = guest}, 1_ms, 1000);
  }
}

TEST_P(Exactness, TenMicroseconds) {
  for (const char* guest : {"spin", "idle", "time"}) {
    expect_exact({.guest = guest}, 10_us, 2000);
  }
}

TEST_P(Exactness, OneMicrosecond) { expect_exact({.guest = "time"}, 1_us, 2000); }

TEST_P(Exactness, MixedQuanta) {
  for (const char* guest : {"spin", "idle"}) {
    Machine machine(qemu(), {.guest = guest});
    time::Duration sum;
    for (int round = 0; round < 40; ++round) {
      for (const time::Duration span : {7_us, 1_us, 333_us, 10_ms, 13_us, 1999_us}) {
        machine.advance_exactly(span);
        sum += span;
      }
    }
    EXPECT_EQ(machine.guest().now(), time::Instant::at(sum));
  }
}

TEST_P(Exactness, OtherTargets) {
  expect_exact({.arch = "x86_64", .guest = "time"}, 1_ms, 300);
  expect_exact({.arch = "x86_64", .guest = "idle"}, 1_ms, 300);
  expect_exact({.arch = "aarch64", .guest = "time"}, 1_ms, 300);
  expect_exact({.arch = "aarch64", .guest = "idle"}, 1_ms, 300);
  expect_exact({.arch = "arm", .guest = "hello"}, 1_ms, 300);
}

TEST_P(Exactness, SeveralCpus) {
  for (const char* count : {"2", "4"}) {
    expect_exact({.guest = "smp", .more = {"-smp", count}}, 1_ms, 200);
    expect_exact({.guest = "smp", .more = {"-smp", count}}, 100_us, 500);
    expect_exact({.arch = "x86_64", .guest = "spin", .more = {"-smp", count}}, 1_ms, 200);
    expect_exact({.arch = "aarch64", .guest = "spin", .more = {"-smp", count}}, 1_ms, 200);
  }
}

// Another shift, and QEMU's own words for what is otherwise added.
TEST_P(Exactness, GivenInstructionCounting) {
  expect_exact({.guest = "time", .more = {"-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01,clock=vm"}}, 1_ms,
               100);
  expect_exact({.guest = "time", .more = {"-icount", "shift=7,sleep=off", "-rtc", "clock=vm"}}, 1_ms, 100);
}

TEST_P(Exactness, InstructionLengthOfAuto) {
  expect_exact({.guest = "spin", .more = {"-icount", "shift=auto,sleep=off", "-rtc", "clock=vm"}}, 1_ms, 100);
}

TEST_P(Exactness, AgentSawLessThanOneInstructionOfOvershoot) {
  for (const char* guest : {"spin", "idle", "time"}) {
    const host::UniqueFd memory(::memfd_create("statistics", MFD_CLOEXEC));
    ASSERT_EQ(::ftruncate(memory.get(), sizeof(guest::Statistics)), 0);
    void* mapped = ::mmap(nullptr, sizeof(guest::Statistics), PROT_READ, MAP_SHARED, memory.get(), 0);
    ASSERT_NE(mapped, MAP_FAILED);
    const auto& statistics = *static_cast<const guest::Statistics*>(mapped);
    {
      WiredMachine machine(qemu(), guest, "", memory.get());
      for (int i = 0; i < 500; ++i) {
        machine.send_us(333);
        ASSERT_EQ(machine.receive_us(), 333U) << machine.messages();
      }
      EXPECT_EQ(statistics.layout, guest::Statistics::current_layout);
      EXPECT_EQ(statistics.quanta, 500U);
      EXPECT_LT(statistics.overshoot_max_ns, 8U);  // -icount shift=3
    }
    ::munmap(mapped, sizeof(guest::Statistics));
  }
}

}  // namespace
}  // namespace fermata::qemu_test
