// SPDX-License-Identifier: MIT
#include "tests/differential/support/random_check.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/differential/layout.h"
#include "tests/differential/support/executors.hpp"
#include "tests/differential/support/record.hpp"

namespace fermata::differential {
namespace {

class Bisection {
 public:
  Bisection(const Oracle& oracle, std::uint64_t seed) : oracle_(oracle), seed_(seed) {}

  /// What to tell of the first unit after which the states differ, where they are known to differ after `runs` runs.
  std::string report(unsigned runs) {
    unsigned same = 0;
    while (runs - same > 1) {
      const unsigned middle = (same + runs) / 2;
      (differ_after(middle - 1, all_units).empty() ? same : runs) = middle;
    }
    const unsigned run = runs - 1;
    const Image image = image_for(run);
    const auto& units = image.sequence_of(run).units;
    unsigned equal = 0;
    unsigned different = static_cast<unsigned>(units.size());
    while (different - equal > 1) {
      const unsigned middle = (equal + different) / 2;
      (differ_after(run, middle).empty() ? equal : different) = middle;
    }
    return fmt::format("seed {}, run {}, mode {}, satp {:x}, mstatus {:x}: after unit {} at {:x} ({})\n{}", seed_, run,
                       static_cast<int>(image.sequence_of(run).mode), image.descriptor(run, D_SATP),
                       image.descriptor(run, D_MSTATUS), different - 1, units[different - 1],
                       bytes_of(image, run, different - 1), differ_after(run, different));
  }

 private:
  static constexpr unsigned all_units = ~0U;

  /// Images of one seed begin alike: what comes after the run is left out.
  [[nodiscard]] Image image_for(unsigned run) const {
    return Image(seed_, run / Image::runs_of_each + 1, oracle_.quirks);
  }

  std::string differ_after(unsigned run, unsigned units) {
    Image image = image_for(run);
    image.keep_runs(run + 1);
    image.cut(run, units);
    const HartRun ours = run_on_hart(image);
    const auto qemus = run_on_qemu(image, oracle_.program);
    return qemus ? Comparison(ours.memory.bytes(), qemus->bytes(), run + 1).describe(run) : "QEMU failed\n";
  }

  static std::string bytes_of(const Image& image, unsigned run, unsigned unit) {
    const Sequence& sequence = image.sequence_of(run);
    const std::uint64_t end = unit + 1 < sequence.units.size() ? sequence.units[unit + 1] : sequence.end;
    std::string text;
    for (std::uint64_t at = sequence.units[unit]; at < end; at += 2) {
      std::uint16_t half = 0;
      std::memcpy(&half, image.memory().bytes().data() + (at - RAM_BASE), sizeof half);
      text += fmt::format("{}{:04x}", text.empty() ? "" : " ", half);
    }
    return text;
  }

  const Oracle& oracle_;
  std::uint64_t seed_;
};

}  // namespace

Oracle oracle(const std::string& program, const std::string& version) {
  const bool is_old = version == "7.2";
  return {program,
          {.breakpoint_has_no_value = is_old,
           .atomic_faults_are_of_loads = is_old,
           .misaligned_faults_are_aligned = is_old,
           .modify_privilege_is_forgotten = is_old,
           .protection_is_of_pages = is_old}};
}

Totals expect_agreement(const Oracle& oracle, std::uint64_t seed, unsigned sequences) {
  const Image image(seed, sequences, oracle.quirks);
  const HartRun ours = run_on_hart(image);
  if (!ours.is_finished) {
    ADD_FAILURE() << "seed " << seed << ": the hart did not come to the end";
    return {};
  }
  const auto qemus = run_on_qemu(image, oracle.program);
  if (!qemus) {
    return {};
  }
  const Comparison comparison(ours.memory.bytes(), qemus->bytes(), image.runs());
  if (const auto run = comparison.first_difference()) {
    ADD_FAILURE() << comparison.describe(*run) << Bisection(oracle, seed).report(*run + 1);
  } else if (!comparison.describe_memory().empty()) {
    ADD_FAILURE() << comparison.describe_memory() << Bisection(oracle, seed).report(image.runs());
  }
  const Traps traps = count_traps(ours.memory.bytes(), image.runs());
  return {.instructions = ours.retired, .traps = traps.count, .runs = image.runs(), .completed = traps.completed};
}

}  // namespace fermata::differential
