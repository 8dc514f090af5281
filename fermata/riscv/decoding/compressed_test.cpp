// SPDX-License-Identifier: MIT
//
// The encodings are those of GNU as (binutils 2.40).
#include "fermata/riscv/decoding/compressed.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>

namespace fermata::riscv::decoding {
namespace {

using enum Opcode;

struct Row {
  const char* assembly;
  std::uint16_t bits;
  Opcode opcode;
  std::uint8_t rd, rs1, rs2;
  std::int32_t immediate;
};

// clang-format off
constexpr Row rows[] = {
    {"c.addi4spn x8,sp,4", 0x0040, addi, 8, 2, 0, 4},
    {"c.addi4spn x15,sp,1020", 0x1ffc, addi, 15, 2, 0, 1020},
    {"c.addi4spn x9,sp,680", 0x1524, addi, 9, 2, 0, 680},
    {"c.fld f8,248(x15)", 0x3fe0, fld, 8, 15, 0, 248},
    {"c.lw x9,124(x8)", 0x5c64, lw, 9, 8, 0, 124},
    {"c.lw x9,64(x8)", 0x4024, lw, 9, 8, 0, 64},
    {"c.lw x9,4(x8)", 0x4044, lw, 9, 8, 0, 4},
    {"c.ld x10,248(x11)", 0x7de8, ld, 10, 11, 0, 248},
    {"c.ld x10,192(x11)", 0x61e8, ld, 10, 11, 0, 192},
    {"c.fsd f8,8(x15)", 0xa780, fsd, 0, 15, 8, 8},
    {"c.sw x9,68(x8)", 0xc064, sw, 0, 8, 9, 68},
    {"c.sd x10,136(x11)", 0xe5c8, sd, 0, 11, 10, 136},
    {"c.nop", 0x0001, addi, 0, 0, 0, 0},
    {"c.addi x5,-32", 0x1281, addi, 5, 5, 0, -32},
    {"c.addi x5,31", 0x02fd, addi, 5, 5, 0, 31},
    {"c.addiw x6,-1", 0x337d, addiw, 6, 6, 0, -1},
    {"c.addiw x6,0", 0x2301, addiw, 6, 6, 0, 0},
    {"c.li x7,-32", 0x5381, addi, 7, 0, 0, -32},
    {"c.addi16sp sp,-512", 0x7101, addi, 2, 2, 0, -512},
    {"c.addi16sp sp,496", 0x617d, addi, 2, 2, 0, 496},
    {"c.addi16sp sp,16", 0x6141, addi, 2, 2, 0, 16},
    {"c.addi16sp sp,64", 0x6121, addi, 2, 2, 0, 64},
    {"c.addi16sp sp,128", 0x6109, addi, 2, 2, 0, 128},
    {"c.addi16sp sp,32", 0x6105, addi, 2, 2, 0, 32},
    {"c.lui x5,0xfffe0", 0x7281, lui, 5, 0, 0, -131072},
    {"c.lui x5,31", 0x62fd, lui, 5, 0, 0, 126976},
    {"c.lui x31,1", 0x6f85, lui, 31, 0, 0, 4096},
    {"c.srli x8,63", 0x907d, srli, 8, 8, 0, 63},
    {"c.srai x15,32", 0x9781, srai, 15, 15, 0, 32},
    {"c.andi x9,-32", 0x9881, andi, 9, 9, 0, -32},
    {"c.andi x9,31", 0x88fd, andi, 9, 9, 0, 31},
    {"c.sub x8,x15", 0x8c1d, sub, 8, 8, 15, 0},
    {"c.xor x8,x15", 0x8c3d, xor_, 8, 8, 15, 0},
    {"c.or x8,x15", 0x8c5d, or_, 8, 8, 15, 0},
    {"c.and x8,x15", 0x8c7d, and_, 8, 8, 15, 0},
    {"c.subw x8,x15", 0x9c1d, subw, 8, 8, 15, 0},
    {"c.addw x8,x15", 0x9c3d, addw, 8, 8, 15, 0},
    {"c.j .-2048", 0xb001, jal, 0, 0, 0, -2048},
    {"c.j .+2046", 0xaffd, jal, 0, 0, 0, 2046},
    {"c.j .+2", 0xa009, jal, 0, 0, 0, 2},
    {"c.j .+4", 0xa011, jal, 0, 0, 0, 4},
    {"c.j .+8", 0xa021, jal, 0, 0, 0, 8},
    {"c.j .+16", 0xa801, jal, 0, 0, 0, 16},
    {"c.j .+32", 0xa005, jal, 0, 0, 0, 32},
    {"c.j .+64", 0xa081, jal, 0, 0, 0, 64},
    {"c.j .+128", 0xa041, jal, 0, 0, 0, 128},
    {"c.j .+256", 0xa201, jal, 0, 0, 0, 256},
    {"c.j .+512", 0xa401, jal, 0, 0, 0, 512},
    {"c.j .+1024", 0xa101, jal, 0, 0, 0, 1024},
    {"c.j .-2", 0xbffd, jal, 0, 0, 0, -2},
    {"c.beqz x9,.-256", 0xd081, beq, 0, 9, 0, -256},
    {"c.bnez x9,.+254", 0xecfd, bne, 0, 9, 0, 254},
    {"c.beqz x9,.+2", 0xc089, beq, 0, 9, 0, 2},
    {"c.beqz x9,.+4", 0xc091, beq, 0, 9, 0, 4},
    {"c.bnez x9,.+8", 0xe481, bne, 0, 9, 0, 8},
    {"c.beqz x9,.+16", 0xc881, beq, 0, 9, 0, 16},
    {"c.bnez x9,.+32", 0xe085, bne, 0, 9, 0, 32},
    {"c.beqz x9,.+64", 0xc0a1, beq, 0, 9, 0, 64},
    {"c.bnez x9,.+128", 0xe0c1, bne, 0, 9, 0, 128},
    {"c.slli x31,63", 0x1ffe, slli, 31, 31, 0, 63},
    {"c.slli x31,1", 0x0f86, slli, 31, 31, 0, 1},
    {"c.fldsp f31,504(sp)", 0x3ffe, fld, 31, 2, 0, 504},
    {"c.fldsp f1,64(sp)", 0x2086, fld, 1, 2, 0, 64},
    {"c.lwsp x5,252(sp)", 0x52fe, lw, 5, 2, 0, 252},
    {"c.lwsp x5,64(sp)", 0x4286, lw, 5, 2, 0, 64},
    {"c.lwsp x5,32(sp)", 0x5282, lw, 5, 2, 0, 32},
    {"c.ldsp x5,504(sp)", 0x72fe, ld, 5, 2, 0, 504},
    {"c.ldsp x5,8(sp)", 0x62a2, ld, 5, 2, 0, 8},
    {"c.ldsp x5,64(sp)", 0x6286, ld, 5, 2, 0, 64},
    {"c.jr x1", 0x8082, jalr, 0, 1, 0, 0},
    {"c.mv x5,x6", 0x829a, add, 5, 0, 6, 0},
    {"c.ebreak", 0x9002, ebreak, 0, 0, 0, 0},
    {"c.jalr x5", 0x9282, jalr, 1, 5, 0, 0},
    {"c.add x5,x6", 0x929a, add, 5, 5, 6, 0},
    {"c.fsdsp f31,504(sp)", 0xbffe, fsd, 0, 2, 31, 504},
    {"c.fsdsp f31,64(sp)", 0xa0fe, fsd, 0, 2, 31, 64},
    {"c.swsp x31,252(sp)", 0xdffe, sw, 0, 2, 31, 252},
    {"c.swsp x31,64(sp)", 0xc0fe, sw, 0, 2, 31, 64},
    {"c.sdsp x31,504(sp)", 0xfffe, sd, 0, 2, 31, 504},
    {"c.sdsp x31,8(sp)", 0xe47e, sd, 0, 2, 31, 8},};
// clang-format on

TEST(Compressed, ExpandsEveryInstruction) {
  for (const Row& row : rows) {
    const Instruction expected{
        .opcode = row.opcode, .rd = row.rd, .rs1 = row.rs1, .rs2 = row.rs2, .length = 2, .immediate = row.immediate};
    const Instruction found = expand(row.bits);
    EXPECT_TRUE(found == expected) << row.assembly << ": " << static_cast<int>(found.opcode) << " rd " << int{found.rd}
                                   << " rs1 " << int{found.rs1} << " rs2 " << int{found.rs2} << " immediate "
                                   << found.immediate;
  }
}

TEST(Compressed, ReservedEncodingsAreIllegal) {
  for (const int bits : {
           0x0000,          // all zero
           0x001c,          // c.addi4spn with an immediate of 0
           0x8000, 0x9ffc,  // quadrant 0, funct3 4
           0x2001,          // c.addiw of x0
           0x6081, 0x6101,  // c.lui and c.addi16sp with an immediate of 0
           0x9c41, 0x9c61,  // c.subw and c.addw's neighbours
           0x4002, 0x6002,  // c.lwsp and c.ldsp into x0
           0x8002,          // c.jr x0
       }) {
    EXPECT_EQ(expand(static_cast<std::uint16_t>(bits)).opcode, illegal) << std::hex << bits;
    EXPECT_EQ(expand(static_cast<std::uint16_t>(bits)).length, 2);
  }
}

TEST(Compressed, HintsAreWhatTheyExpandTo) {
  EXPECT_EQ(expand(0x0005).opcode, addi);  // c.addi x0, 1
  EXPECT_EQ(expand(0x4005).opcode, addi);  // c.li x0, 1
  EXPECT_EQ(expand(0x6005).opcode, lui);   // c.lui x0, 1
  EXPECT_EQ(expand(0x0002).opcode, slli);  // c.slli x0, 0
  EXPECT_EQ(expand(0x8006).opcode, add);   // c.mv x0, x1
  EXPECT_EQ(expand(0x9006).opcode, add);   // c.add x0, x1
  EXPECT_EQ(expand(0x2002).opcode, fld);   // c.fldsp f0: no hint, f0 is a register
}

TEST(Compressed, CountsOfAllEncodings) {
  std::map<Opcode, int> counts;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 3) != 3) {
      ++counts[expand(static_cast<std::uint16_t>(bits)).opcode];
    }
  }
  // Each from the number of operand bits, less what is reserved.
  EXPECT_EQ(counts[beq], 2048);
  EXPECT_EQ(counts[jal], 2048);
  EXPECT_EQ(counts[jalr], 31 + 31);
  EXPECT_EQ(counts[ebreak], 1);
  EXPECT_EQ(counts[addiw], 31 * 64);
  EXPECT_EQ(counts[lui], 31 * 63);
  EXPECT_EQ(counts[addi], 255 * 8 + 2048 + 2048 + 63);
  EXPECT_EQ(counts[lw], 2048 + 31 * 64);
  EXPECT_EQ(counts[ld], 2048 + 31 * 64);
  EXPECT_EQ(counts[fld], 2048 + 2048);
  EXPECT_EQ(counts[add], 31 * 32 * 2);
  EXPECT_EQ(counts[slli], 2048);
  EXPECT_EQ(counts[andi], 512);
  EXPECT_EQ(counts[subw] + counts[addw] + counts[sub] + counts[xor_] + counts[or_] + counts[and_], 6 * 64);
  // Quadrant 0 funct3 4, 8 of addi4spn, x0 of addiw, immediates 0 of lui, 2 of 8 register operations, x0 of the two
  // loads from the stack, jr x0.
  EXPECT_EQ(counts[illegal], 2048 + 8 + 64 + 32 + 128 + 64 + 64 + 1);
}

}  // namespace
}  // namespace fermata::riscv::decoding
