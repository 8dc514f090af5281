// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "fermata/machine/boot/image.hpp"

namespace fermata::machine::boot {

/// True if `bytes` begin as every ELF file does.
[[nodiscard]] bool is_elf(const std::vector<std::byte>& bytes);

/// The loadable segments of a 64-bit little-endian RISC-V executable, by physical address (System V ABI, "Program
/// Header"). The entry is given as a virtual address in the file; it is turned into the physical one of its segment.
/// Throws base::Error (unsupported) that says what is wrong, for any file that is damaged, of another machine, or whose
/// segments overlap. `name` is for messages.
[[nodiscard]] Image read_elf(std::string name, SharedBytes bytes);

}  // namespace fermata::machine::boot
