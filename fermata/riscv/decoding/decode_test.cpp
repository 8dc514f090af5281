// SPDX-License-Identifier: MIT
//
// The encodings are those of GNU as (binutils 2.40).
#include "fermata/riscv/decoding/decode.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace fermata::riscv::decoding {
namespace {

using enum Opcode;

struct Row {
  const char* assembly;
  std::uint32_t bits;
  Opcode opcode;
  unsigned rd, rs1, rs2;
  std::int32_t immediate;
  unsigned rs3;
};

// clang-format off
constexpr Row rows[] = {
    {"lui x5,0x80000", 0x800002b7, lui, 5, 0, 0, -2147483647 - 1, 0},
    {"lui x31,0x7ffff", 0x7fffffb7, lui, 31, 0, 0, 2147479552, 0},
    {"auipc x6,0xfffff", 0xfffff317, auipc, 6, 0, 0, -4096, 0},
    {"jal x1,.-0x100000", 0x800000ef, jal, 1, 0, 0, -1048576, 0},
    {"jal x0,.+0xffffe", 0x7ffff06f, jal, 0, 0, 0, 1048574, 0},
    {"jalr x1,-2048(x31)", 0x800f80e7, jalr, 1, 31, 0, -2048, 0},
    {"beq x8,x9,.-4096", 0x80940063, beq, 0, 8, 9, -4096, 0},
    {"bne x8,x9,.+4094", 0x7e941fe3, bne, 0, 8, 9, 4094, 0},
    {"blt x8,x9,.-2", 0xfe944fe3, blt, 0, 8, 9, -2, 0},
    {"bge x8,x9,.+2", 0x00945163, bge, 0, 8, 9, 2, 0},
    {"bltu x8,x9,.+2048", 0x009460e3, bltu, 0, 8, 9, 2048, 0},
    {"bgeu x8,x9,.-2048", 0x809470e3, bgeu, 0, 8, 9, -2048, 0},
    {"lb x7,-2048(x8)", 0x80040383, lb, 7, 8, 0, -2048, 0},
    {"lh x7,-2048(x8)", 0x80041383, lh, 7, 8, 0, -2048, 0},
    {"lw x7,-2048(x8)", 0x80042383, lw, 7, 8, 0, -2048, 0},
    {"ld x7,-2048(x8)", 0x80043383, ld, 7, 8, 0, -2048, 0},
    {"lbu x7,-2048(x8)", 0x80044383, lbu, 7, 8, 0, -2048, 0},
    {"lhu x7,-2048(x8)", 0x80045383, lhu, 7, 8, 0, -2048, 0},
    {"lwu x7,-2048(x8)", 0x80046383, lwu, 7, 8, 0, -2048, 0},
    {"sb x31,-2048(x30)", 0x81ff0023, sb, 0, 30, 31, -2048, 0},
    {"sb x1,2047(x2)", 0x7e110fa3, sb, 0, 2, 1, 2047, 0},
    {"sh x31,-2048(x30)", 0x81ff1023, sh, 0, 30, 31, -2048, 0},
    {"sh x1,2047(x2)", 0x7e111fa3, sh, 0, 2, 1, 2047, 0},
    {"sw x31,-2048(x30)", 0x81ff2023, sw, 0, 30, 31, -2048, 0},
    {"sw x1,2047(x2)", 0x7e112fa3, sw, 0, 2, 1, 2047, 0},
    {"sd x31,-2048(x30)", 0x81ff3023, sd, 0, 30, 31, -2048, 0},
    {"sd x1,2047(x2)", 0x7e113fa3, sd, 0, 2, 1, 2047, 0},
    {"addi x5,x6,-1", 0xfff30293, addi, 5, 6, 0, -1, 0},
    {"slti x5,x6,-1", 0xfff32293, slti, 5, 6, 0, -1, 0},
    {"sltiu x5,x6,-1", 0xfff33293, sltiu, 5, 6, 0, -1, 0},
    {"xori x5,x6,-1", 0xfff34293, xori, 5, 6, 0, -1, 0},
    {"ori x5,x6,-1", 0xfff36293, ori, 5, 6, 0, -1, 0},
    {"andi x5,x6,-1", 0xfff37293, andi, 5, 6, 0, -1, 0},
    {"addiw x5,x6,-1", 0xfff3029b, addiw, 5, 6, 0, -1, 0},
    {"slli x5,x6,63", 0x03f31293, slli, 5, 6, 0, 63, 0},
    {"srli x5,x6,63", 0x03f35293, srli, 5, 6, 0, 63, 0},
    {"srai x5,x6,63", 0x43f35293, srai, 5, 6, 0, 63, 0},
    {"slliw x5,x6,31", 0x01f3129b, slliw, 5, 6, 0, 31, 0},
    {"srliw x5,x6,31", 0x01f3529b, srliw, 5, 6, 0, 31, 0},
    {"sraiw x5,x6,31", 0x41f3529b, sraiw, 5, 6, 0, 31, 0},
    {"add x29,x30,x31", 0x01ff0eb3, add, 29, 30, 31, 0, 0},
    {"sub x29,x30,x31", 0x41ff0eb3, sub, 29, 30, 31, 0, 0},
    {"sll x29,x30,x31", 0x01ff1eb3, sll, 29, 30, 31, 0, 0},
    {"slt x29,x30,x31", 0x01ff2eb3, slt, 29, 30, 31, 0, 0},
    {"sltu x29,x30,x31", 0x01ff3eb3, sltu, 29, 30, 31, 0, 0},
    {"xor x29,x30,x31", 0x01ff4eb3, xor_, 29, 30, 31, 0, 0},
    {"srl x29,x30,x31", 0x01ff5eb3, srl, 29, 30, 31, 0, 0},
    {"sra x29,x30,x31", 0x41ff5eb3, sra, 29, 30, 31, 0, 0},
    {"or x29,x30,x31", 0x01ff6eb3, or_, 29, 30, 31, 0, 0},
    {"and x29,x30,x31", 0x01ff7eb3, and_, 29, 30, 31, 0, 0},
    {"addw x29,x30,x31", 0x01ff0ebb, addw, 29, 30, 31, 0, 0},
    {"subw x29,x30,x31", 0x41ff0ebb, subw, 29, 30, 31, 0, 0},
    {"sllw x29,x30,x31", 0x01ff1ebb, sllw, 29, 30, 31, 0, 0},
    {"srlw x29,x30,x31", 0x01ff5ebb, srlw, 29, 30, 31, 0, 0},
    {"sraw x29,x30,x31", 0x41ff5ebb, sraw, 29, 30, 31, 0, 0},
    {"mul x29,x30,x31", 0x03ff0eb3, mul, 29, 30, 31, 0, 0},
    {"mulh x29,x30,x31", 0x03ff1eb3, mulh, 29, 30, 31, 0, 0},
    {"mulhsu x29,x30,x31", 0x03ff2eb3, mulhsu, 29, 30, 31, 0, 0},
    {"mulhu x29,x30,x31", 0x03ff3eb3, mulhu, 29, 30, 31, 0, 0},
    {"div x29,x30,x31", 0x03ff4eb3, div, 29, 30, 31, 0, 0},
    {"divu x29,x30,x31", 0x03ff5eb3, divu, 29, 30, 31, 0, 0},
    {"rem x29,x30,x31", 0x03ff6eb3, rem, 29, 30, 31, 0, 0},
    {"remu x29,x30,x31", 0x03ff7eb3, remu, 29, 30, 31, 0, 0},
    {"mulw x29,x30,x31", 0x03ff0ebb, mulw, 29, 30, 31, 0, 0},
    {"divw x29,x30,x31", 0x03ff4ebb, divw, 29, 30, 31, 0, 0},
    {"divuw x29,x30,x31", 0x03ff5ebb, divuw, 29, 30, 31, 0, 0},
    {"remw x29,x30,x31", 0x03ff6ebb, remw, 29, 30, 31, 0, 0},
    {"remuw x29,x30,x31", 0x03ff7ebb, remuw, 29, 30, 31, 0, 0},
    {"fence iorw,iorw", 0x0ff0000f, fence, 0, 0, 0, 0, 0},
    {"fence.i", 0x0000100f, fence_i, 0, 0, 0, 0, 0},
    {"ecall", 0x00000073, ecall, 0, 0, 0, 0, 0},
    {"ebreak", 0x00100073, ebreak, 0, 0, 0, 0, 0},
    {"mret", 0x30200073, mret, 0, 0, 0, 0, 0},
    {"sret", 0x10200073, sret, 0, 0, 0, 0, 0},
    {"wfi", 0x10500073, wfi, 0, 0, 0, 0, 0},
    {"sfence.vma x5,x6", 0x12628073, sfence_vma, 0, 5, 6, 0, 0},
    {"lr.w.aqrl x5,(x6)", 0x160322af, lr_w, 5, 6, 0, 0, 0},
    {"sc.w.aqrl x5,x7,(x6)", 0x1e7322af, sc_w, 5, 6, 7, 0, 0},
    {"amoswap.w x5,x7,(x6)", 0x087322af, amoswap_w, 5, 6, 7, 0, 0},
    {"amoadd.w x5,x7,(x6)", 0x007322af, amoadd_w, 5, 6, 7, 0, 0},
    {"amoxor.w x5,x7,(x6)", 0x207322af, amoxor_w, 5, 6, 7, 0, 0},
    {"amoand.w x5,x7,(x6)", 0x607322af, amoand_w, 5, 6, 7, 0, 0},
    {"amoor.w x5,x7,(x6)", 0x407322af, amoor_w, 5, 6, 7, 0, 0},
    {"amomin.w x5,x7,(x6)", 0x807322af, amomin_w, 5, 6, 7, 0, 0},
    {"amomax.w x5,x7,(x6)", 0xa07322af, amomax_w, 5, 6, 7, 0, 0},
    {"amominu.w x5,x7,(x6)", 0xc07322af, amominu_w, 5, 6, 7, 0, 0},
    {"amomaxu.w x5,x7,(x6)", 0xe07322af, amomaxu_w, 5, 6, 7, 0, 0},
    {"lr.d.aqrl x5,(x6)", 0x160332af, lr_d, 5, 6, 0, 0, 0},
    {"sc.d.aqrl x5,x7,(x6)", 0x1e7332af, sc_d, 5, 6, 7, 0, 0},
    {"amoswap.d x5,x7,(x6)", 0x087332af, amoswap_d, 5, 6, 7, 0, 0},
    {"amoadd.d x5,x7,(x6)", 0x007332af, amoadd_d, 5, 6, 7, 0, 0},
    {"amoxor.d x5,x7,(x6)", 0x207332af, amoxor_d, 5, 6, 7, 0, 0},
    {"amoand.d x5,x7,(x6)", 0x607332af, amoand_d, 5, 6, 7, 0, 0},
    {"amoor.d x5,x7,(x6)", 0x407332af, amoor_d, 5, 6, 7, 0, 0},
    {"amomin.d x5,x7,(x6)", 0x807332af, amomin_d, 5, 6, 7, 0, 0},
    {"amomax.d x5,x7,(x6)", 0xa07332af, amomax_d, 5, 6, 7, 0, 0},
    {"amominu.d x5,x7,(x6)", 0xc07332af, amominu_d, 5, 6, 7, 0, 0},
    {"amomaxu.d x5,x7,(x6)", 0xe07332af, amomaxu_d, 5, 6, 7, 0, 0},
    {"csrrw x5,0xfff,x6", 0xfff312f3, csrrw, 5, 6, 0, 4095, 0},
    {"csrrs x5,0xfff,x6", 0xfff322f3, csrrs, 5, 6, 0, 4095, 0},
    {"csrrc x5,0xfff,x6", 0xfff332f3, csrrc, 5, 6, 0, 4095, 0},
    {"csrrwi x5,0x341,31", 0x341fd2f3, csrrwi, 5, 31, 0, 833, 0},
    {"csrrsi x5,0x341,31", 0x341fe2f3, csrrsi, 5, 31, 0, 833, 0},
    {"csrrci x5,0x341,31", 0x341ff2f3, csrrci, 5, 31, 0, 833, 0},
    {"flw f5,-4(x6)", 0xffc32287, flw, 5, 6, 0, -4, 0},
    {"fsw f5,-4(x6)", 0xfe532e27, fsw, 0, 6, 5, -4, 0},
    {"fmadd.s f1,f2,f3,f4,rtz", 0x203110c3, fmadd_s, 1, 2, 3, 0, 4},
    {"fmsub.s f1,f2,f3,f4,rtz", 0x203110c7, fmsub_s, 1, 2, 3, 0, 4},
    {"fnmsub.s f1,f2,f3,f4,rtz", 0x203110cb, fnmsub_s, 1, 2, 3, 0, 4},
    {"fnmadd.s f1,f2,f3,f4,rtz", 0x203110cf, fnmadd_s, 1, 2, 3, 0, 4},
    {"fadd.s f1,f2,f3,rup", 0x003130d3, fadd_s, 1, 2, 3, 0, 0},
    {"fsub.s f1,f2,f3,rup", 0x083130d3, fsub_s, 1, 2, 3, 0, 0},
    {"fmul.s f1,f2,f3,rup", 0x103130d3, fmul_s, 1, 2, 3, 0, 0},
    {"fdiv.s f1,f2,f3,rup", 0x183130d3, fdiv_s, 1, 2, 3, 0, 0},
    {"fsqrt.s f1,f2,dyn", 0x580170d3, fsqrt_s, 1, 2, 0, 0, 0},
    {"fsgnj.s f1,f2,f3", 0x203100d3, fsgnj_s, 1, 2, 3, 0, 0},
    {"fsgnjn.s f1,f2,f3", 0x203110d3, fsgnjn_s, 1, 2, 3, 0, 0},
    {"fsgnjx.s f1,f2,f3", 0x203120d3, fsgnjx_s, 1, 2, 3, 0, 0},
    {"fmin.s f1,f2,f3", 0x283100d3, fmin_s, 1, 2, 3, 0, 0},
    {"fmax.s f1,f2,f3", 0x283110d3, fmax_s, 1, 2, 3, 0, 0},
    {"feq.s x1,f2,f3", 0xa03120d3, feq_s, 1, 2, 3, 0, 0},
    {"flt.s x1,f2,f3", 0xa03110d3, flt_s, 1, 2, 3, 0, 0},
    {"fle.s x1,f2,f3", 0xa03100d3, fle_s, 1, 2, 3, 0, 0},
    {"fclass.s x1,f2", 0xe00110d3, fclass_s, 1, 2, 0, 0, 0},
    {"fcvt.w.s x1,f2,rmm", 0xc00140d3, fcvt_w_s, 1, 2, 0, 0, 0},
    {"fcvt.s.w f1,x2,rdn", 0xd00120d3, fcvt_s_w, 1, 2, 0, 0, 0},
    {"fcvt.wu.s x1,f2,rmm", 0xc01140d3, fcvt_wu_s, 1, 2, 1, 0, 0},
    {"fcvt.s.wu f1,x2,rdn", 0xd01120d3, fcvt_s_wu, 1, 2, 1, 0, 0},
    {"fcvt.l.s x1,f2,rmm", 0xc02140d3, fcvt_l_s, 1, 2, 2, 0, 0},
    {"fcvt.s.l f1,x2,rdn", 0xd02120d3, fcvt_s_l, 1, 2, 2, 0, 0},
    {"fcvt.lu.s x1,f2,rmm", 0xc03140d3, fcvt_lu_s, 1, 2, 3, 0, 0},
    {"fcvt.s.lu f1,x2,rdn", 0xd03120d3, fcvt_s_lu, 1, 2, 3, 0, 0},
    {"fld f5,-4(x6)", 0xffc33287, fld, 5, 6, 0, -4, 0},
    {"fsd f5,-4(x6)", 0xfe533e27, fsd, 0, 6, 5, -4, 0},
    {"fmadd.d f1,f2,f3,f4,rtz", 0x223110c3, fmadd_d, 1, 2, 3, 0, 4},
    {"fmsub.d f1,f2,f3,f4,rtz", 0x223110c7, fmsub_d, 1, 2, 3, 0, 4},
    {"fnmsub.d f1,f2,f3,f4,rtz", 0x223110cb, fnmsub_d, 1, 2, 3, 0, 4},
    {"fnmadd.d f1,f2,f3,f4,rtz", 0x223110cf, fnmadd_d, 1, 2, 3, 0, 4},
    {"fadd.d f1,f2,f3,rup", 0x023130d3, fadd_d, 1, 2, 3, 0, 0},
    {"fsub.d f1,f2,f3,rup", 0x0a3130d3, fsub_d, 1, 2, 3, 0, 0},
    {"fmul.d f1,f2,f3,rup", 0x123130d3, fmul_d, 1, 2, 3, 0, 0},
    {"fdiv.d f1,f2,f3,rup", 0x1a3130d3, fdiv_d, 1, 2, 3, 0, 0},
    {"fsqrt.d f1,f2,dyn", 0x5a0170d3, fsqrt_d, 1, 2, 0, 0, 0},
    {"fsgnj.d f1,f2,f3", 0x223100d3, fsgnj_d, 1, 2, 3, 0, 0},
    {"fsgnjn.d f1,f2,f3", 0x223110d3, fsgnjn_d, 1, 2, 3, 0, 0},
    {"fsgnjx.d f1,f2,f3", 0x223120d3, fsgnjx_d, 1, 2, 3, 0, 0},
    {"fmin.d f1,f2,f3", 0x2a3100d3, fmin_d, 1, 2, 3, 0, 0},
    {"fmax.d f1,f2,f3", 0x2a3110d3, fmax_d, 1, 2, 3, 0, 0},
    {"feq.d x1,f2,f3", 0xa23120d3, feq_d, 1, 2, 3, 0, 0},
    {"flt.d x1,f2,f3", 0xa23110d3, flt_d, 1, 2, 3, 0, 0},
    {"fle.d x1,f2,f3", 0xa23100d3, fle_d, 1, 2, 3, 0, 0},
    {"fclass.d x1,f2", 0xe20110d3, fclass_d, 1, 2, 0, 0, 0},
    {"fcvt.w.d x1,f2,rmm", 0xc20140d3, fcvt_w_d, 1, 2, 0, 0, 0},
    {"fcvt.d.w f1,x2", 0xd20100d3, fcvt_d_w, 1, 2, 0, 0, 0},
    {"fcvt.wu.d x1,f2,rmm", 0xc21140d3, fcvt_wu_d, 1, 2, 1, 0, 0},
    {"fcvt.d.wu f1,x2", 0xd21100d3, fcvt_d_wu, 1, 2, 1, 0, 0},
    {"fcvt.l.d x1,f2,rmm", 0xc22140d3, fcvt_l_d, 1, 2, 2, 0, 0},
    {"fcvt.d.l f1,x2,rdn", 0xd22120d3, fcvt_d_l, 1, 2, 2, 0, 0},
    {"fcvt.lu.d x1,f2,rmm", 0xc23140d3, fcvt_lu_d, 1, 2, 3, 0, 0},
    {"fcvt.d.lu f1,x2,rdn", 0xd23120d3, fcvt_d_lu, 1, 2, 3, 0, 0},
    {"fmv.x.w x1,f2", 0xe00100d3, fmv_x_w, 1, 2, 0, 0, 0},
    {"fmv.w.x f1,x2", 0xf00100d3, fmv_w_x, 1, 2, 0, 0, 0},
    {"fmv.x.d x1,f2", 0xe20100d3, fmv_x_d, 1, 2, 0, 0, 0},
    {"fmv.d.x f1,x2", 0xf20100d3, fmv_d_x, 1, 2, 0, 0, 0},
    {"fcvt.s.d f1,f2,rne", 0x401100d3, fcvt_s_d, 1, 2, 1, 0, 0},
    {"fcvt.d.s f1,f2", 0x420100d3, fcvt_d_s, 1, 2, 0, 0, 0},};
// clang-format on

TEST(Decode, EveryInstruction) {
  for (const Row& row : rows) {
    const Instruction found = decode(row.bits);
    EXPECT_EQ(found.opcode, row.opcode) << row.assembly;
    EXPECT_EQ(found.rd, row.rd) << row.assembly;
    EXPECT_EQ(found.rs1, row.rs1) << row.assembly;
    EXPECT_EQ(found.rs2, row.rs2) << row.assembly;
    EXPECT_EQ(found.rs3, row.rs3) << row.assembly;
    EXPECT_EQ(found.immediate, row.immediate) << row.assembly;
    EXPECT_EQ(found.length, 4) << row.assembly;
  }
}

TEST(Decode, RoundingModes) {
  EXPECT_EQ(decode(0x0031'70d3).rounding, 7);  // fadd.s f1, f2, f3, dyn
  EXPECT_EQ(decode(0x0031'50d3).opcode, fadd_s);
  EXPECT_EQ(decode(0x0031'50d3).rounding, 5);  // reserved, found when it is executed
}

TEST(Decode, WhatIsReservedOrNotThereIsIllegal) {
  for (const std::uint32_t bits : {
           0xffff'ffffU,
           0x0000'000bU,
           0x0000'005bU,
           0x0000'7003U,  // no such load
           0x0000'4023U,  // no such store
           0x0000'2063U,
           0x0000'3063U,  // no such branches
           0x0000'1067U,  // jalr with a funct3
           0x0400'1013U,
           0x4000'1013U,  // slli with bits set above the amount
           0x0200'101bU,
           0x0200'501bU,  // word shifts by more than 31
           0x0400'0033U,
           0x4000'1033U,                        // no such funct7
           0x0000'202fU | 2U << 27 | 1U << 20,  // lr with an rs2
           0x0000'102fU,
           0x0000'402fU,  // amo of 2 and of 16 bytes
           0x0000'4073U,
           0x0020'0073U,
           0x7020'0073U,  // uret and others
           0x0400'0043U,
           0x0600'0043U,             // fmadd of formats H and Q
           0x5800'0053U | 1U << 20,  // fsqrt with an rs2
           0xc040'0053U,
           0x0400'0053U,  // no such conversion, H
           0x2000'3053U,
           0xa000'3053U,
           0xe000'2053U,  // no such sgnj, compare, class
           0x0000'6007U,
           0x0000'1007U,             // vector and H loads
           0x0000'200fU,             // no such fence
           0x2000'0033U | 4U << 12,  // Zbb's
       }) {
    EXPECT_EQ(decode(bits).opcode, illegal) << std::hex << bits;
    EXPECT_EQ(decode(bits).length, 4) << std::hex << bits;
  }
}

TEST(Decode, LengthsOfInstructions) {
  EXPECT_EQ(length_of(0x0000), 2U);
  EXPECT_EQ(length_of(0x0001), 2U);
  EXPECT_EQ(length_of(0x0002), 2U);
  EXPECT_EQ(length_of(0x0003), 4U);
  EXPECT_EQ(length_of(0x001f), 4U);
}

}  // namespace
}  // namespace fermata::riscv::decoding
