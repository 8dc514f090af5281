// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "fermata/riscv/decoding/instruction.hpp"

namespace fermata::riscv::decoding {

/// What the 16 bits of an instruction of the C extension (RV64) expand to, with length 2. Reserved encodings are
/// illegal, hints are what they expand to. Pure, any thread.
[[nodiscard]] Instruction expand(std::uint16_t bits);

}  // namespace fermata::riscv::decoding
