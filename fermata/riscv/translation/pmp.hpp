// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "fermata/riscv/translation/access.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::riscv::translation {

/// Physical memory protection (privileged specification, "Physical Memory Protection"): up to 16 entries of OFF, TOR,
/// NA4 and NAPOT, granularity 4 bytes. The lowest entry that matches any byte of an access decides, and must match all
/// of them. With no match machine mode may do anything; the others nothing, if there are entries at all. One thread.
class Pmp {
 public:
  static constexpr unsigned max_entries = 16;

  /// 0 to 16 entries, else base::BadArgument; reset state. CSRs of entries beyond read 0 and ignore writes.
  explicit Pmp(unsigned entries = max_entries);

  void reset();

  /// pmpcfg0 (index 0) and pmpcfg2 (index 2), of eight entries each; the odd ones do not exist in RV64. What may not be
  /// written keeps its value: a locked entry, W without R.
  [[nodiscard]] std::uint64_t config(unsigned index) const;
  void set_config(unsigned index, std::uint64_t value);
  /// pmpaddr0 to pmpaddr15: bits 55:2 of an address. Ignored for a locked entry, and below a locked TOR entry.
  [[nodiscard]] std::uint64_t address(unsigned entry) const;
  void set_address(unsigned entry, std::uint64_t value);

  /// Whether an access of `size` bytes (at least 1) from a physical address on is permitted.
  [[nodiscard]] bool permits(std::uint64_t at, std::uint64_t size, AccessKind kind, bool is_machine) const;

  /// For the 4 KiB page around `at`: uniform if one decision holds for any access within it; then `rights` are it.
  /// Otherwise no rights: each access has to ask `permits`.
  struct PageRights {
    bool is_uniform = false;
    Rights rights{};
  };
  [[nodiscard]] PageRights page_rights(std::uint64_t at, bool is_machine) const;

  void save(state::Writer& writer) const;
  void load(state::Reader& reader);

 private:
  /// What an entry means: derived from the registers whenever one of them changes.
  struct Region {
    std::uint64_t first = 1;  ///< addresses, both ends included; none match if last < first
    std::uint64_t last = 0;
    Rights rights{};
    bool is_locked = false;
  };

  void derive();
  [[nodiscard]] bool is_address_locked(unsigned entry) const;
  [[nodiscard]] Rights rights_of(const Region& region, bool is_machine) const;
  [[nodiscard]] Rights rights_without_match(bool is_machine) const;

  unsigned entries_;
  std::array<std::uint8_t, max_entries> configs_{};
  std::array<std::uint64_t, max_entries> addresses_{};
  std::array<Region, max_entries> regions_{};
  unsigned active_ = 0;  // entries from here on are off
};

}  // namespace fermata::riscv::translation
