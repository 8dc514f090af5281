// SPDX-License-Identifier: MIT
#include "fermata/riscv/code_cache.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <new>
#include <vector>

namespace fermata::riscv {
namespace {

constexpr std::uint64_t begin = 0x8000'0000;

class Log final : public CodeUser {
 public:
  void code_appeared(CodePage& page) override { appeared.push_back(page.physical); }
  void code_dropped(const CodePage& page) override { dropped.push_back(page.physical); }
  void all_code_dropped() override { ++all_dropped; }
  std::vector<std::uint64_t> appeared;
  std::vector<std::uint64_t> dropped;
  int all_dropped = 0;
};

class CodeCacheTest : public ::testing::Test {
 protected:
  CodeCacheTest() {
    memory.map(begin, ram);
    code.emplace(memory, std::size_t{8192});
    code->add_user(log);
  }
  Block& add(std::uint64_t at, std::uint32_t bytes) {
    CodePage* const page = code->page_at(at & ~(CodePage::size - 1));
    Block* const block =
        new (code->allocate(4)) Block{.physical = at, .page = page, .next = nullptr, .count = 1, .bytes = bytes};
    code->keep(*block);
    return *block;
  }
  Block* find(std::uint64_t at) {
    const CodePage* const page = code->find_page(at & ~(CodePage::size - 1));
    return page == nullptr ? nullptr : page->find(at);
  }
  bus::Ram ram{"ram", 0x10000};
  bus::AddressSpace memory;
  std::optional<CodeCache> code;
  Log log;
};

TEST_F(CodeCacheTest, FindsWhatItKeeps) {
  Block& first = add(begin + 0x100, 8);
  Block& second = add(begin + 0x108, 8);
  EXPECT_EQ(find(begin + 0x100), &first);
  EXPECT_EQ(find(begin + 0x108), &second);
  EXPECT_EQ(find(begin + 0x104), nullptr);
  EXPECT_EQ(code->find_page(begin + 0x1000), nullptr);
  EXPECT_EQ(log.appeared, std::vector<std::uint64_t>{begin});
}

TEST_F(CodeCacheTest, HasNoPagesOutsideRam) {
  EXPECT_EQ(code->page_at(0), nullptr);
  EXPECT_EQ(code->page_at(begin + 0x10000), nullptr);
  EXPECT_NE(code->page_at(begin + 0xf000), nullptr);
}

TEST_F(CodeCacheTest, AWriteDropsThePageIfItHitsABlock) {
  struct Case {
    std::uint64_t at, size;
    bool drops;
  };
  for (const Case& c : {Case{0x100, 1, true}, Case{0x107, 1, true}, Case{0x108, 8, false}, Case{0xf8, 8, false},
                        Case{0xf9, 8, true}, Case{0, 0x1000, true}, Case{0x1100, 8, false}, Case{0x180, 8, false}}) {
    log.dropped.clear();
    add(begin + 0x100, 8);
    code->written(begin + c.at, c.size);
    EXPECT_EQ(!log.dropped.empty(), c.drops) << c.at;
    EXPECT_EQ(find(begin + 0x100) == nullptr, c.drops) << c.at;
    code->drop_all();
  }
}

TEST_F(CodeCacheTest, ABlockOverThreeLinesIsHitInEach) {
  for (const std::uint64_t at : {0x13cU, 0x150U, 0x180U, 0x1bbU}) {
    add(begin + 0x13c, 128);
    code->written(begin + at, 1);
    EXPECT_EQ(find(begin + 0x13c), nullptr) << at;
  }
}

TEST_F(CodeCacheTest, AWriteOverSeveralPagesDropsEach) {
  add(begin + 0xff0, 16);
  add(begin + 0x1000, 4);
  add(begin + 0x3000, 4);
  code->written(begin + 0xffc, 0x1008);
  EXPECT_EQ(log.dropped, (std::vector<std::uint64_t>{begin, begin + 0x1000}));
  EXPECT_NE(find(begin + 0x3000), nullptr);
}

TEST_F(CodeCacheTest, TheAddressSpacesOwnWritesCome) {
  add(begin + 0x100, 8);
  const std::byte bytes[4]{};
  ASSERT_TRUE(memory.copy_to(begin + 0x104, bytes));
  EXPECT_EQ(find(begin + 0x100), nullptr);
  add(begin + 0x100, 8);
  ASSERT_TRUE(memory.write(begin + 0x100, 1, 0));
  EXPECT_EQ(find(begin + 0x100), nullptr);
}

TEST_F(CodeCacheTest, SaysWhenItIsFullAndForgetsAll) {
  EXPECT_FALSE(code->is_full());
  for (std::uint64_t at = 0; at < 0x1000 && !code->is_full(); at += 4) {
    add(begin + at, 4);
  }
  EXPECT_TRUE(code->is_full());
  EXPECT_LE(code->memory_used(), 2U * 8192);
  code->drop_all();
  EXPECT_FALSE(code->is_full());
  EXPECT_EQ(code->memory_used(), 0U);
  EXPECT_EQ(log.all_dropped, 1);
  EXPECT_EQ(find(begin), nullptr);
}

}  // namespace
}  // namespace fermata::riscv
