// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "fermata/riscv/translation/access.hpp"

namespace fermata::riscv::translation {

/// What a page-table walk reads and writes: physical memory, as supervisor mode may access it (the implementation asks
/// PMP). Called in the thread of the walk.
class PageTablePort {
 public:
  virtual ~PageTablePort() = default;
  /// The 8 bytes at a multiple of 8. Nothing: not memory, or PMP forbids the load.
  [[nodiscard]] virtual std::optional<std::uint64_t> read_entry(std::uint64_t physical) = 0;
  enum class Update : std::uint8_t { done, changed, fault };
  /// Puts `desired` where `expected` stands, atomically. `changed`: something else stands there by now, and the walk
  /// begins again. `fault`: not memory that can be written, or PMP forbids the store.
  [[nodiscard]] virtual Update update_entry(std::uint64_t physical, std::uint64_t expected, std::uint64_t desired) = 0;
};

/// The CSR fields that decide a translation. `is_user` and the rest are those of the access's effective privilege,
/// which for loads and stores is mstatus.MPP under mstatus.MPRV; machine mode does not translate and is not asked here.
struct Regime {
  std::uint64_t satp = 0;
  bool is_user = false;
  bool sum = false;  ///< mstatus.SUM
  bool mxr = false;  ///< mstatus.MXR
  /// Entries' A and D bits are set by the walk. False (Svade): a bit that would have to be set is a page fault.
  bool sets_accessed_and_dirty = true;
};

enum class Fault : std::uint8_t { none, page, access };

/// Where a virtual address leads. The faults are those of the kind of access that was asked for.
struct Translation {
  Fault fault = Fault::none;
  std::uint64_t physical = 0;      ///< of the very address
  std::uint64_t page_size = 4096;  ///< bytes; naturally aligned, in both address spaces. Bare: 4096
  /// What else the same page permits to the same regime without another walk: a page not dirty yet permits no store.
  Rights rights{};
  bool is_global = false;  ///< in all address spaces (ASIDs)
};

/// MODE of a satp, if this MMU has it.
enum class SatpMode : std::uint8_t { bare = 0, sv39 = 8, sv48 = 9 };
/// Nothing: reserved, or not implemented (Sv57). A write of satp with such a mode has no effect.
[[nodiscard]] constexpr std::optional<SatpMode> satp_mode(std::uint64_t satp) {
  switch (satp >> 60) {
    case 0: return SatpMode::bare;
    case 8: return SatpMode::sv39;
    case 9: return SatpMode::sv48;
    default: return std::nullopt;
  }
}

/// Translates by Bare, Sv39 or Sv48 (privileged specification, "Virtual Address Translation Process"). Reads at most
/// four entries between two changes of one by others. Does not ask PMP about the result. satp's mode is one that
/// `satp_mode` knows.
[[nodiscard]] Translation translate(const Regime& regime, std::uint64_t virtual_address, AccessKind kind,
                                    PageTablePort& memory);

}  // namespace fermata::riscv::translation
