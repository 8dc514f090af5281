// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "fermata/riscv/core/hart_state.hpp"

namespace fermata::riscv::core {

/// What a CSR instruction does. CSRRS and CSRRC with x0 or 0 do not write.
struct CsrAccess {
  enum class Operation : std::uint8_t { write, set, clear };
  unsigned number = 0;
  Operation operation = Operation::write;
  std::uint64_t operand = 0;
  bool writes = false;
};

/// Carries it out at the hart's privilege, side effects included, and gives the old value. Nothing: an illegal
/// instruction, and nothing was done. `hart.before` is up to date.
[[nodiscard]] std::optional<std::uint64_t> access_csr(HartState& hart, const CsrAccess& access);

/// The value as machine mode reads it; nothing if there is no such CSR.
[[nodiscard]] std::optional<std::uint64_t> read_csr(const HartState& hart, unsigned number);

/// mstatus with the fields that are kept apart.
[[nodiscard]] std::uint64_t mstatus_value(const HartState& hart);

}  // namespace fermata::riscv::core
