// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "tests/differential/support/random_code.hpp"

namespace fermata::differential {

struct Oracle {
  std::string program;  ///< a qemu-system-riscv64
  Quirks quirks;
};
/// A QEMU as the tests name it: "7.2".
[[nodiscard]] Oracle oracle(const std::string& program, const std::string& version);

struct Totals {
  std::uint64_t instructions = 0;  ///< of the random code that retired; the harness's do not count
  std::uint64_t traps = 0;
  unsigned runs = 0;
  unsigned completed = 0;  ///< runs that came to their end
};

/// Runs the random code of `seed` on the hart and on a QEMU and expects equal records and equal memory. Where they
/// differ, it tells the first unit of instructions that makes a difference, and the states after it.
[[nodiscard]] Totals expect_agreement(const Oracle& oracle, std::uint64_t seed, unsigned sequences);

}  // namespace fermata::differential
