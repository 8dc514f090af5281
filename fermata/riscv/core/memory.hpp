// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "fermata/riscv/core/hart_state.hpp"
#include "fermata/riscv/translation/access.hpp"

namespace fermata::riscv::core {

/// Where an access goes.
struct Place {
  enum class Kind : std::uint8_t { ram, window, fault };
  Kind kind = Kind::fault;
  std::byte* host = nullptr;     ///< ram: of the address; as many bytes as were asked for
  std::uint64_t physical = 0;    ///< ram, window
  bool is_page_uniform = false;  ///< ram: the same goes for the whole page
  std::uint64_t cause = 0;       ///< fault: as in xcause
};

/// Where `size` bytes that do not cross a page are, for an access of this kind at the effective privilege. Remembers
/// pages of RAM in the hart's views. Sets bits A and D as the architecture says.
[[nodiscard]] Place resolve(HartState& hart, std::uint64_t address, unsigned size, translation::AccessKind kind);

/// Chooses the views for loads, stores and fetches: to be called when privilege, MPRV, MPP or SUM have changed.
void update_views(HartState& hart);
/// Forgets the translated views: satp or MXR have changed, or SFENCE.VMA.
void flush_translations(HartState& hart);
/// Forgets all: PMP has changed.
void flush_views(HartState& hart);

}  // namespace fermata::riscv::core
