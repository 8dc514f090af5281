// SPDX-License-Identifier: MIT
//
// Random instructions on fermata::riscv::Hart and on stock QEMUs: the same registers, CSRs, traps and memory.
#include "tests/differential/support/random_check.hpp"
#include "tests/qemu/support/fixture.hpp"

namespace fermata::differential {
namespace {

using RandomInstructions = qemu_test::QemuTest;

TEST_P(RandomInstructions, GiveTheSameStatesAsOnQemu) {
  const Totals totals = expect_agreement(oracle(qemu().program("riscv64"), GetParam()), 1, 5000);
  EXPECT_GT(totals.instructions, 1'000'000U);
  EXPECT_GT(totals.completed, totals.runs / 2);
}

INSTANTIATE_TEST_SUITE_P(EachQemu, RandomInstructions, qemu_test::every_version(), qemu_test::version_name);

}  // namespace
}  // namespace fermata::differential
