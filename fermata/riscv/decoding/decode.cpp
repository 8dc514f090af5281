// SPDX-License-Identifier: MIT
//
// 32-bit instructions, as a table in the order of their major opcode (unprivileged specification, "RV32/64G
// Instruction Set Listings"). A row matches if `(bits & mask) == match`; the first one that does counts.
#include "fermata/riscv/decoding/decode.hpp"

#include <array>
#include <span>

#include "fermata/riscv/decoding/compressed.hpp"

namespace fermata::riscv::decoding {
namespace {

using enum Opcode;

/// Where the operands are.
enum class Format : std::uint8_t { none, r, r4, i, s, b, u, j, shift, csr };

struct Pattern {
  std::uint32_t mask;
  std::uint32_t match;
  Opcode opcode;
  Format format;
};

constexpr std::uint32_t major(std::uint32_t bits_6_2) { return bits_6_2 << 2 | 3; }
constexpr std::uint32_t funct3(std::uint32_t value) { return value << 12; }
constexpr std::uint32_t funct7(std::uint32_t value) { return value << 25; }
constexpr std::uint32_t rs2_is(std::uint32_t value) { return value << 20; }

constexpr std::uint32_t major_mask = 0x7f;
constexpr std::uint32_t funct3_mask = 0x7000;
constexpr std::uint32_t funct7_mask = 0xfe00'0000;
constexpr std::uint32_t rs2_mask = 0x01f0'0000;

constexpr Pattern by_major(std::uint32_t m, Opcode opcode, Format format) {
  return {major_mask, major(m), opcode, format};
}
constexpr Pattern by_funct3(std::uint32_t m, std::uint32_t f3, Opcode opcode, Format format) {
  return {major_mask | funct3_mask, major(m) | funct3(f3), opcode, format};
}
constexpr Pattern by_funct7(std::uint32_t m, std::uint32_t f3, std::uint32_t f7, Opcode opcode,
                            Format format = Format::r) {
  return {major_mask | funct3_mask | funct7_mask, major(m) | funct3(f3) | funct7(f7), opcode, format};
}
constexpr Pattern shift64(std::uint32_t f3, std::uint32_t f6, Opcode opcode) {
  return {major_mask | funct3_mask | 0xfc00'0000, major(0x04) | funct3(f3) | f6 << 26, opcode, Format::shift};
}
constexpr Pattern atomic(std::uint32_t f3, std::uint32_t f5, Opcode opcode) {
  return {major_mask | funct3_mask | 0xf800'0000, major(0x0b) | funct3(f3) | f5 << 27, opcode, Format::r};
}
constexpr Pattern reserved_load(std::uint32_t f3, Opcode opcode) {
  return {major_mask | funct3_mask | 0xf800'0000 | rs2_mask, major(0x0b) | funct3(f3) | 2U << 27, opcode, Format::r};
}
constexpr Pattern fused(std::uint32_t m, std::uint32_t format, Opcode opcode) {
  return {major_mask | 3U << 25, major(m) | format << 25, opcode, Format::r4};
}
constexpr std::uint32_t fp_major = 0x14;
/// With a rounding mode.
constexpr Pattern rounded(std::uint32_t f7, Opcode opcode) {
  return {major_mask | funct7_mask, major(fp_major) | funct7(f7), opcode, Format::r};
}
constexpr Pattern rounded_unary(std::uint32_t f7, std::uint32_t rs2, Opcode opcode) {
  return {major_mask | funct7_mask | rs2_mask, major(fp_major) | funct7(f7) | rs2_is(rs2), opcode, Format::r};
}
constexpr Pattern fp_unary(std::uint32_t f7, std::uint32_t f3, Opcode opcode) {
  return {major_mask | funct7_mask | funct3_mask | rs2_mask, major(fp_major) | funct7(f7) | funct3(f3), opcode,
          Format::r};
}
constexpr Pattern fp(std::uint32_t f7, std::uint32_t f3, Opcode opcode) { return by_funct7(fp_major, f3, f7, opcode); }
constexpr Pattern exactly(std::uint32_t bits, Opcode opcode) { return {0xffff'ffff, bits, opcode, Format::none}; }

constexpr auto patterns = std::to_array<Pattern>({
    by_funct3(0x00, 0, lb, Format::i),
    by_funct3(0x00, 1, lh, Format::i),
    by_funct3(0x00, 2, lw, Format::i),
    by_funct3(0x00, 3, ld, Format::i),
    by_funct3(0x00, 4, lbu, Format::i),
    by_funct3(0x00, 5, lhu, Format::i),
    by_funct3(0x00, 6, lwu, Format::i),
    by_funct3(0x01, 2, flw, Format::i),
    by_funct3(0x01, 3, fld, Format::i),
    by_funct3(0x03, 0, fence, Format::none),
    by_funct3(0x03, 1, fence_i, Format::none),
    by_funct3(0x04, 0, addi, Format::i),
    shift64(1, 0, slli),
    by_funct3(0x04, 2, slti, Format::i),
    by_funct3(0x04, 3, sltiu, Format::i),
    by_funct3(0x04, 4, xori, Format::i),
    shift64(5, 0, srli),
    shift64(5, 0x10, srai),
    by_funct3(0x04, 6, ori, Format::i),
    by_funct3(0x04, 7, andi, Format::i),
    by_major(0x05, auipc, Format::u),
    by_funct3(0x06, 0, addiw, Format::i),
    by_funct7(0x06, 1, 0, slliw, Format::shift),
    by_funct7(0x06, 5, 0, srliw, Format::shift),
    by_funct7(0x06, 5, 0x20, sraiw, Format::shift),
    by_funct3(0x08, 0, sb, Format::s),
    by_funct3(0x08, 1, sh, Format::s),
    by_funct3(0x08, 2, sw, Format::s),
    by_funct3(0x08, 3, sd, Format::s),
    by_funct3(0x09, 2, fsw, Format::s),
    by_funct3(0x09, 3, fsd, Format::s),
    reserved_load(2, lr_w),
    atomic(2, 3, sc_w),
    atomic(2, 1, amoswap_w),
    atomic(2, 0, amoadd_w),
    atomic(2, 4, amoxor_w),
    atomic(2, 0xc, amoand_w),
    atomic(2, 8, amoor_w),
    atomic(2, 0x10, amomin_w),
    atomic(2, 0x14, amomax_w),
    atomic(2, 0x18, amominu_w),
    atomic(2, 0x1c, amomaxu_w),
    reserved_load(3, lr_d),
    atomic(3, 3, sc_d),
    atomic(3, 1, amoswap_d),
    atomic(3, 0, amoadd_d),
    atomic(3, 4, amoxor_d),
    atomic(3, 0xc, amoand_d),
    atomic(3, 8, amoor_d),
    atomic(3, 0x10, amomin_d),
    atomic(3, 0x14, amomax_d),
    atomic(3, 0x18, amominu_d),
    atomic(3, 0x1c, amomaxu_d),
    by_funct7(0x0c, 0, 0, add),
    by_funct7(0x0c, 0, 0x20, sub),
    by_funct7(0x0c, 1, 0, sll),
    by_funct7(0x0c, 2, 0, slt),
    by_funct7(0x0c, 3, 0, sltu),
    by_funct7(0x0c, 4, 0, xor_),
    by_funct7(0x0c, 5, 0, srl),
    by_funct7(0x0c, 5, 0x20, sra),
    by_funct7(0x0c, 6, 0, or_),
    by_funct7(0x0c, 7, 0, and_),
    by_funct7(0x0c, 0, 1, mul),
    by_funct7(0x0c, 1, 1, mulh),
    by_funct7(0x0c, 2, 1, mulhsu),
    by_funct7(0x0c, 3, 1, mulhu),
    by_funct7(0x0c, 4, 1, div),
    by_funct7(0x0c, 5, 1, divu),
    by_funct7(0x0c, 6, 1, rem),
    by_funct7(0x0c, 7, 1, remu),
    by_major(0x0d, lui, Format::u),
    by_funct7(0x0e, 0, 0, addw),
    by_funct7(0x0e, 0, 0x20, subw),
    by_funct7(0x0e, 1, 0, sllw),
    by_funct7(0x0e, 5, 0, srlw),
    by_funct7(0x0e, 5, 0x20, sraw),
    by_funct7(0x0e, 0, 1, mulw),
    by_funct7(0x0e, 4, 1, divw),
    by_funct7(0x0e, 5, 1, divuw),
    by_funct7(0x0e, 6, 1, remw),
    by_funct7(0x0e, 7, 1, remuw),
    fused(0x10, 0, fmadd_s),
    fused(0x10, 1, fmadd_d),
    fused(0x11, 0, fmsub_s),
    fused(0x11, 1, fmsub_d),
    fused(0x12, 0, fnmsub_s),
    fused(0x12, 1, fnmsub_d),
    fused(0x13, 0, fnmadd_s),
    fused(0x13, 1, fnmadd_d),
    rounded(0x00, fadd_s),
    rounded(0x04, fsub_s),
    rounded(0x08, fmul_s),
    rounded(0x0c, fdiv_s),
    rounded_unary(0x2c, 0, fsqrt_s),
    fp(0x10, 0, fsgnj_s),
    fp(0x10, 1, fsgnjn_s),
    fp(0x10, 2, fsgnjx_s),
    fp(0x14, 0, fmin_s),
    fp(0x14, 1, fmax_s),
    fp(0x50, 2, feq_s),
    fp(0x50, 1, flt_s),
    fp(0x50, 0, fle_s),
    fp_unary(0x70, 1, fclass_s),
    fp_unary(0x70, 0, fmv_x_w),
    fp_unary(0x78, 0, fmv_w_x),
    rounded_unary(0x60, 0, fcvt_w_s),
    rounded_unary(0x60, 1, fcvt_wu_s),
    rounded_unary(0x60, 2, fcvt_l_s),
    rounded_unary(0x60, 3, fcvt_lu_s),
    rounded_unary(0x68, 0, fcvt_s_w),
    rounded_unary(0x68, 1, fcvt_s_wu),
    rounded_unary(0x68, 2, fcvt_s_l),
    rounded_unary(0x68, 3, fcvt_s_lu),
    rounded(0x01, fadd_d),
    rounded(0x05, fsub_d),
    rounded(0x09, fmul_d),
    rounded(0x0d, fdiv_d),
    rounded_unary(0x2d, 0, fsqrt_d),
    fp(0x11, 0, fsgnj_d),
    fp(0x11, 1, fsgnjn_d),
    fp(0x11, 2, fsgnjx_d),
    fp(0x15, 0, fmin_d),
    fp(0x15, 1, fmax_d),
    fp(0x51, 2, feq_d),
    fp(0x51, 1, flt_d),
    fp(0x51, 0, fle_d),
    fp_unary(0x71, 1, fclass_d),
    fp_unary(0x71, 0, fmv_x_d),
    fp_unary(0x79, 0, fmv_d_x),
    rounded_unary(0x61, 0, fcvt_w_d),
    rounded_unary(0x61, 1, fcvt_wu_d),
    rounded_unary(0x61, 2, fcvt_l_d),
    rounded_unary(0x61, 3, fcvt_lu_d),
    rounded_unary(0x69, 0, fcvt_d_w),
    rounded_unary(0x69, 1, fcvt_d_wu),
    rounded_unary(0x69, 2, fcvt_d_l),
    rounded_unary(0x69, 3, fcvt_d_lu),
    rounded_unary(0x20, 1, fcvt_s_d),
    rounded_unary(0x21, 0, fcvt_d_s),
    by_funct3(0x18, 0, beq, Format::b),
    by_funct3(0x18, 1, bne, Format::b),
    by_funct3(0x18, 4, blt, Format::b),
    by_funct3(0x18, 5, bge, Format::b),
    by_funct3(0x18, 6, bltu, Format::b),
    by_funct3(0x18, 7, bgeu, Format::b),
    by_funct3(0x19, 0, jalr, Format::i),
    by_major(0x1b, jal, Format::j),
    exactly(0x0000'0073, ecall),
    exactly(0x0010'0073, ebreak),
    exactly(0x1020'0073, sret),
    exactly(0x3020'0073, mret),
    exactly(0x1050'0073, wfi),
    {0xfe00'7fff, 0x1200'0073, sfence_vma, Format::r},
    by_funct3(0x1c, 1, csrrw, Format::csr),
    by_funct3(0x1c, 2, csrrs, Format::csr),
    by_funct3(0x1c, 3, csrrc, Format::csr),
    by_funct3(0x1c, 5, csrrwi, Format::csr),
    by_funct3(0x1c, 6, csrrsi, Format::csr),
    by_funct3(0x1c, 7, csrrci, Format::csr),
});

constexpr std::size_t major_of(std::uint32_t bits) { return bits >> 2 & 0x1f; }

/// starts[m] to starts[m + 1] are the rows of major opcode m.
constexpr auto starts = [] {
  std::array<std::uint8_t, 33> result{};
  for (std::size_t m = 0; m < 32; ++m) {
    std::size_t row = result.at(m);
    while (row < patterns.size() && major_of(patterns.at(row).match) == m) {
      ++row;
    }
    result.at(m + 1) = static_cast<std::uint8_t>(row);
  }
  return result;
}();
static_assert(starts.back() == patterns.size(), "the rows are in the order of their major opcode");

constexpr std::uint8_t field(std::uint32_t bits, unsigned shift) { return bits >> shift & 0x1f; }
constexpr std::int32_t as_signed(std::uint32_t bits) { return static_cast<std::int32_t>(bits); }

constexpr std::int32_t s_immediate(std::uint32_t bits) {
  return as_signed(bits & funct7_mask) >> 20 | as_signed(bits >> 7 & 0x1f);
}
constexpr std::int32_t b_immediate(std::uint32_t bits) {
  return as_signed(bits & 0x8000'0000) >> 19 |
         as_signed((bits & 0x80) << 4 | (bits >> 20 & 0x7e0) | (bits >> 7 & 0x1e));
}
constexpr std::int32_t j_immediate(std::uint32_t bits) {
  return as_signed(bits & 0x8000'0000) >> 11 | as_signed((bits & 0xff000) | (bits >> 9 & 0x800) | (bits >> 20 & 0x7fe));
}

Instruction operands(Opcode opcode, Format format, std::uint32_t bits) {
  Instruction result{.opcode = opcode, .rounding = static_cast<std::uint8_t>(bits >> 12 & 7)};
  const std::uint8_t rd = field(bits, 7);
  const std::uint8_t rs1 = field(bits, 15);
  const std::uint8_t rs2 = field(bits, 20);
  switch (format) {
    case Format::none: result.rounding = 0; break;
    case Format::r: result.rd = rd, result.rs1 = rs1, result.rs2 = rs2; break;
    case Format::r4: result.rd = rd, result.rs1 = rs1, result.rs2 = rs2, result.rs3 = field(bits, 27); break;
    case Format::i: result.rd = rd, result.rs1 = rs1, result.immediate = as_signed(bits) >> 20; break;
    case Format::s: result.rs1 = rs1, result.rs2 = rs2, result.immediate = s_immediate(bits); break;
    case Format::b: result.rs1 = rs1, result.rs2 = rs2, result.immediate = b_immediate(bits); break;
    case Format::u: result.rd = rd, result.immediate = as_signed(bits & 0xffff'f000); break;
    case Format::j: result.rd = rd, result.immediate = j_immediate(bits); break;
    case Format::shift: result.rd = rd, result.rs1 = rs1, result.immediate = as_signed(bits >> 20 & 0x3f); break;
    case Format::csr: result.rd = rd, result.rs1 = rs1, result.immediate = as_signed(bits >> 20); break;
  }
  return result;
}

}  // namespace

Instruction decode(std::uint32_t bits) {
  if (length_of(bits) == 2) {
    return expand(static_cast<std::uint16_t>(bits));
  }
  const std::size_t m = major_of(bits);
  for (const Pattern& pattern : std::span(patterns).subspan(starts.at(m), starts.at(m + 1) - starts.at(m))) {
    if ((bits & pattern.mask) == pattern.match) {
      return operands(pattern.opcode, pattern.format, bits);
    }
  }
  return {};
}

}  // namespace fermata::riscv::decoding
