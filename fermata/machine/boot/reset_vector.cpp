// SPDX-License-Identifier: MIT
#include "fermata/machine/boot/reset_vector.hpp"

#include <array>
#include <cstdint>

namespace fermata::machine::boot {
namespace {

// Data follow the six instructions: start at 24, device tree at 32, the fw_dynamic structure at 40.
constexpr std::array<std::uint32_t, 6> instructions{
    0x00000297,  // auipc t0, 0
    0x02828613,  // addi  a2, t0, 40
    0xf1402573,  // csrr  a0, mhartid
    0x0202b583,  // ld    a1, 32(t0)
    0x0182b283,  // ld    t0, 24(t0)
    0x00028067,  // jr    t0
};

// OpenSBI, include/sbi/fw_dynamic.h: six 64-bit words.
constexpr std::uint64_t info_magic = 0x4942534f;  // "OSBI"
constexpr std::uint64_t info_version = 2;
constexpr std::uint64_t supervisor_mode = 1;
constexpr std::uint64_t no_options = 0;
constexpr std::uint64_t boot_hart = 0;

void append(std::vector<std::byte>& bytes, std::uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) {
    bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
  }
}

}  // namespace

std::vector<std::byte> make_reset_rom(const ResetTargets& targets) {
  std::vector<std::byte> rom;
  for (const std::uint32_t instruction : instructions) {
    append(rom, instruction, 4);
  }
  for (const std::uint64_t word : {targets.start, targets.device_tree, info_magic, info_version, targets.next,
                                   supervisor_mode, no_options, boot_hart}) {
    append(rom, word, 8);
  }
  return rom;
}

}  // namespace fermata::machine::boot
