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

/// What memory looks like at one privilege, as far as it is known: translations, permissions and decoded code. All of
/// it can be forgotten at any time.
struct MemoryView {
  static constexpr std::size_t entries = 256;
  static constexpr std::size_t fetch_entries = 32;

  std::array<LoadEntry, entries> loads{};
  std::array<StoreEntry, entries> stores{};
  std::array<FetchEntry, fetch_entries> fetches{};
  std::array<JumpEntry, entries> jumps{};

  [[nodiscard]] LoadEntry& load_entry(std::uint64_t address) { return loads[address / page_size % entries]; }
  [[nodiscard]] StoreEntry& store_entry(std::uint64_t address) { return stores[address / page_size % entries]; }
  [[nodiscard]] FetchEntry& fetch_entry(std::uint64_t address) { return fetches[address / page_size % fetch_entries]; }
  [[nodiscard]] JumpEntry& jump_entry(std::uint64_t pc) { return jumps[pc / 2 % entries]; }
};

/// The host's pointer for an address in an entry.
[[nodiscard]] inline std::byte* host_pointer(std::uint64_t address, std::uint64_t to_host) {
  return std::bit_cast<std::byte*>(address + to_host);
}
[[nodiscard]] inline std::uint64_t distance_to_host(std::uint64_t address, const std::byte* host) {
  return std::bit_cast<std::uint64_t>(host) - address;
}

}  // namespace fermata::riscv::core
