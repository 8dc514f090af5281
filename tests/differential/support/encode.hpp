// SPDX-License-Identifier: MIT
//
// Encodings of RV64 instructions by format (RISC-V unprivileged specification, "Base Instruction Formats").
#pragma once

#include <cstdint>

namespace fermata::differential::encode {

inline constexpr std::uint32_t load = 0x03;
inline constexpr std::uint32_t load_fp = 0x07;
inline constexpr std::uint32_t misc_mem = 0x0f;
inline constexpr std::uint32_t op_imm = 0x13;
inline constexpr std::uint32_t auipc = 0x17;
inline constexpr std::uint32_t op_imm_32 = 0x1b;
inline constexpr std::uint32_t store = 0x23;
inline constexpr std::uint32_t store_fp = 0x27;
inline constexpr std::uint32_t amo = 0x2f;
inline constexpr std::uint32_t op = 0x33;
inline constexpr std::uint32_t lui = 0x37;
inline constexpr std::uint32_t op_32 = 0x3b;
inline constexpr std::uint32_t op_fp = 0x53;
inline constexpr std::uint32_t branch = 0x63;
inline constexpr std::uint32_t jalr = 0x67;
inline constexpr std::uint32_t jal = 0x6f;
inline constexpr std::uint32_t system = 0x73;

inline constexpr std::uint32_t ecall = 0x0000'0073;
inline constexpr std::uint32_t ebreak = 0x0010'0073;
inline constexpr std::uint32_t sret = 0x1020'0073;
inline constexpr std::uint32_t wfi = 0x1050'0073;
inline constexpr std::uint32_t mret = 0x3020'0073;
inline constexpr std::uint32_t fence_i = 0x0000'100f;

constexpr std::uint32_t r_type(std::uint32_t opcode, std::uint32_t funct3, std::uint32_t funct7, std::uint32_t rd,
                               std::uint32_t rs1, std::uint32_t rs2) {
  return funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
}
/// The low 12 bits of `immediate` count.
constexpr std::uint32_t i_type(std::uint32_t opcode, std::uint32_t funct3, std::uint32_t rd, std::uint32_t rs1,
                               std::uint32_t immediate) {
  return immediate << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
}
constexpr std::uint32_t s_type(std::uint32_t opcode, std::uint32_t funct3, std::uint32_t rs1, std::uint32_t rs2,
                               std::uint32_t immediate) {
  return (immediate >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (immediate & 0x1f) << 7 | opcode;
}
constexpr std::uint32_t u_type(std::uint32_t opcode, std::uint32_t rd, std::uint32_t immediate) {
  return (immediate & 0xffff'f000) | rd << 7 | opcode;
}
/// The offset's bits in a branch and in a jump, to be combined with the rest of the instruction.
constexpr std::uint32_t branch_offset(std::uint32_t offset) {
  return (offset >> 12 & 1) << 31 | (offset >> 5 & 0x3f) << 25 | (offset >> 1 & 0xf) << 8 | (offset >> 11 & 1) << 7;
}
constexpr std::uint32_t jump_offset(std::uint32_t offset) {
  return (offset >> 20 & 1) << 31 | (offset >> 1 & 0x3ff) << 21 | (offset >> 11 & 1) << 20 | (offset & 0xf'f000);
}
constexpr std::uint32_t compressed_branch_offset(std::uint32_t offset) {
  return (offset >> 8 & 1) << 12 | (offset >> 3 & 3) << 10 | (offset >> 6 & 3) << 5 | (offset >> 1 & 3) << 3 |
         (offset >> 5 & 1) << 2;
}
constexpr std::uint32_t compressed_jump_offset(std::uint32_t offset) {
  return (offset >> 11 & 1) << 12 | (offset >> 4 & 1) << 11 | (offset >> 8 & 3) << 9 | (offset >> 10 & 1) << 8 |
         (offset >> 6 & 1) << 7 | (offset >> 7 & 1) << 6 | (offset >> 1 & 7) << 3 | (offset >> 5 & 1) << 2;
}
constexpr std::uint32_t csr_op(std::uint32_t funct3, std::uint32_t rd, std::uint32_t csr, std::uint32_t source) {
  return i_type(system, funct3, rd, source, csr);
}

}  // namespace fermata::differential::encode
