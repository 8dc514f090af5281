// SPDX-License-Identifier: MIT
//
// What takes too long for every run of the tests.
#include "tests/qemu/support/cycles.hpp"
#include "tests/qemu/support/determinism.hpp"
#include "tests/qemu/support/linked_qemu.hpp"

namespace fermata::qemu_test {
namespace {

class Long : public QemuTest {};

INSTANTIATE_TEST_SUITE_P(Qemu, Long, every_version(), version_name);

TEST_P(Long, TwentyEqualRunsUnderLoad) { expect_equal_runs(qemu(), {.guest = "time"}, 20); }

TEST_P(Long, TwentyEqualRunsOfOtherTargetsUnderLoad) {
  expect_equal_runs(qemu(), {.arch = "x86_64", .guest = "time"}, 20);
  expect_equal_runs(qemu(), {.arch = "aarch64", .guest = "time"}, 20);
}

TEST_P(Long, TwentyEqualRunsOfSeveralCpusUnderLoad) {
  expect_equal_runs(qemu(), {.guest = "smp", .more = {"-smp", "2"}}, 20);
  expect_equal_runs(qemu(), {.guest = "smp", .more = {"-smp", "4"}}, 20);
}

// Inputs and outputs over link v1: fifty runs under load, quanta from 1 us to 10 ms, over both transports.
TEST_P(Long, FiftyEqualLinkedRunsUnderLoad) {
  const auto run = [this](sim::Transport transport, time::Duration quantum) {
    LinkedQemu guest(qemu(), {.guest = "echo", .link = {.transport = transport}});
    for (int i = 0; i < 20; ++i) {
      guest->serial("console").send(time::Instant::at(500_us + 987_us * i + 3_ns * i), "abc");
    }
    guest.run_in_quanta(time::Instant::at(21_ms), quantum);
    return guest.take_outputs();
  };
  const Outputs reference = run(sim::Transport::unix_socket, 1_ms);
  EXPECT_EQ(reference.size(), 60U);
  const Load load;
  const std::vector<time::Duration> quanta{1_us, 37_us, 100_us, 1_ms, 10_ms};
  for (std::size_t i = 0; i < 50 && !::testing::Test::HasFailure(); ++i) {
    const auto transport = i % 2 == 0 ? sim::Transport::shared_memory : sim::Transport::unix_socket;
    EXPECT_EQ(run(transport, quanta[i % quanta.size()]), reference) << "run " << i;
  }
}

TEST_P(Long, TwoHundredCyclesLeaveNothing) { expect_no_traces_of_cycles(qemu(), 200); }

TEST_P(Long, AMillionQuantaOfTenMicroseconds) {
  Machine machine(qemu(), {.guest = "idle"});
  machine.advance_exactly(10_us, 1'000'000);
  EXPECT_EQ(machine.guest().now(), time::Instant::at(10_s));
}

TEST_P(Long, SeventyOneMinutesOfAGuestThatWakesUp) {
  Machine machine(qemu(), {.guest = "idle"});
  machine.advance_exactly(time::Duration::microseconds((std::int64_t{1} << 32) - 1));
}

}  // namespace
}  // namespace fermata::qemu_test
