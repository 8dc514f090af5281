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

/// What the harness executes for a trap besides the end of a run; more than that.
constexpr std::uint64_t instructions_for_a_trap = 160;

class Bisection {
 public:
  Bisection(const std::string& program, std::uint64_t seed, unsigned sequences, unsigned run)
      : program_(program), seed_(seed), sequences_(sequences), run_(run) {}

  /// What to tell of the first unit after which the states differ.
  std::string report() {
    const Image image(seed_, sequences_);
    const auto& units = image.sequence_of(run_).units;
    unsigned same = 0;
    unsigned different = static_cast<unsigned>(units.size());
    while (different - same > 1) {
      const unsigned middle = (same + different) / 2;
      (differ_after(middle).empty() ? same : different) = middle;
    }
    std::string difference = differ_after(different);
    return fmt::format(
        "seed {}, run {} of {} sequences, mode {}, satp {:x}, mstatus {:x}: after unit {} at {:x} ({})\n{}", seed_,
        run_, sequences_, static_cast<int>(image.sequence_of(run_).mode), image.descriptor(run_, D_SATP),
        image.descriptor(run_, D_MSTATUS), different - 1, units[different - 1], bytes_of(image, different - 1),
        difference);
  }

 private:
  std::string differ_after(unsigned units) {
    Image image(seed_, sequences_);
    image.keep_runs(run_ + 1);
    image.cut(run_, units);
    const HartRun ours = run_on_hart(image);
    const auto qemus = run_on_qemu(image, program_);
    return qemus ? Comparison(ours.memory, *qemus, run_ + 1).describe(run_) : "QEMU failed\n";
  }

  std::string bytes_of(const Image& image, unsigned unit) const {
    const Sequence& sequence = image.sequence_of(run_);
    const std::uint64_t end = unit + 1 < sequence.units.size() ? sequence.units[unit + 1] : sequence.end;
    std::string text;
    for (std::uint64_t at = sequence.units[unit]; at < end; at += 2) {
      std::uint16_t half = 0;
      std::memcpy(&half, image.bytes().data() + (at - RAM_BASE), sizeof half);
      text += fmt::format("{}{:04x}", text.empty() ? "" : " ", half);
    }
    return text;
  }

  const std::string& program_;
  std::uint64_t seed_;
  unsigned sequences_;
  unsigned run_;
};

/// Instructions that the harness executes for the runs of an image, with nothing but their ends in them.
std::uint64_t harness_instructions(std::uint64_t seed, unsigned sequences) {
  Image image(seed, sequences);
  std::uint64_t halves = 0;
  for (unsigned run = 0; run < image.runs(); ++run) {
    image.cut(run, 0);
    halves += (image.sequence_of(run).end - image.sequence_of(run).begin) / 2;
  }
  return run_on_hart(image).executed - halves;
}

}  // namespace

Totals expect_agreement(const std::string& program, std::uint64_t seed, unsigned sequences) {
  const Image image(seed, sequences);
  const HartRun ours = run_on_hart(image);
  if (!ours.is_finished) {
    ADD_FAILURE() << "seed " << seed << ": the hart did not come to the end";
    return {};
  }
  const auto qemus = run_on_qemu(image, program);
  if (!qemus) {
    return {};
  }
  const Comparison comparison(ours.memory, *qemus, image.runs());
  if (const auto run = comparison.first_difference()) {
    ADD_FAILURE() << comparison.describe(*run) << Bisection(program, seed, sequences, *run).report();
  } else if (const auto at = comparison.first_byte_beside_the_records()) {
    ADD_FAILURE() << "seed " << seed << ": memory differs from " << std::hex << *at << " on";
  }
  const Traps traps = count_traps(ours.memory, image.runs());
  const std::uint64_t for_traps = (traps.count - image.runs()) * instructions_for_a_trap;
  return {.instructions = ours.executed - harness_instructions(seed, sequences) - for_traps,
          .traps = traps.count,
          .runs = image.runs(),
          .completed = traps.completed};
}

}  // namespace fermata::differential
