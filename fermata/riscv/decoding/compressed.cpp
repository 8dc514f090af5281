// SPDX-License-Identifier: MIT
//
// The C extension for RV64 (unprivileged specification, "RVC Instruction Set Listings"): one function for each value of
// the quadrant (bits 1:0) and funct3 (bits 15:13).
#include "fermata/riscv/decoding/compressed.hpp"

#include <array>

namespace fermata::riscv::decoding {
namespace {

using enum Opcode;

constexpr std::uint32_t field(std::uint32_t bits, unsigned shift, unsigned width) {
  return bits >> shift & ((1U << width) - 1);
}
constexpr std::uint8_t reg(std::uint32_t bits, unsigned shift) {
  return static_cast<std::uint8_t>(field(bits, shift, 5));
}
/// One of x8 to x15, in three bits.
constexpr std::uint8_t short_reg(std::uint32_t bits, unsigned shift) {
  return static_cast<std::uint8_t>(8 + field(bits, shift, 3));
}
constexpr std::int32_t sign_extend(std::uint32_t value, unsigned width) {
  return static_cast<std::int32_t>(value << (32 - width)) >> (32 - width);
}
/// imm[5] in bit 12, imm[4:0] in bits 6:2.
constexpr std::uint32_t immediate6(std::uint32_t bits) { return field(bits, 12, 1) << 5 | field(bits, 2, 5); }

constexpr Instruction make(Opcode opcode, std::uint8_t rd, std::uint8_t rs1, std::uint8_t rs2, std::int32_t immediate) {
  return {.opcode = opcode, .rd = rd, .rs1 = rs1, .rs2 = rs2, .length = 2, .immediate = immediate};
}
constexpr Instruction make(Opcode opcode, std::uint8_t rd, std::uint8_t rs1, std::uint8_t rs2,
                           std::uint32_t immediate) {
  return make(opcode, rd, rs1, rs2, static_cast<std::int32_t>(immediate));
}
constexpr Instruction reserved() { return {.length = 2}; }

Instruction addi4spn(std::uint32_t bits) {
  const std::uint32_t immediate =
      field(bits, 7, 4) << 6 | field(bits, 11, 2) << 4 | field(bits, 5, 1) << 3 | field(bits, 6, 1) << 2;
  return immediate == 0 ? reserved() : make(addi, short_reg(bits, 2), 2, 0, immediate);
}

constexpr std::uint32_t offset_w(std::uint32_t bits) {
  return field(bits, 5, 1) << 6 | field(bits, 10, 3) << 3 | field(bits, 6, 1) << 2;
}
constexpr std::uint32_t offset_d(std::uint32_t bits) { return field(bits, 5, 2) << 6 | field(bits, 10, 3) << 3; }

template <Opcode opcode, std::uint32_t (*offset)(std::uint32_t)>
Instruction load(std::uint32_t bits) {
  return make(opcode, short_reg(bits, 2), short_reg(bits, 7), 0, offset(bits));
}
template <Opcode opcode, std::uint32_t (*offset)(std::uint32_t)>
Instruction store(std::uint32_t bits) {
  return make(opcode, 0, short_reg(bits, 7), short_reg(bits, 2), offset(bits));
}

Instruction c_addi(std::uint32_t bits) {
  return make(addi, reg(bits, 7), reg(bits, 7), 0, sign_extend(immediate6(bits), 6));
}
Instruction c_addiw(std::uint32_t bits) {
  const std::uint8_t rd = reg(bits, 7);
  return rd == 0 ? reserved() : make(addiw, rd, rd, 0, sign_extend(immediate6(bits), 6));
}
Instruction c_li(std::uint32_t bits) { return make(addi, reg(bits, 7), 0, 0, sign_extend(immediate6(bits), 6)); }

Instruction c_lui_or_addi16sp(std::uint32_t bits) {
  const std::uint8_t rd = reg(bits, 7);
  if (immediate6(bits) == 0) {
    return reserved();
  }
  if (rd != 2) {
    return make(lui, rd, 0, 0, sign_extend(immediate6(bits), 6) * 4096);
  }
  const std::uint32_t immediate = field(bits, 12, 1) << 9 | field(bits, 3, 2) << 7 | field(bits, 5, 1) << 6 |
                                  field(bits, 2, 1) << 5 | field(bits, 6, 1) << 4;
  return make(addi, 2, 2, 0, sign_extend(immediate, 10));
}

Instruction c_arithmetic(std::uint32_t bits) {
  const std::uint8_t rd = short_reg(bits, 7);
  switch (field(bits, 10, 2)) {
    case 0: return make(srli, rd, rd, 0, immediate6(bits));
    case 1: return make(srai, rd, rd, 0, immediate6(bits));
    case 2: return make(andi, rd, rd, 0, sign_extend(immediate6(bits), 6));
    default: break;
  }
  constexpr std::array<Opcode, 8> opcodes{sub, xor_, or_, and_, subw, addw, illegal, illegal};
  const Opcode opcode = opcodes.at(field(bits, 12, 1) << 2 | field(bits, 5, 2));
  return opcode == illegal ? reserved() : make(opcode, rd, rd, short_reg(bits, 2), 0);
}

Instruction c_j(std::uint32_t bits) {
  const std::uint32_t offset = field(bits, 12, 1) << 11 | field(bits, 8, 1) << 10 | field(bits, 9, 2) << 8 |
                               field(bits, 6, 1) << 7 | field(bits, 7, 1) << 6 | field(bits, 2, 1) << 5 |
                               field(bits, 11, 1) << 4 | field(bits, 3, 3) << 1;
  return make(jal, 0, 0, 0, sign_extend(offset, 12));
}

template <Opcode opcode>
Instruction c_branch(std::uint32_t bits) {
  const std::uint32_t offset = field(bits, 12, 1) << 8 | field(bits, 5, 2) << 6 | field(bits, 2, 1) << 5 |
                               field(bits, 10, 2) << 3 | field(bits, 3, 2) << 1;
  return make(opcode, 0, short_reg(bits, 7), 0, sign_extend(offset, 9));
}

Instruction c_slli(std::uint32_t bits) { return make(slli, reg(bits, 7), reg(bits, 7), 0, immediate6(bits)); }

constexpr std::uint32_t stack_offset_w(std::uint32_t bits) {
  return field(bits, 2, 2) << 6 | field(bits, 12, 1) << 5 | field(bits, 4, 3) << 2;
}
constexpr std::uint32_t stack_offset_d(std::uint32_t bits) {
  return field(bits, 2, 3) << 6 | field(bits, 12, 1) << 5 | field(bits, 5, 2) << 3;
}
template <Opcode opcode, std::uint32_t (*offset)(std::uint32_t), bool is_x0_reserved>
Instruction stack_load(std::uint32_t bits) {
  const std::uint8_t rd = reg(bits, 7);
  return is_x0_reserved && rd == 0 ? reserved() : make(opcode, rd, 2, 0, offset(bits));
}

Instruction c_jump_move_add(std::uint32_t bits) {
  const std::uint8_t rd = reg(bits, 7);
  const std::uint8_t rs2 = reg(bits, 2);
  const bool high = field(bits, 12, 1) != 0;
  if (rs2 != 0) {
    return high ? make(add, rd, rd, rs2, 0) : make(add, rd, 0, rs2, 0);
  }
  if (rd == 0) {
    return high ? make(ebreak, 0, 0, 0, 0) : reserved();
  }
  return make(jalr, high ? 1 : 0, rd, 0, 0);
}

Instruction c_fsdsp(std::uint32_t bits) {
  return make(fsd, 0, 2, reg(bits, 2), field(bits, 7, 3) << 6 | field(bits, 10, 3) << 3);
}
Instruction c_swsp(std::uint32_t bits) {
  return make(sw, 0, 2, reg(bits, 2), field(bits, 7, 2) << 6 | field(bits, 9, 4) << 2);
}
Instruction c_sdsp(std::uint32_t bits) {
  return make(sd, 0, 2, reg(bits, 2), field(bits, 7, 3) << 6 | field(bits, 10, 3) << 3);
}
Instruction none(std::uint32_t /*bits*/) { return reserved(); }

using Expander = Instruction (*)(std::uint32_t);
constexpr std::array<Expander, 24> expanders{
    addi4spn,
    load<fld, offset_d>,
    load<lw, offset_w>,
    load<ld, offset_d>,
    none,
    store<fsd, offset_d>,
    store<sw, offset_w>,
    store<sd, offset_d>,
    c_addi,
    c_addiw,
    c_li,
    c_lui_or_addi16sp,
    c_arithmetic,
    c_j,
    c_branch<beq>,
    c_branch<bne>,
    c_slli,
    stack_load<fld, stack_offset_d, false>,
    stack_load<lw, stack_offset_w, true>,
    stack_load<ld, stack_offset_d, true>,
    c_jump_move_add,
    c_fsdsp,
    c_swsp,
    c_sdsp,
};

}  // namespace

Instruction expand(std::uint16_t bits) {
  const unsigned quadrant = bits & 3U;
  return quadrant == 3 ? reserved() : expanders.at(quadrant << 3 | bits >> 13U)(bits);
}

}  // namespace fermata::riscv::decoding
