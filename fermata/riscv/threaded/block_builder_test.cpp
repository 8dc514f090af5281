// SPDX-License-Identifier: MIT
#include "fermata/riscv/threaded/block_builder.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <new>
#include <vector>

#include "fermata/riscv/decoding/decode.hpp"
#include "fermata/riscv/testing/assembler.hpp"
#include "fermata/riscv/threaded/handlers.hpp"

namespace fermata::riscv::threaded {
namespace {

using namespace testing;

TEST(BlockBuilder, EndsWithWhatMayGoElsewhere) {
  for (const Bits bits : {jal(0, 0), jalr(0, a0, 0), beq(a0, a1, 8), ecall, ebreak, mret, sret, wfi, sfence_vma,
                          csrrw(0, 0x340, a0), csrrs(a0, 0x340, 0), Bits{0}}) {
    BlockBuilder builder(0);
    EXPECT_TRUE(builder.add(decoding::decode(nop())));
    EXPECT_FALSE(builder.add(decoding::decode(bits))) << bits;
    EXPECT_EQ(builder.count(), 2U);
  }
}

TEST(BlockBuilder, GoesOnAfterTheRest) {
  for (const Bits bits :
       {nop(), ld(a0, a1, 0), sd(a0, a1, 0), fence, fence_i, amo(0, true, a0, a1, a2), flw(0, a0, 0)}) {
    BlockBuilder builder(0);
    EXPECT_TRUE(builder.add(decoding::decode(bits))) << bits;
  }
}

TEST(BlockBuilder, PutsTwoInOneWhereTheyFit) {
  struct Case {
    Bits first, second;
    bool is_fused;
  };
  for (const Case& c :
       {Case{lui(a0, 0x1000), addi(a0, a0, 1), true}, Case{lui(a0, 0x1000), addi(a1, a0, 1), false},
        Case{auipc(a0, 0x1000), addi(a0, a0, -1), true}, Case{auipc(a0, 0x7fff'f000), addi(a0, a0, 2047), true},
        Case{lui(a0, 0x8000'0000), addi(a0, a0, -1), false},  // does not fit
        Case{addi(a0, a0, 1), bne(a0, a1, -4), true}, Case{addi(a0, a1, 1), bne(a1, a0, -4), false},
        Case{i_type(32, a1, 1, a0, 0x13), i_type(32, a0, 5, a0, 0x13), true},
        Case{i_type(3, a1, 1, a0, 0x13), add(a0, a2, a0), true},
        Case{i_type(3, a1, 1, a0, 0x13), add(a0, a0, a0), false}}) {
    BlockBuilder builder(0);
    (void)builder.add(decoding::decode(c.first));
    (void)builder.add(decoding::decode(c.second));
    builder.finish();
    EXPECT_EQ(builder.count(), 2U);
    EXPECT_EQ(builder.bytes(), 8U);
    const bool is_branch = (c.second & 0x7f) == 0x63;  // which needs no Op to go on
    EXPECT_EQ(builder.slots(), (is_branch ? 3U : 4U) - (c.is_fused ? 1U : 0U))
        << std::hex << c.first << " " << c.second;
  }
}

TEST(BlockBuilder, IsAtMostSoLong) {
  BlockBuilder builder(0);
  unsigned count = 1;
  while (builder.add(decoding::decode(nop()))) {
    ++count;
  }
  EXPECT_EQ(count, BlockBuilder::max_instructions);
  EXPECT_EQ(builder.bytes(), 4 * count);
  builder.finish();
  EXPECT_EQ(builder.slots(), BlockBuilder::max_slots);
}

TEST(BlockBuilder, PutsOpsAndEmptyLinksBehindTheBlock) {
  BlockBuilder builder(0x10);
  (void)builder.add(decoding::decode(addi(a0, a1, 5)));
  (void)builder.add(decoding::decode(beq(a2, a1, -4)));
  builder.finish();
  ASSERT_EQ(builder.slots(), 3U);
  alignas(Block) std::byte memory[sizeof(Block) + 3 * sizeof(Op)];
  Block* const block = new (memory) Block{};
  builder.put_behind(*block);
  const Op* const ops = block->ops();
  EXPECT_EQ(ops[0].rd, a0);
  EXPECT_EQ(ops[0].rs1, a1);
  EXPECT_EQ(ops[0].immediate, 5);
  EXPECT_EQ(ops[0].count(), 1U);
  EXPECT_EQ(ops[0].bytes(), 4U);
  EXPECT_EQ(ops[1].immediate, 0x10);  // the target's offset in the page
  const Links& links = *reinterpret_cast<const Links*>(ops + 2);
  EXPECT_EQ(links.taken, nullptr);
  EXPECT_EQ(links.not_taken, nullptr);
}

TEST(BlockBuilder, WritesOfX0GoNowhere) {
  BlockBuilder builder(0);
  (void)builder.add(decoding::decode(ld(0, a1, 0)));
  (void)builder.add(decoding::decode(flw(0, a1, 0)));
  builder.finish();
  alignas(Block) std::byte memory[sizeof(Block) + 4 * sizeof(Op)];
  Block* const block = new (memory) Block{};
  builder.put_behind(*block);
  EXPECT_EQ(block->ops()[0].rd, 32);
  EXPECT_EQ(block->ops()[1].rd, 0);  // f0 is a register like any other
}

}  // namespace
}  // namespace fermata::riscv::threaded
