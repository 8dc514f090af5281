// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "fermata/riscv/decoding/instruction.hpp"

namespace fermata::riscv::decoding {

/// The instruction in the lower 16 or 32 bits, as `length_of` says; whatever RV64GC has not, or reserves, is
/// Opcode::illegal with its length. Pure, any thread.
[[nodiscard]] Instruction decode(std::uint32_t bits);

}  // namespace fermata::riscv::decoding
