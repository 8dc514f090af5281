// SPDX-License-Identifier: MIT
//
// Encodes instructions for tests, written from the specification's formats and apart from the decoder's tables.
// Register numbers are plain; immediates are in bytes, as in assembly.
#pragma once

#include <cstdint>

namespace fermata::riscv::testing {

using Bits = std::uint32_t;
using Reg = std::uint32_t;

constexpr Reg zero = 0, ra = 1, sp = 2, t0 = 5, t1 = 6, t2 = 7, a0 = 10, a1 = 11, a2 = 12, a3 = 13, a4 = 14, a5 = 15;

constexpr Bits r_type(Bits funct7, Reg rs2, Reg rs1, Bits funct3, Reg rd, Bits opcode) {
  return funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
}
constexpr Bits i_type(std::int32_t immediate, Reg rs1, Bits funct3, Reg rd, Bits opcode) {
  return static_cast<Bits>(immediate) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
}
constexpr Bits s_type(std::int32_t immediate, Reg rs2, Reg rs1, Bits funct3, Bits opcode) {
  const Bits bits = static_cast<Bits>(immediate);
  return (bits >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (bits & 0x1f) << 7 | opcode;
}
constexpr Bits b_type(std::int32_t immediate, Reg rs2, Reg rs1, Bits funct3) {
  const Bits bits = static_cast<Bits>(immediate);
  return (bits >> 12 & 1) << 31 | (bits >> 5 & 0x3f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 |
         (bits >> 1 & 0xf) << 8 | (bits >> 11 & 1) << 7 | 0x63;
}
constexpr Bits u_type(Bits immediate, Reg rd, Bits opcode) { return (immediate & 0xffff'f000) | rd << 7 | opcode; }

constexpr Bits lui(Reg rd, Bits immediate) { return u_type(immediate, rd, 0x37); }
constexpr Bits auipc(Reg rd, Bits immediate) { return u_type(immediate, rd, 0x17); }
constexpr Bits jal(Reg rd, std::int32_t offset) {
  const Bits bits = static_cast<Bits>(offset);
  return (bits >> 20 & 1) << 31 | (bits >> 1 & 0x3ff) << 21 | (bits >> 11 & 1) << 20 | (bits & 0xff000) | rd << 7 |
         0x6f;
}
constexpr Bits jalr(Reg rd, Reg rs1, std::int32_t offset) { return i_type(offset, rs1, 0, rd, 0x67); }
constexpr Bits beq(Reg rs1, Reg rs2, std::int32_t offset) { return b_type(offset, rs2, rs1, 0); }
constexpr Bits bne(Reg rs1, Reg rs2, std::int32_t offset) { return b_type(offset, rs2, rs1, 1); }
constexpr Bits blt(Reg rs1, Reg rs2, std::int32_t offset) { return b_type(offset, rs2, rs1, 4); }
constexpr Bits bge(Reg rs1, Reg rs2, std::int32_t offset) { return b_type(offset, rs2, rs1, 5); }
constexpr Bits bltu(Reg rs1, Reg rs2, std::int32_t offset) { return b_type(offset, rs2, rs1, 6); }
constexpr Bits bgeu(Reg rs1, Reg rs2, std::int32_t offset) { return b_type(offset, rs2, rs1, 7); }

constexpr Bits load(Bits funct3, Reg rd, Reg rs1, std::int32_t offset) { return i_type(offset, rs1, funct3, rd, 0x03); }
constexpr Bits lb(Reg rd, Reg rs1, std::int32_t offset) { return load(0, rd, rs1, offset); }
constexpr Bits lh(Reg rd, Reg rs1, std::int32_t offset) { return load(1, rd, rs1, offset); }
constexpr Bits lw(Reg rd, Reg rs1, std::int32_t offset) { return load(2, rd, rs1, offset); }
constexpr Bits ld(Reg rd, Reg rs1, std::int32_t offset) { return load(3, rd, rs1, offset); }
constexpr Bits lbu(Reg rd, Reg rs1, std::int32_t offset) { return load(4, rd, rs1, offset); }
constexpr Bits lhu(Reg rd, Reg rs1, std::int32_t offset) { return load(5, rd, rs1, offset); }
constexpr Bits lwu(Reg rd, Reg rs1, std::int32_t offset) { return load(6, rd, rs1, offset); }
constexpr Bits store(Bits funct3, Reg rs2, Reg rs1, std::int32_t offset) {
  return s_type(offset, rs2, rs1, funct3, 0x23);
}
constexpr Bits sb(Reg rs2, Reg rs1, std::int32_t offset) { return store(0, rs2, rs1, offset); }
constexpr Bits sh(Reg rs2, Reg rs1, std::int32_t offset) { return store(1, rs2, rs1, offset); }
constexpr Bits sw(Reg rs2, Reg rs1, std::int32_t offset) { return store(2, rs2, rs1, offset); }
constexpr Bits sd(Reg rs2, Reg rs1, std::int32_t offset) { return store(3, rs2, rs1, offset); }

constexpr Bits addi(Reg rd, Reg rs1, std::int32_t immediate) { return i_type(immediate, rs1, 0, rd, 0x13); }
constexpr Bits add(Reg rd, Reg rs1, Reg rs2) { return r_type(0, rs2, rs1, 0, rd, 0x33); }
constexpr Bits mul(Reg rd, Reg rs1, Reg rs2) { return r_type(1, rs2, rs1, 0, rd, 0x33); }
constexpr Bits nop() { return addi(0, 0, 0); }

/// funct5 as in the specification's table; `wide` is .D.
constexpr Bits amo(Bits funct5, bool wide, Reg rd, Reg rs1, Reg rs2) {
  return r_type(funct5 << 2, rs2, rs1, wide ? 3 : 2, rd, 0x2f);
}
constexpr Bits lr(bool wide, Reg rd, Reg rs1) { return amo(2, wide, rd, rs1, 0); }
constexpr Bits sc(bool wide, Reg rd, Reg rs1, Reg rs2) { return amo(3, wide, rd, rs1, rs2); }

constexpr Bits csrrw(Reg rd, Bits csr, Reg rs1) { return csr << 20 | rs1 << 15 | 1U << 12 | rd << 7 | 0x73; }
constexpr Bits csrrs(Reg rd, Bits csr, Reg rs1) { return csr << 20 | rs1 << 15 | 2U << 12 | rd << 7 | 0x73; }
constexpr Bits csrrc(Reg rd, Bits csr, Reg rs1) { return csr << 20 | rs1 << 15 | 3U << 12 | rd << 7 | 0x73; }
constexpr Bits csrrwi(Reg rd, Bits csr, Bits value) { return csr << 20 | value << 15 | 5U << 12 | rd << 7 | 0x73; }
constexpr Bits csrrsi(Reg rd, Bits csr, Bits value) { return csr << 20 | value << 15 | 6U << 12 | rd << 7 | 0x73; }
constexpr Bits csrrci(Reg rd, Bits csr, Bits value) { return csr << 20 | value << 15 | 7U << 12 | rd << 7 | 0x73; }

constexpr Bits ecall = 0x0000'0073, ebreak = 0x0010'0073, sret = 0x1020'0073, mret = 0x3020'0073, wfi = 0x1050'0073;
constexpr Bits fence = 0x0ff0'000f, fence_i = 0x0000'100f, sfence_vma = 0x1200'0073;

/// An instruction of OP-FP; `funct3` is the rounding mode where there is one.
constexpr Bits op_fp(Bits funct7, Reg rd, Reg rs1, Reg rs2, Bits funct3) {
  return r_type(funct7, rs2, rs1, funct3, rd, 0x53);
}
constexpr Bits fma(Bits opcode, bool wide, Reg rd, Reg rs1, Reg rs2, Reg rs3, Bits rounding) {
  return rs3 << 27 | (wide ? 1U : 0U) << 25 | rs2 << 20 | rs1 << 15 | rounding << 12 | rd << 7 | opcode;
}
constexpr Bits flw(Reg rd, Reg rs1, std::int32_t offset) { return i_type(offset, rs1, 2, rd, 0x07); }
constexpr Bits fld(Reg rd, Reg rs1, std::int32_t offset) { return i_type(offset, rs1, 3, rd, 0x07); }
constexpr Bits fsw(Reg rs2, Reg rs1, std::int32_t offset) { return s_type(offset, rs2, rs1, 2, 0x27); }
constexpr Bits fsd(Reg rs2, Reg rs1, std::int32_t offset) { return s_type(offset, rs2, rs1, 3, 0x27); }

}  // namespace fermata::riscv::testing
