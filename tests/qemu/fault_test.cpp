// SPDX-License-Identifier: MIT
//
// Bad input on the wire, and guests that stop without a word.
#include <csignal>

#include "fermata/base/error.hpp"
#include "tests/qemu/support/fixture.hpp"
#include "tests/qemu/support/qmp_client.hpp"

namespace fermata::qemu_test {
namespace {

class Fault : public QemuTest {};

INSTANTIATE_TEST_SUITE_P(Qemu, Fault, every_version(), version_name);

TEST_P(Fault, GrantsAtTheEdgesOfTheWire) {
  Machine machine(qemu(), {.guest = "echo"});  // sleeps until a byte comes, which never does
  for (const std::int64_t span_us : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1} << 31,
                                     (std::int64_t{1} << 32) - 1, std::int64_t{0}, std::int64_t{1}}) {
    machine.advance_exactly(time::Duration::microseconds(span_us));
  }
  machine.advance_exactly(1_ms, 100);
}

// 71 minutes with a wake-up at every millisecond: time that is slept through costs little.
TEST_P(Fault, LongGrantToAGuestThatWakesUp) {
  Machine machine(qemu(), {.guest = "idle"});
  const host::HostInstant before = host::HostClock::monotonic().now();
  machine.advance_exactly(600_s);
  EXPECT_LT(host::HostClock::monotonic().now() - before, 45s);
  machine.advance_exactly(1_ms, 10);
}

TEST_P(Fault, ZeroIsAnsweredAtOnce) {
  WiredMachine machine(qemu(), "spin");
  machine.send_us(0);
  EXPECT_EQ(machine.receive_us(), 0U);
  machine.send_us(100);
  EXPECT_EQ(machine.receive_us(), 100U);
  machine.send_us(0);
  EXPECT_EQ(machine.receive_us(), 0U);
}

TEST_P(Fault, ZeroExitsWhereThatWasAskedFor) {
  WiredMachine machine(qemu(), "spin", ",zero=exit");
  machine.send_us(100);
  EXPECT_EQ(machine.receive_us(), 100U);
  machine.send_us(0);
  EXPECT_EQ(machine.receive_us(), std::nullopt);
  EXPECT_EQ(machine.process().wait(limit), host::ExitStatus{}) << machine.messages();
}

TEST_P(Fault, SplitAndCoalescedBytes) {
  WiredMachine machine(qemu(), "spin");
  for (const unsigned byte : {0U, 0U, 3U}) {
    machine.send({byte});
    EXPECT_TRUE(machine.is_silent(10ms));
  }
  machine.send({0xe8});
  EXPECT_EQ(machine.receive_us(), 1000U);
  machine.send({0, 0, 0, 7, 0, 0, 1, 0, 0, 0});  // two messages and half a third
  EXPECT_EQ(machine.receive_us(), 7U);
  EXPECT_EQ(machine.receive_us(), 256U);
  EXPECT_TRUE(machine.is_silent(10ms));
  machine.send({0, 9});
  EXPECT_EQ(machine.receive_us(), 9U);
}

TEST_P(Fault, TruncatedMessage) {
  WiredMachine machine(qemu(), "spin");
  machine.send_us(1000);
  EXPECT_EQ(machine.receive_us(), 1000U);
  machine.send({0, 0, 3});
  machine.close();
  EXPECT_EQ(machine.process().wait(limit), host::ExitStatus{}) << machine.messages();
}

TEST_P(Fault, EarlyGrantsKeepTheirOrder) {
  WiredMachine machine(qemu(), "idle");
  for (std::uint32_t span_us = 1; span_us <= 500; ++span_us) {
    machine.send_us(span_us);
  }
  for (std::uint32_t span_us = 1; span_us <= 500; ++span_us) {
    ASSERT_EQ(machine.receive_us(), span_us);
  }
  EXPECT_TRUE(machine.is_silent(10ms));
}

TEST_P(Fault, QemuIsKilled) {
  for (const bool is_mid_grant : {false, true}) {
    Machine machine(qemu(), {.guest = "spin"});
    machine.advance_exactly(1_ms);
    if (is_mid_grant) {
      machine.guest().grant(1000_s);
    }
    ASSERT_EQ(::kill(*machine.guest().pid(), SIGKILL), 0);
    EXPECT_EQ(machine.expect_end(), (host::ExitStatus{.code = 0, .signal = SIGKILL}));
  }
}

// Reports may come until QEMU's main thread has seen what the guest did.
void expect_limit_fires(Machine& machine, const std::string& hint) {
  try {
    for (int i = 0; i < 1000; ++i) {
      static_cast<void>(machine.guest().wait(300ms));
      machine.guest().grant(1_ms);
    }
    ADD_FAILURE() << "reports keep coming";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::timed_out);
    EXPECT_NE(std::string(error.what()).find(hint), std::string::npos) << error.what();
  }
  const host::HostInstant before = host::HostClock::monotonic().now();
  EXPECT_EQ(machine.guest().close(), host::ExitStatus{}) << machine.messages();
  EXPECT_LT(host::HostClock::monotonic().now() - before, 5s) << "closing took SIGTERM";
}

// Takes reports until the agent has told the user `text`, whatever the host's load.
bool is_told(Machine& machine, const std::string& text) {
  const host::Deadline deadline(host::HostClock::monotonic(), 30s);
  while (machine.messages().find(text) == std::string::npos && !deadline.has_passed()) {
    try {
      static_cast<void>(machine.guest().wait(50ms));
      machine.guest().grant(1_ms);
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::timed_out) << error.what();
    }
  }
  return !deadline.has_passed();
}

TEST_P(Fault, StoppedByQmp) {
  QmpClient qmp;
  Machine machine(qemu(), {.more = qmp.arguments(), .descriptors = {qmp.descriptor()}});
  qmp.connect();
  machine.advance_exactly(1_ms);
  qmp.execute("stop");
  machine.guest().grant(1_ms);
  expect_limit_fires(machine, "QMP stop");
}

TEST_P(Fault, PausedAfterPanic) {
  Machine machine(qemu(),
                  {.arch = "x86_64", .guest = "panic", .more = {"-device", "pvpanic", "-action", "panic=pause"}});
  machine.guest().grant(1_s);
  EXPECT_TRUE(is_told(machine, "paused (guest-panicked)")) << machine.messages();
  expect_limit_fires(machine, "panic");
}

TEST_P(Fault, PausedAfterShutdown) {
  Machine machine(qemu(), {.arch = "aarch64", .guest = "poweroff", .more = {"-no-shutdown"}});
  machine.guest().grant(10_ms);
  EXPECT_TRUE(is_told(machine, "paused (shutdown)")) << machine.messages();
  expect_limit_fires(machine, "shutdown");
}

TEST_P(Fault, GuestThatNeverRetiresAnInstruction) {
  Machine machine(qemu(), {.guest = "noretire"});
  machine.guest().grant(1_ms);
  expect_limit_fires(machine, "without ever finishing an instruction");
}

}  // namespace
}  // namespace fermata::qemu_test
