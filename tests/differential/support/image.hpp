// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/differential/support/memory.hpp"
#include "tests/differential/support/random_code.hpp"

namespace fermata::differential {

/// The memory of a machine that is about to execute the harness and random sequences. From here on it is only executed:
/// all that a run finds out stands in the memory that it leaves behind.
class Image {
 public:
  static constexpr unsigned runs_of_each = 2;

  /// What `seed` gives: `sequences` different ones, each run twice from different states. A larger number of sequences
  /// begins with the same ones. Throws base::BadArgument if they do not fit.
  Image(std::uint64_t seed, unsigned sequences, const Quirks& quirks);

  [[nodiscard]] const Memory& memory() const { return memory_; }
  [[nodiscard]] unsigned runs() const { return static_cast<unsigned>(sequences_.size() * runs_of_each); }
  [[nodiscard]] const Sequence& sequence_of(unsigned run) const { return sequences_[run / runs_of_each]; }
  /// A word of the descriptor of a run: layout.h, D_*.
  [[nodiscard]] std::uint64_t descriptor(unsigned run, unsigned word) const;

  /// Has only the first `runs` take place.
  void keep_runs(unsigned runs);
  /// Leaves a run's sequence only its first `units`.
  void cut(unsigned run, unsigned units);

 private:
  void add_sequence(Choices& choices, std::uint64_t& at, const Quirks& quirks);
  void add_descriptor(Choices& choices, const Sequence& sequence, const Quirks& quirks);
  void set_protection(Choices& choices, std::uint64_t descriptor, bool is_paged, bool may_overlay);
  void set_registers(Choices& choices, std::uint64_t descriptor, bool is_paged, bool may_be_nowhere);
  void put(std::uint64_t at, std::uint64_t value);
  void put_word(std::uint64_t descriptor, unsigned word, std::uint64_t value) { put(descriptor + word * 8, value); }

  Memory memory_;
  std::vector<Sequence> sequences_;
  std::uint64_t next_descriptor_;
};

/// Where the tables of `fill_tables` begin, by mode and address bits.
[[nodiscard]] std::uint64_t root_table(bool is_user, bool is_sv48);
/// An address in the part of the address space that is mapped at random.
[[nodiscard]] std::uint64_t random_page_address(Choices& choices);
/// The address of an entry for that part, and something to put there.
[[nodiscard]] std::uint64_t random_entry_address(Choices& choices);
[[nodiscard]] std::uint64_t random_entry(Choices& choices);
/// Page tables into the memory of an image, whose first byte stands at RAM_BASE.
void fill_tables(Choices& choices, std::span<std::byte> memory);

}  // namespace fermata::differential
