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
  /// The first byte that differs outside the records.
  [[nodiscard]] std::optional<std::uint64_t> first_byte_beside_the_records() const;
  /// What differs in a run's record, a line each: name, ours, QEMU's.
  [[nodiscard]] std::string describe(unsigned run) const;

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
