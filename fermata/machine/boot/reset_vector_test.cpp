// SPDX-License-Identifier: MIT
#include "fermata/machine/boot/reset_vector.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

namespace fermata::machine::boot {
namespace {

std::uint64_t word(const std::vector<std::byte>& rom, std::size_t offset) {
  std::uint64_t value = 0;
  std::memcpy(&value, rom.data() + offset, sizeof value);
  return value;
}

TEST(ResetVector, SixInstructionsThenTheirData) {
  const auto rom = make_reset_rom({.start = 0x80000000, .device_tree = 0x8fe00000, .next = 0x80200000});
  ASSERT_EQ(rom.size(), 88U);
  EXPECT_EQ(word(rom, 0), 0x0282861300000297U);
  EXPECT_EQ(word(rom, 8), 0x0202b583f1402573U);
  EXPECT_EQ(word(rom, 16), 0x000280670182b283U);
  EXPECT_EQ(word(rom, 24), 0x80000000U) << "ld t0, 24(t0)";
  EXPECT_EQ(word(rom, 32), 0x8fe00000U) << "ld a1, 32(t0)";
  EXPECT_EQ(word(rom, 40), 0x4942534fU) << "addi a2, t0, 40: magic of fw_dynamic";
  EXPECT_EQ(word(rom, 48), 2U) << "version";
  EXPECT_EQ(word(rom, 56), 0x80200000U) << "next address";
  EXPECT_EQ(word(rom, 64), 1U) << "next mode: supervisor";
  EXPECT_EQ(word(rom, 72), 0U) << "options";
  EXPECT_EQ(word(rom, 80), 0U) << "boot hart";
}

}  // namespace
}  // namespace fermata::machine::boot
