// SPDX-License-Identifier: MIT
#include "tests/differential/support/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "tests/differential/layout.h"

namespace fermata::differential {
namespace {

constexpr std::size_t record_bytes = 8 * RECORD_WORDS;

std::uint64_t word_of(std::span<const std::byte> memory, unsigned run, unsigned word) {
  std::uint64_t value = 0;
  const std::size_t at = RECORDS_BASE - RAM_BASE + run * record_bytes + word * 8;
  std::memcpy(&value, memory.data() + at, sizeof value);
  return value;
}

std::string name_of(unsigned word) {
  static constexpr std::array csrs{"fcsr",       "mstatus",    "scause",  "sepc",    "stval", "sscratch",
                                   "mie",        "mip",        "medeleg", "mideleg", "satp",  "stvec",
                                   "mcounteren", "scounteren", "pmpcfg0", "pmpaddr0"};
  static constexpr std::array parts{"cause", "pc", "value", "status"};
  if (word == R_TRAPS) {
    return "traps";
  }
  if (word < R_F) {
    return fmt::format("x{}", word);
  }
  if (word < R_FCSR) {
    return fmt::format("f{}", word - R_F);
  }
  if (word < R_FCSR + csrs.size()) {
    return csrs.at(word - R_FCSR);
  }
  const unsigned in_log = word - R_TRAP_LOG;
  return word < R_TRAP_LOG ? "unused" : fmt::format("trap {} {}", in_log / 4, parts.at(in_log % 4));
}

}  // namespace

std::optional<unsigned> Comparison::first_difference() const {
  for (unsigned run = 0; run < runs_; ++run) {
    const std::size_t at = RECORDS_BASE - RAM_BASE + run * record_bytes;
    if (std::memcmp(ours_.data() + at, qemus_.data() + at, record_bytes) != 0) {
      return run;
    }
  }
  return std::nullopt;
}

std::string Comparison::describe_memory() const {
  const auto ours = ours_.first(RECORDS_BASE - RAM_BASE);
  const auto [mine, theirs] = std::mismatch(ours.begin(), ours.end(), qemus_.begin());
  if (mine == ours.end()) {
    return {};
  }
  const auto at = static_cast<std::size_t>(mine - ours.begin()) & ~std::size_t{7};
  std::array<std::uint64_t, 2> words{};
  std::memcpy(&words[0], ours_.data() + at, 8);
  std::memcpy(&words[1], qemus_.data() + at, 8);
  return fmt::format("  memory at {:x} ours {:016x}  QEMU {:016x}\n", RAM_BASE + at, words[0], words[1]);
}

std::string Comparison::describe(unsigned run) const {
  std::string text;
  for (unsigned word = 0; word < RECORD_WORDS; ++word) {
    const std::uint64_t ours = word_of(ours_, run, word);
    const std::uint64_t qemus = word_of(qemus_, run, word);
    if (ours != qemus) {
      text += fmt::format("  {:<14} ours {:016x}  QEMU {:016x}\n", name_of(word), ours, qemus);
    }
  }
  return text + describe_memory();
}

Traps count_traps(std::span<const std::byte> memory, unsigned runs) {
  Traps traps;
  for (unsigned run = 0; run < runs; ++run) {
    const std::uint64_t of_run = word_of(memory, run, R_TRAPS);
    traps.count += of_run;
    traps.completed += of_run < TRAP_LOG ? 1 : 0;
  }
  return traps;
}

}  // namespace fermata::differential
