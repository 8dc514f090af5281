// SPDX-License-Identifier: MIT
//
// What takes too long for every run of the tests.
#include "tests/qemu/support/cycles.hpp"
#include "tests/qemu/support/determinism.hpp"

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
