// SPDX-License-Identifier: MIT
#include "fermata/riscv/translation/mmu.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace fermata::riscv::translation {
namespace {

constexpr std::uint64_t v = 1 << 0;
constexpr std::uint64_t r = 1 << 1;
constexpr std::uint64_t w = 1 << 2;
constexpr std::uint64_t x = 1 << 3;
constexpr std::uint64_t u = 1 << 4;
constexpr std::uint64_t g = 1 << 5;
constexpr std::uint64_t a = 1 << 6;
constexpr std::uint64_t d = 1 << 7;
constexpr std::uint64_t rwxad = r | w | x | a | d;

constexpr std::uint64_t to_entry(std::uint64_t physical, std::uint64_t bits) { return physical >> 12 << 10 | bits; }

/// Memory of page tables: what was not written is 0 below `size`, and beyond there is none.
class Tables : public PageTablePort {
 public:
  static constexpr std::uint64_t size = 0x1'0000'0000;

  std::optional<std::uint64_t> read_entry(std::uint64_t physical) override {
    EXPECT_EQ(physical % 8, 0U);
    reads.push_back(physical);
    return physical < size ? std::optional(entries[physical]) : std::nullopt;
  }
  Update update_entry(std::uint64_t physical, std::uint64_t expected, std::uint64_t desired) override {
    EXPECT_EQ(reads.back(), physical);
    if (is_read_only) {
      return Update::fault;
    }
    if (meanwhile) {
      entries[physical] = *meanwhile;
      meanwhile.reset();
      return Update::changed;
    }
    EXPECT_EQ(entries[physical], expected);
    entries[physical] = desired;
    ++updates;
    return Update::done;
  }

  std::map<std::uint64_t, std::uint64_t> entries;
  std::vector<std::uint64_t> reads;
  std::optional<std::uint64_t> meanwhile;  ///< what another hart puts there before the next update
  bool is_read_only = false;
  int updates = 0;
};

constexpr std::uint64_t root = 0x8000'1000;
constexpr std::uint64_t middle = 0x8000'2000;
constexpr std::uint64_t last = 0x8000'3000;
constexpr std::uint64_t page = 0x8123'4000;
/// Index 1, 2 and 3 in the three levels of Sv39.
constexpr std::uint64_t address = 1ULL << 30 | 2ULL << 21 | 3ULL << 12 | 0x567;
constexpr std::uint64_t leaf_at = last + 3 * 8;

class Mmu : public ::testing::Test {
 protected:
  Mmu() {
    regime.satp = 8ULL << 60 | root >> 12;
    tables.entries[root + 1 * 8] = to_entry(middle, v);
    tables.entries[middle + 2 * 8] = to_entry(last, v);
    set_leaf(v | rwxad);
  }

  void set_leaf(std::uint64_t bits) { tables.entries[leaf_at] = to_entry(page, bits); }
  Translation get(AccessKind kind = AccessKind::load, std::uint64_t at = address) {
    tables.reads.clear();
    return translate(regime, at, kind, tables);
  }
  Fault fault(AccessKind kind = AccessKind::load, std::uint64_t at = address) { return get(kind, at).fault; }
  Rights rights(std::uint64_t bits) {
    set_leaf(v | a | d | bits);
    Rights found;
    for (const AccessKind kind : {AccessKind::fetch, AccessKind::load, AccessKind::store}) {
      const Translation translation = get(kind);
      if (translation.fault == Fault::none) {
        EXPECT_TRUE(translation.rights.permit(kind));
        found = translation.rights;
      } else {
        EXPECT_EQ(translation.fault, Fault::page);
      }
    }
    return found;
  }

  Regime regime;
  Tables tables;
};

TEST_F(Mmu, BareIsTheIdentity) {
  regime.satp = 0;
  const Translation translation = get(AccessKind::fetch, 0xffff'ffff'8000'0123);
  EXPECT_EQ(translation.fault, Fault::none);
  EXPECT_EQ(translation.physical, 0xffff'ffff'8000'0123U);
  EXPECT_EQ(translation.rights, Rights::all());
  EXPECT_TRUE(tables.reads.empty());
}

TEST_F(Mmu, ModesOfSatp) {
  EXPECT_EQ(satp_mode(0), SatpMode::bare);
  EXPECT_EQ(satp_mode(8ULL << 60 | 1), SatpMode::sv39);
  EXPECT_EQ(satp_mode(9ULL << 60), SatpMode::sv48);
  EXPECT_EQ(satp_mode(10ULL << 60), std::nullopt);
  EXPECT_EQ(satp_mode(1ULL << 60), std::nullopt);
}

TEST_F(Mmu, WalksThreeLevels) {
  const Translation translation = get();
  EXPECT_EQ(translation.fault, Fault::none);
  EXPECT_EQ(translation.physical, page + 0x567);
  EXPECT_EQ(translation.page_size, 0x1000U);
  EXPECT_FALSE(translation.is_global);
  EXPECT_EQ(tables.reads, (std::vector<std::uint64_t>{root + 8, middle + 16, leaf_at}));
}

TEST_F(Mmu, WalksFourLevelsInSv48) {
  constexpr std::uint64_t top = 0x8000'0000;
  regime.satp = 9ULL << 60 | 0xfULL << 44 | top >> 12;  // with an ASID
  tables.entries[top + 256 * 8] = to_entry(root, v);
  constexpr std::uint64_t high = 0xffff'8000'0000'0000 | address;
  EXPECT_EQ(get(AccessKind::store, high).physical, page + 0x567);
  EXPECT_EQ(tables.reads.size(), 4U);
  EXPECT_EQ(fault(AccessKind::load, address), Fault::page);  // index 0 of the top is invalid
}

TEST_F(Mmu, AnAddressIsSignExtended) {
  for (const std::uint64_t at : {0x0000'0040'0000'0000ULL, 0xffff'ffbf'ffff'ffffULL, 0x8000'0000'0000'0000ULL}) {
    EXPECT_EQ(fault(AccessKind::load, at), Fault::page) << at;
    EXPECT_TRUE(tables.reads.empty());
  }
  EXPECT_EQ(fault(AccessKind::load, 0x0000'003f'ffff'ffff), Fault::page);  // canonical, but not mapped
  EXPECT_EQ(tables.reads, (std::vector<std::uint64_t>{root + 255 * 8}));
  EXPECT_EQ(fault(AccessKind::load, 0xffff'ffc0'0000'0000), Fault::page);
  EXPECT_EQ(tables.reads, (std::vector<std::uint64_t>{root + 256 * 8}));
  regime.satp = 9ULL << 60 | root >> 12;
  EXPECT_EQ(fault(AccessKind::load, 0x0000'8000'0000'0000), Fault::page);
  EXPECT_TRUE(tables.reads.empty());
}

TEST_F(Mmu, Superpages) {
  tables.entries[middle + 2 * 8] = to_entry(0x8120'0000, v | rwxad);
  Translation translation = get();
  EXPECT_EQ(translation.physical, 0x8120'0000U + (address & 0x1f'ffff));
  EXPECT_EQ(translation.page_size, 0x20'0000U);
  tables.entries[root + 1 * 8] = to_entry(0xc000'0000, v | rwxad | g);
  translation = get();
  EXPECT_EQ(translation.physical, 0xc000'0000U + (address & 0x3fff'ffff));
  EXPECT_EQ(translation.page_size, 0x4000'0000U);
  EXPECT_TRUE(translation.is_global);
}

TEST_F(Mmu, AMisalignedSuperpageFaults) {
  tables.entries[middle + 2 * 8] = to_entry(0x8120'1000, v | rwxad);
  EXPECT_EQ(fault(), Fault::page);
  tables.entries[middle + 2 * 8] = to_entry(0x8130'0000, v | rwxad);
  EXPECT_EQ(fault(), Fault::page);
  tables.entries[root + 1 * 8] = to_entry(0x8020'0000, v | rwxad);
  EXPECT_EQ(fault(), Fault::page);
}

TEST_F(Mmu, ReservedBitsFault) {
  for (unsigned bit = 54; bit < 64; ++bit) {
    set_leaf(v | rwxad | std::uint64_t{1} << bit);
    EXPECT_EQ(fault(), Fault::page) << bit;
  }
  set_leaf(v | rwxad | 3 << 8);  // for the supervisor's software
  EXPECT_EQ(fault(), Fault::none);
  for (const std::uint64_t bits : {u, a, d, std::uint64_t{1} << 63}) {
    tables.entries[middle + 2 * 8] = to_entry(last, v | bits);
    EXPECT_EQ(fault(), Fault::page) << bits;
  }
}

TEST_F(Mmu, ReservedCombinationsFault) {
  EXPECT_EQ(rights(w), Rights{});
  EXPECT_EQ(rights(w | x), Rights{});
  set_leaf(a | d | r);  // not valid
  EXPECT_EQ(fault(), Fault::page);
}

TEST_F(Mmu, APointerInTheLastLevelFaults) {
  set_leaf(v);
  EXPECT_EQ(fault(), Fault::page);
  EXPECT_EQ(tables.reads.size(), 3U);
}

TEST_F(Mmu, TablesThatPointToThemselvesEnd) {
  tables.entries[root + 1 * 8] = to_entry(root, v);
  constexpr std::uint64_t around = 1ULL << 30 | 1ULL << 21 | 1ULL << 12;
  EXPECT_EQ(fault(AccessKind::load, around), Fault::page);
  EXPECT_EQ(tables.reads.size(), 3U);
}

TEST_F(Mmu, RightsOfSupervisorPages) {
  EXPECT_EQ(rights(r), (Rights{false, true, false}));
  EXPECT_EQ(rights(r | w), (Rights{false, true, true}));
  EXPECT_EQ(rights(x), (Rights{true, false, false}));
  EXPECT_EQ(rights(r | x), (Rights{true, true, false}));
  EXPECT_EQ(rights(r | w | x), Rights::all());
  regime.is_user = true;
  EXPECT_EQ(rights(r | w | x), Rights{});
}

TEST_F(Mmu, RightsOfUserPages) {
  EXPECT_EQ(rights(r | w | x | u), Rights{});
  regime.sum = true;
  EXPECT_EQ(rights(r | w | x | u), (Rights{false, true, true}));
  EXPECT_EQ(rights(x | u), Rights{});
  regime.is_user = true;
  EXPECT_EQ(rights(r | w | x | u), Rights::all());
  regime.sum = false;
  EXPECT_EQ(rights(x | u), (Rights{true, false, false}));
}

TEST_F(Mmu, MxrLoadsFromWhatIsExecutable) {
  regime.mxr = true;
  EXPECT_EQ(rights(x), (Rights{true, true, false}));
  EXPECT_EQ(rights(x | u), Rights{});
  regime.sum = true;
  EXPECT_EQ(rights(x | u), (Rights{false, true, false}));
}

TEST_F(Mmu, TheWalkSetsAccessedAndDirty) {
  set_leaf(v | r | w | x);
  EXPECT_EQ(get(AccessKind::load).rights, (Rights{true, true, false}));  // a store has to come by again
  EXPECT_EQ(tables.entries[leaf_at], to_entry(page, v | r | w | x | a));
  EXPECT_EQ(get(AccessKind::store).rights, Rights::all());
  EXPECT_EQ(tables.entries[leaf_at], to_entry(page, v | r | w | x | a | d));
  EXPECT_EQ(tables.updates, 2);
  EXPECT_EQ(get(AccessKind::store).fault, Fault::none);
  EXPECT_EQ(get(AccessKind::load).rights, Rights::all());
  EXPECT_EQ(tables.updates, 2);
}

TEST_F(Mmu, NothingIsSetWhereTheAccessFaults) {
  set_leaf(v | r);
  EXPECT_EQ(fault(AccessKind::store), Fault::page);
  EXPECT_EQ(fault(AccessKind::fetch), Fault::page);
  EXPECT_EQ(tables.updates, 0);
}

TEST_F(Mmu, WithSvadeAMissingBitFaults) {
  regime.sets_accessed_and_dirty = false;
  set_leaf(v | r | w);
  EXPECT_EQ(fault(AccessKind::load), Fault::page);
  set_leaf(v | r | w | a);
  EXPECT_EQ(get(AccessKind::load).rights, (Rights{false, true, false}));
  EXPECT_EQ(fault(AccessKind::store), Fault::page);
  set_leaf(v | r | w | d);
  EXPECT_EQ(fault(AccessKind::store), Fault::page);
  set_leaf(v | r | w | a | d);
  EXPECT_EQ(fault(AccessKind::store), Fault::none);
  EXPECT_EQ(tables.updates, 0);
}

TEST_F(Mmu, AnEntryThatChangesMeanwhileIsReadAgain) {
  set_leaf(v | r | w);
  tables.meanwhile = to_entry(0x8765'4000, v | r | w);
  const Translation translation = get(AccessKind::store);
  EXPECT_EQ(translation.fault, Fault::none);
  EXPECT_EQ(translation.physical, 0x8765'4567U);
  EXPECT_EQ(tables.entries[leaf_at], to_entry(0x8765'4000, v | r | w | a | d));
  EXPECT_EQ(tables.reads.size(), 6U);
  set_leaf(v | r | w);
  tables.meanwhile = 0;
  EXPECT_EQ(fault(AccessKind::store), Fault::page);
}

TEST_F(Mmu, TablesOutsideMemoryAreAccessFaults) {
  tables.entries[middle + 2 * 8] = to_entry(Tables::size, v);
  EXPECT_EQ(fault(AccessKind::load), Fault::access);
  EXPECT_EQ(fault(AccessKind::fetch), Fault::access);
  regime.satp = 8ULL << 60 | Tables::size >> 12;
  EXPECT_EQ(fault(AccessKind::store), Fault::access);
}

TEST_F(Mmu, AnEntryThatCannotBeUpdatedIsAnAccessFault) {
  tables.is_read_only = true;
  EXPECT_EQ(fault(AccessKind::store), Fault::none);
  set_leaf(v | r | w | a);
  EXPECT_EQ(fault(AccessKind::load), Fault::none);
  EXPECT_EQ(fault(AccessKind::store), Fault::access);
}

TEST_F(Mmu, GlobalIsInheritedFromAbove) {
  set_leaf(v | rwxad | g);
  EXPECT_TRUE(get().is_global);
  set_leaf(v | rwxad);
  tables.entries[root + 1 * 8] |= g;
  EXPECT_TRUE(get().is_global);
}

TEST_F(Mmu, PhysicalAddressesHave56Bits) {
  tables.entries[leaf_at] = ((std::uint64_t{1} << 44) - 1) << 10 | v | rwxad;
  EXPECT_EQ(get().physical, 0x00ff'ffff'ffff'f567U);
}

}  // namespace
}  // namespace fermata::riscv::translation
