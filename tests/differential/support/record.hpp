// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace fermata::differential {

/// Two runs of one image, by the memory that they left behind, the first RAM_COMPARED bytes of it.
class Comparison {
 public:
  Comparison(std::span<const std::byte> ours, std::span<const std::byte> qemus, unsigned runs)
      : ours_(ours), qemus_(qemus), runs_(runs) {}

  /// The first of the runs whose record differs.
  [[nodiscard]] std::optional<unsigned> first_difference() const;
  /// What differs in a run's record, a line each: name, ours, QEMU's; and in the memory beside the records.
  [[nodiscard]] std::string describe(unsigned run) const;
  /// The first word that differs outside the records; empty if there is none.
  [[nodiscard]] std::string describe_memory() const;

 private:
  std::span<const std::byte> ours_;
  std::span<const std::byte> qemus_;
  unsigned runs_;
};

/// How many traps were logged, of all runs, and how many runs came to their end without the log being full.
struct Traps {
  std::uint64_t count = 0;
  unsigned completed = 0;
};
[[nodiscard]] Traps count_traps(std::span<const std::byte> memory, unsigned runs);

}  // namespace fermata::differential
