// SPDX-License-Identifier: MIT
#include "fermata/riscv/translation/pmp.hpp"

#include <gtest/gtest.h>

#include <random>

#include "fermata/base/error.hpp"

namespace fermata::riscv::translation {
namespace {

constexpr std::uint64_t r = 1;
constexpr std::uint64_t w = 2;
constexpr std::uint64_t x = 4;
constexpr std::uint64_t tor = 1 << 3;
constexpr std::uint64_t na4 = 2 << 3;
constexpr std::uint64_t napot = 3 << 3;
constexpr std::uint64_t locked = 1 << 7;

constexpr bool machine = true;
constexpr bool supervisor = false;

/// pmpaddr for a naturally aligned power of two, at least 8 bytes.
constexpr std::uint64_t napot_address(std::uint64_t base, std::uint64_t size) { return (base | (size / 2 - 1)) >> 2; }

/// Sets one entry's byte and leaves the others.
void configure(Pmp& pmp, unsigned entry, std::uint64_t config) {
  const unsigned index = entry / 8 * 2;
  const unsigned shift = entry % 8 * 8;
  pmp.set_config(index, (pmp.config(index) & ~(std::uint64_t{0xff} << shift)) | config << shift);
}

bool may_load(const Pmp& pmp, std::uint64_t at, std::uint64_t size = 4, bool is_machine = supervisor) {
  return pmp.permits(at, size, AccessKind::load, is_machine);
}

TEST(Pmp, WithoutMatchOnlyMachineModeMay) {
  const Pmp pmp;
  EXPECT_TRUE(may_load(pmp, 0x8000'0000, 8, machine));
  EXPECT_FALSE(may_load(pmp, 0x8000'0000, 8, supervisor));
  const Pmp none(0);
  EXPECT_TRUE(may_load(none, 0x8000'0000, 8, machine));
  EXPECT_TRUE(may_load(none, 0x8000'0000, 8, supervisor));
}

TEST(Pmp, NapotHasItsRangeAndRights) {
  Pmp pmp;
  pmp.set_address(0, napot_address(0x8000'0000, 0x1000));
  configure(pmp, 0, napot | r | x);
  EXPECT_TRUE(may_load(pmp, 0x8000'0000));
  EXPECT_TRUE(may_load(pmp, 0x8000'0ffc));
  EXPECT_FALSE(may_load(pmp, 0x7fff'fffc));
  EXPECT_FALSE(may_load(pmp, 0x8000'1000));
  EXPECT_TRUE(pmp.permits(0x8000'0000, 4, AccessKind::fetch, supervisor));
  EXPECT_FALSE(pmp.permits(0x8000'0000, 4, AccessKind::store, supervisor));
  EXPECT_TRUE(pmp.permits(0x8000'0000, 4, AccessKind::store, machine));
}

TEST(Pmp, NapotRangesFromEightBytesToEverything) {
  Pmp pmp;
  pmp.set_address(0, 0x2000'0000);  // no trailing one: 8 bytes
  configure(pmp, 0, napot | r);
  EXPECT_TRUE(may_load(pmp, 0x8000'0004));
  EXPECT_FALSE(may_load(pmp, 0x8000'0008));
  pmp.set_address(0, ~std::uint64_t{0});
  EXPECT_TRUE(may_load(pmp, 0));
  EXPECT_TRUE(may_load(pmp, 0x00ff'ffff'ffff'fff8, 8));
}

TEST(Pmp, Na4IsFourBytes) {
  Pmp pmp;
  pmp.set_address(2, 0x8000'0010 >> 2);
  configure(pmp, 2, na4 | r);
  EXPECT_TRUE(may_load(pmp, 0x8000'0010));
  EXPECT_TRUE(may_load(pmp, 0x8000'0013, 1));
  EXPECT_FALSE(may_load(pmp, 0x8000'0014, 1));
  EXPECT_FALSE(may_load(pmp, 0x8000'000f, 1));
}

TEST(Pmp, TorBeginsAtTheAddressBefore) {
  Pmp pmp;
  pmp.set_address(0, 0x1000 >> 2);
  configure(pmp, 0, tor | r);
  EXPECT_TRUE(may_load(pmp, 0));
  EXPECT_TRUE(may_load(pmp, 0xffc));
  EXPECT_FALSE(may_load(pmp, 0x1000));
  pmp.set_address(1, 0x3000 >> 2);
  configure(pmp, 1, tor | r | w);
  EXPECT_TRUE(pmp.permits(0x1000, 4, AccessKind::store, supervisor));
  EXPECT_FALSE(pmp.permits(0xffc, 4, AccessKind::store, supervisor));
  configure(pmp, 0, 0);  // off, its address still counts
  EXPECT_FALSE(may_load(pmp, 0xffc));
  EXPECT_TRUE(may_load(pmp, 0x1000));
}

TEST(Pmp, AnEmptyTorRangeMatchesNothing) {
  Pmp pmp;
  pmp.set_address(0, 0x2000 >> 2);
  pmp.set_address(1, 0x1000 >> 2);
  configure(pmp, 1, tor | r);
  EXPECT_FALSE(may_load(pmp, 0x1800));
  EXPECT_FALSE(may_load(pmp, 0));
  pmp.set_address(1, 0x2000 >> 2);
  EXPECT_FALSE(may_load(pmp, 0x1ffc));
  pmp.set_address(0, 0);
  pmp.set_config(0, tor | r);  // entry 1 is off now
  EXPECT_FALSE(may_load(pmp, 0, 1));
}

TEST(Pmp, TheLowestEntryThatMatchesDecides) {
  Pmp pmp;
  pmp.set_address(0, napot_address(0x8000'0000, 0x100));
  pmp.set_address(1, napot_address(0x8000'0000, 0x10000));
  pmp.set_config(0, (napot | r | w) << 8 | napot);
  EXPECT_FALSE(may_load(pmp, 0x8000'0080));
  EXPECT_TRUE(may_load(pmp, 0x8000'0100));
}

TEST(Pmp, APartialMatchFailsEvenForMachineMode) {
  Pmp pmp;
  pmp.set_address(0, 0x8000'0010 >> 2);
  pmp.set_address(1, napot_address(0x8000'0000, 0x1000));
  pmp.set_config(0, (napot | r) << 8 | na4 | r);
  EXPECT_TRUE(may_load(pmp, 0x8000'0010, 4));
  EXPECT_FALSE(may_load(pmp, 0x8000'0010, 8));
  EXPECT_FALSE(may_load(pmp, 0x8000'000c, 8));
  EXPECT_FALSE(may_load(pmp, 0x8000'000c, 8, machine));
  EXPECT_FALSE(may_load(pmp, 0x8000'000f, 2, machine));
  EXPECT_TRUE(may_load(pmp, 0x8000'0014, 8));
  EXPECT_FALSE(may_load(pmp, 0x8000'0008, 32));  // on both sides of it
}

TEST(Pmp, ALockedEntryBindsMachineModeAndStays) {
  Pmp pmp;
  pmp.set_address(0, napot_address(0x8000'0000, 0x1000));
  configure(pmp, 0, napot | r | locked);
  EXPECT_TRUE(pmp.permits(0x8000'0000, 4, AccessKind::load, machine));
  EXPECT_FALSE(pmp.permits(0x8000'0000, 4, AccessKind::store, machine));
  configure(pmp, 0, 0);
  EXPECT_EQ(pmp.config(0), napot | r | locked);
  const std::uint64_t before = pmp.address(0);
  pmp.set_address(0, 0);
  EXPECT_EQ(pmp.address(0), before);
  pmp.reset();
  EXPECT_EQ(pmp.config(0), 0U);
  EXPECT_EQ(pmp.address(0), 0U);
}

TEST(Pmp, ALockedTorEntryLocksTheAddressBelow) {
  Pmp pmp;
  pmp.set_address(3, 0x100);
  pmp.set_address(4, 0x200);
  configure(pmp, 4, tor | r | locked);
  pmp.set_address(3, 0x180);
  EXPECT_EQ(pmp.address(3), 0x100U);
  pmp.set_address(2, 0x180);
  EXPECT_EQ(pmp.address(2), 0x180U);
  configure(pmp, 3, na4 | r);  // its configuration is not locked
  EXPECT_EQ(pmp.config(0) >> 24 & 0xff, na4 | r);
}

TEST(Pmp, RegistersKeepOnlyWhatTheyHave) {
  Pmp pmp;
  pmp.set_config(0, 0x7f00'0000'0000'0060);
  EXPECT_EQ(pmp.config(0), 0x1f00'0000'0000'0000U);
  pmp.set_config(2, 0x0102'0304'0506'0709);  // W without R is not written
  EXPECT_EQ(pmp.config(2), 0x0100'0304'0500'0709U);
  pmp.set_config(2, 0x0202'0202'0202'0202);
  EXPECT_EQ(pmp.config(2), 0x0100'0304'0500'0709U);
  pmp.set_address(15, ~std::uint64_t{0});
  EXPECT_EQ(pmp.address(15), 0x003f'ffff'ffff'ffffU);
}

TEST(Pmp, EntriesBeyondTheNumberDoNotExist) {
  Pmp pmp(2);
  pmp.set_config(0, 0x1f1f'1f1f'1f1f'1f1f);
  EXPECT_EQ(pmp.config(0), 0x1f1fU);
  pmp.set_config(2, napot);
  EXPECT_EQ(pmp.config(2), 0U);
  pmp.set_address(2, 5);
  EXPECT_EQ(pmp.address(2), 0U);
  EXPECT_THROW(Pmp(17), base::BadArgument);
}

TEST(Pmp, APageIsUniformOrNot) {
  Pmp pmp;
  EXPECT_EQ(pmp.page_rights(0x8000'0123, machine).rights, Rights::all());
  EXPECT_TRUE(pmp.page_rights(0x8000'0123, supervisor).is_uniform);
  EXPECT_EQ(pmp.page_rights(0x8000'0123, supervisor).rights, Rights{});
  pmp.set_address(0, 0x8000'1800 >> 2);
  configure(pmp, 0, tor | r | w);
  EXPECT_TRUE(pmp.page_rights(0x8000'0fff, supervisor).is_uniform);
  EXPECT_EQ(pmp.page_rights(0x8000'0fff, supervisor).rights, (Rights{false, true, true}));
  EXPECT_FALSE(pmp.page_rights(0x8000'1000, supervisor).is_uniform);
  EXPECT_FALSE(pmp.page_rights(0x8000'1fff, machine).is_uniform);
  EXPECT_EQ(pmp.page_rights(0x8000'1000, supervisor).rights, Rights{});
  EXPECT_TRUE(pmp.page_rights(0x8000'2000, supervisor).is_uniform);
}

/// Every byte of a page asked for alone tells the same as the page, whatever the entries are.
TEST(Pmp, PagesAgreeWithTheirBytes) {
  std::mt19937_64 random(7);
  int uniform = 0;
  for (int round = 0; round < 3000; ++round) {
    Pmp pmp;
    for (unsigned entry = 0; entry < 4; ++entry) {
      pmp.set_address(entry, napot_address(random() % 0x4000, 8U << random() % 12) ^ (random() % 2));
      configure(pmp, entry, random() & (r | w | x | napot));
    }
    const bool is_machine = random() % 2 == 0;
    const auto page = pmp.page_rights(0x1000, is_machine);
    if (!page.is_uniform) {
      continue;
    }
    ++uniform;
    for (std::uint64_t at = 0x1000; at < 0x2000; at += 4) {
      for (const AccessKind kind : {AccessKind::fetch, AccessKind::load, AccessKind::store}) {
        ASSERT_EQ(pmp.permits(at, 4, kind, is_machine), page.rights.permit(kind)) << at;
      }
      ASSERT_EQ(pmp.permits(at, at == 0x1ffc ? 4 : 8, AccessKind::load, is_machine), page.rights.load);
    }
  }
  EXPECT_GT(uniform, 300);
  EXPECT_LT(uniform, 2900);
}

TEST(Pmp, IsSavedAndRestored) {
  Pmp before;
  before.set_address(0, 0x2000'0000);
  before.set_address(9, napot_address(0x8000'0000, 0x4000));
  configure(before, 0, tor | r | locked);
  configure(before, 9, napot | r | w);
  state::Writer writer;
  before.save(writer);
  const auto bytes = writer.take();
  Pmp after;
  after.set_address(1, 0x55);
  state::Reader reader(bytes);
  after.load(reader);
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(after.config(0), before.config(0));
  EXPECT_EQ(after.config(2), before.config(2));
  for (unsigned entry = 0; entry < Pmp::max_entries; ++entry) {
    EXPECT_EQ(after.address(entry), before.address(entry));
  }
  EXPECT_TRUE(after.permits(0x8000'0000, 8, AccessKind::store, supervisor));
  EXPECT_FALSE(after.permits(0x7fff'fff8, 8, AccessKind::store, machine));
}

}  // namespace
}  // namespace fermata::riscv::translation
