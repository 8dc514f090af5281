// SPDX-License-Identifier: MIT
#include "fermata/riscv/translation/mmu.hpp"

#include "fermata/base/contract.hpp"

namespace fermata::riscv::translation {
namespace {

// The fields of a page-table entry (privileged specification, "Sv39: Page-Based 39-bit Virtual-Memory System").
constexpr std::uint64_t valid = 1 << 0;
constexpr std::uint64_t readable = 1 << 1;
constexpr std::uint64_t writable = 1 << 2;
constexpr std::uint64_t executable = 1 << 3;
constexpr std::uint64_t user = 1 << 4;
constexpr std::uint64_t global = 1 << 5;
constexpr std::uint64_t accessed = 1 << 6;
constexpr std::uint64_t dirty = 1 << 7;
constexpr int page_number_shift = 10;
constexpr std::uint64_t page_number_mask = (std::uint64_t{1} << 44) - 1;
/// Bits 63 to 54: N and PBMT, of extensions that are not here, and what is reserved anyway.
constexpr std::uint64_t reserved = ~std::uint64_t{0} << 54;

constexpr int page_bits = 12;
constexpr int level_bits = 9;

constexpr Translation fault_of(Fault fault) { return {.fault = fault}; }

constexpr bool is_leaf(std::uint64_t entry) { return (entry & (readable | writable | executable)) != 0; }

constexpr std::uint64_t page_number(std::uint64_t entry) { return entry >> page_number_shift & page_number_mask; }

bool is_canonical(std::uint64_t address, int bits) {
  const auto is_sign_extended = static_cast<std::int64_t>(address) >> (bits - 1);
  return is_sign_extended == 0 || is_sign_extended == -1;
}

/// What a leaf permits to a regime, A and D aside.
Rights rights_of(std::uint64_t leaf, const Regime& regime) {
  Rights rights{.fetch = (leaf & executable) != 0,
                .load = (leaf & readable) != 0 || (regime.mxr && (leaf & executable) != 0),
                .store = (leaf & writable) != 0};
  if ((leaf & user) == 0) {
    return regime.is_user ? Rights{} : rights;
  }
  if (regime.is_user) {
    return rights;
  }
  rights.fetch = false;  // supervisor mode never executes a user's page
  return regime.sum ? rights : Rights{};
}

/// A walk from the root to a leaf.
class Walk {
 public:
  Walk(const Regime& regime, std::uint64_t virtual_address, AccessKind kind, PageTablePort& memory)
      : regime_(regime), virtual_address_(virtual_address), kind_(kind), memory_(memory) {}

  /// Nothing: an entry changed meanwhile, and the walk has to begin again.
  std::optional<Translation> from_root(int levels) {
    std::uint64_t table = page_number(regime_.satp << page_number_shift);
    bool is_global = false;
    for (int level = levels - 1; level >= 0; --level) {
      const std::uint64_t index = virtual_address_ >> (page_bits + level * level_bits) & ((1U << level_bits) - 1);
      const std::uint64_t at = (table << page_bits) + index * 8;
      const std::optional<std::uint64_t> entry = memory_.read_entry(at);
      if (!entry) {
        return fault_of(Fault::access);
      }
      if ((*entry & reserved) != 0 || (*entry & valid) == 0) {
        return fault_of(Fault::page);
      }
      is_global = is_global || (*entry & global) != 0;
      if (is_leaf(*entry)) {
        return at_leaf(at, *entry, level, is_global);
      }
      if ((*entry & (user | accessed | dirty)) != 0) {
        return fault_of(Fault::page);  // reserved in a pointer to the next level
      }
      table = page_number(*entry);
    }
    return fault_of(Fault::page);
  }

 private:
  std::optional<Translation> at_leaf(std::uint64_t at, std::uint64_t leaf, int level, bool is_global) {
    const std::uint64_t pages_mask = (std::uint64_t{1} << (level * level_bits)) - 1;
    const bool is_reserved = (leaf & (readable | writable)) == writable;
    const bool is_misaligned = (page_number(leaf) & pages_mask) != 0;
    Rights rights = rights_of(leaf, regime_);
    if (is_reserved || is_misaligned || !rights.permit(kind_)) {
      return fault_of(Fault::page);
    }
    const std::uint64_t wanted = leaf | accessed | (kind_ == AccessKind::store ? dirty : 0);
    if (wanted != leaf) {
      if (!regime_.sets_accessed_and_dirty) {
        return fault_of(Fault::page);
      }
      switch (memory_.update_entry(at, leaf, wanted)) {
        case PageTablePort::Update::done: break;
        case PageTablePort::Update::changed: return std::nullopt;
        case PageTablePort::Update::fault: return fault_of(Fault::access);
      }
    }
    rights.store = rights.store && (wanted & dirty) != 0;
    const std::uint64_t page_size = (pages_mask + 1) << page_bits;
    const std::uint64_t base = page_number(leaf) << page_bits;
    return Translation{.physical = base | (virtual_address_ & (page_size - 1)),
                       .page_size = page_size,
                       .rights = rights,
                       .is_global = is_global};
  }

  const Regime& regime_;
  std::uint64_t virtual_address_;
  AccessKind kind_;
  PageTablePort& memory_;
};

}  // namespace

Translation translate(const Regime& regime, std::uint64_t virtual_address, AccessKind kind, PageTablePort& memory) {
  const std::optional<SatpMode> mode = satp_mode(regime.satp);
  base::expects(mode.has_value(), "translate: satp has a mode that is implemented");
  if (*mode == SatpMode::bare) {
    return {.physical = virtual_address, .rights = Rights::all()};
  }
  const int levels = *mode == SatpMode::sv39 ? 3 : 4;
  if (!is_canonical(virtual_address, page_bits + levels * level_bits)) {
    return fault_of(Fault::page);
  }
  Walk walk(regime, virtual_address, kind, memory);
  while (true) {
    if (const std::optional<Translation> result = walk.from_root(levels)) {
      return *result;
    }
  }
}

}  // namespace fermata::riscv::translation
