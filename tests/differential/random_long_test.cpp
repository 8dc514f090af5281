// SPDX-License-Identifier: MIT
//
// As random_test.cpp, over ten million instructions on each QEMU.
#include "tests/differential/support/random_check.hpp"
#include "tests/qemu/support/fixture.hpp"

namespace fermata::differential {
namespace {

using RandomInstructions = qemu_test::QemuTest;

TEST_P(RandomInstructions, TenMillionGiveTheSameStatesAsOnQemu) {
  std::uint64_t instructions = 0;
  for (std::uint64_t seed = 1000; instructions < 10'000'000 && !HasFailure(); ++seed) {
    instructions += expect_agreement(oracle(qemu().program("riscv64"), GetParam()), seed, 9000).instructions;
  }
  EXPECT_GE(instructions, 10'000'000U);
}

INSTANTIATE_TEST_SUITE_P(EachQemu, RandomInstructions, qemu_test::every_version(), qemu_test::version_name);

}  // namespace
}  // namespace fermata::differential
