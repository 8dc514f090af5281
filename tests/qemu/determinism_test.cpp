// SPDX-License-Identifier: MIT
//
// The same run gives the same output at the same instants: again, under load, with other quanta.
#include "tests/qemu/support/determinism.hpp"

namespace fermata::qemu_test {
namespace {

class Determinism : public QemuTest {};

INSTANTIATE_TEST_SUITE_P(Qemu, Determinism, every_version(), version_name);

TEST_P(Determinism, EqualRunsUnderLoad) { expect_equal_runs(qemu(), {.guest = "time"}, 5); }

TEST_P(Determinism, EqualRunsOfTwoCpus) { expect_equal_runs(qemu(), {.guest = "smp", .more = {"-smp", "2"}}, 4); }

TEST_P(Determinism, OtherQuantaSameOutput) {
  for (const char* arch : {"riscv64", "x86_64", "aarch64"}) {
    SCOPED_TRACE(arch);
    const MachineOptions options{.arch = arch, .guest = "time"};
    const std::string expected = plain_output(qemu(), options, 1_ms, 100);
    EXPECT_NE(expected, "");
    EXPECT_EQ(plain_output(qemu(), options, 100_us, 1000), expected);
    EXPECT_EQ(plain_output(qemu(), options, 100_ms, 1), expected);
    if (options.arch == "riscv64") {
      EXPECT_EQ(plain_output(qemu(), options, 10_us, 10000), expected);
    }
  }
}

TEST_P(Determinism, IdleGuestSameOutputWithOtherQuanta) {
  const MachineOptions options{.guest = "idle"};
  const std::string expected = plain_output(qemu(), options, 1_ms, 450);
  EXPECT_NE(expected, "");
  EXPECT_EQ(plain_output(qemu(), options, 37_us, 450'000 / 37 + 1), expected);
  EXPECT_EQ(plain_output(qemu(), options, 450_ms, 1), expected);
}

}  // namespace
}  // namespace fermata::qemu_test
