// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "fermata/riscv/code_block.hpp"

namespace fermata::riscv::core {

inline constexpr std::uint64_t page_size = 4096;
inline constexpr std::uint64_t page_mask = ~(page_size - 1);
/// No address with its lower bits cleared is equal to this.
inline constexpr std::uint64_t no_tag = ~std::uint64_t{0};

/// A page that may be loaded from: the address's host pointer is the address plus `to_host`.
struct LoadEntry {
  std::uint64_t tag = no_tag;  ///< the page's virtual address
  std::uint64_t to_host = 0;
};
/// A page that may be stored to. While code is decoded from it bit 0 of the tag keeps the fast path out.
struct StoreEntry {
  static constexpr std::uint64_t has_code = 1;
  std::uint64_t tag = no_tag;
  std::uint64_t to_host = 0;
  CodePage* page = nullptr;  ///< if anything was ever decoded from it
};
/// A page that may be executed from.
struct FetchEntry {
  std::uint64_t tag = no_tag;
  CodePage* page = nullptr;
};
/// The block at a virtual address.
struct JumpEntry {
  std::uint64_t pc = no_tag;
  Block* block = nullptr;
};

/// Entries by some bits of an address. Forgetting costs as much as was filled in.
template <class Entry, std::size_t size>
class EntryTable {
 public:
  static_assert(size % 64 == 0);
  [[nodiscard]] const Entry& operator[](std::size_t index) const { return entries_[index]; }
  [[nodiscard]] Entry& operator[](std::size_t index) { return entries_[index]; }
  void fill(std::size_t index, const Entry& entry) {
    entries_[index] = entry;
    filled_[index / 64] |= std::uint64_t{1} << index % 64;
  }
  void forget() {
    for_each_filled([](Entry& entry) { entry = Entry{}; });
    filled_.fill(0);
  }
  template <class Function>
  void for_each_filled(Function function) {
    for (std::size_t word = 0; word < filled_.size(); ++word) {
      for (std::uint64_t bits = filled_[word]; bits != 0; bits &= bits - 1) {
        function(entries_[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))]);
      }
    }
  }

 private:
  std::array<Entry, size> entries_{};
  std::array<std::uint64_t, size / 64> filled_{};  // a bit each
};

/// What memory looks like at one privilege, as far as it is known: translations, permissions and decoded code. All of
/// it can be forgotten at any time.
struct MemoryView {
  static constexpr std::size_t entries = 256;
  static constexpr std::size_t fetch_entries = 64;

  EntryTable<LoadEntry, entries> loads;
  EntryTable<StoreEntry, entries> stores;
  EntryTable<FetchEntry, fetch_entries> fetches;
  EntryTable<JumpEntry, entries> jumps;

  static constexpr std::size_t page_index(std::uint64_t address) { return address / page_size % entries; }
  static constexpr std::size_t fetch_index(std::uint64_t address) { return address / page_size % fetch_entries; }
  static constexpr std::size_t jump_index(std::uint64_t pc) { return pc / 2 % entries; }

  void forget() {
    loads.forget();
    stores.forget();
    fetches.forget();
    jumps.forget();
  }
};

/// The host's pointer for an address in an entry.
[[nodiscard]] inline std::byte* host_pointer(std::uint64_t address, std::uint64_t to_host) {
  return std::bit_cast<std::byte*>(address + to_host);
}
[[nodiscard]] inline std::uint64_t distance_to_host(std::uint64_t address, const std::byte* host) {
  return std::bit_cast<std::uint64_t>(host) - address;
}

}  // namespace fermata::riscv::core
