// SPDX-License-Identifier: MIT
#include "fermata/bus/address_space.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "fermata/base/error.hpp"
#include "fermata/bus/memory_dma.hpp"

namespace fermata::bus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Remembers its last access and answers with more bits than it should.
class Probe final : public Window {
 public:
  explicit Probe(AccessRules rules = {}) : rules_(rules) {}
  std::uint64_t read(Address offset, unsigned size) override {
    last_offset = offset;
    last_size = size;
    return 0x8877'6655'4433'2211;
  }
  void write(Address offset, unsigned size, std::uint64_t value) override {
    last_offset = offset;
    last_size = size;
    last_value = value;
  }
  [[nodiscard]] AccessRules rules() const override { return rules_; }

  Address last_offset = ~Address{0};
  unsigned last_size = 0;
  std::uint64_t last_value = 0;

 private:
  AccessRules rules_;
};

class Written final : public RamObserver {
 public:
  void ram_written(Address at, std::uint64_t size) override { ranges.emplace_back(at, size); }
  std::vector<std::pair<Address, std::uint64_t>> ranges;
};

TEST(AddressSpace, ReadsAndWritesRamLittleEndian) {
  Ram ram("ram", 4096);
  AddressSpace space;
  space.map(0x8000'0000, ram);
  EXPECT_TRUE(space.write(0x8000'0001, 8, 0x0807'0605'0403'0201));  // misaligned is fine in memory
  EXPECT_EQ(space.read(0x8000'0001, 1), 0x01U);
  EXPECT_EQ(space.read(0x8000'0002, 2), 0x0302U);
  EXPECT_EQ(space.read(0x8000'0002, 4), 0x0504'0302U);
  EXPECT_EQ(space.read(0x8000'0001, 8), 0x0807'0605'0403'0201U);
  EXPECT_TRUE(space.write(0x8000'0002, 1, 0xffff'ffff'ffff'ff00));
  EXPECT_EQ(space.read(0x8000'0001, 4), 0x0403'0001U);
  EXPECT_EQ(ram.bytes()[3], std::byte{3});
}

TEST(AddressSpace, RefusesWhatIsNotThereOrCrossesAnEnd) {
  Ram ram("ram", 4096);
  Probe probe;
  AddressSpace space;
  space.map(0x1000, ram);
  space.map({0x2000, 6}, probe, "probe");
  EXPECT_FALSE(space.read(0xfff, 1));
  EXPECT_FALSE(space.read(0xfff, 2));
  EXPECT_FALSE(space.read(0x1ffd, 4));  // from memory into a window
  EXPECT_FALSE(space.write(0x1fff, 2, 0));
  EXPECT_TRUE(space.read(0x2000, 4));
  EXPECT_FALSE(space.read(0x2000, 8));
  EXPECT_FALSE(space.read(0x2004, 4));
  EXPECT_FALSE(space.read(0x2006, 1));
  EXPECT_FALSE(space.write(0x3000, 8, 0));
  EXPECT_FALSE(space.read(std::numeric_limits<Address>::max(), 8));
}

TEST(AddressSpace, EnforcesTheRulesOfAWindow) {
  Probe words({.min_size = 4, .max_size = 4});
  Probe lax({.min_size = 2, .max_size = 8, .is_misaligned_allowed = true});
  AddressSpace space;
  space.map({0x1000, 0x100}, words, "words");
  space.map({0x2000, 0x100}, lax, "lax");
  EXPECT_FALSE(space.read(0x1000, 1));
  EXPECT_FALSE(space.write(0x1000, 2, 0));
  EXPECT_FALSE(space.read(0x1000, 8));
  EXPECT_FALSE(space.read(0x1002, 4));
  EXPECT_EQ(words.last_size, 0U);
  EXPECT_EQ(space.read(0x1004, 4), 0x4433'2211U);  // nothing beyond the size
  EXPECT_EQ(words.last_offset, 4U);
  EXPECT_TRUE(space.write(0x1008, 4, 0xffff'ffff'1234'5678));
  EXPECT_EQ(words.last_value, 0x1234'5678U);
  EXPECT_FALSE(space.read(0x2001, 1));
  EXPECT_EQ(space.read(0x2001, 8), 0x8877'6655'4433'2211U);
}

TEST(AddressSpace, FindsManyRangesInAnyOrder) {
  std::vector<Probe> probes(9);
  AddressSpace space;
  for (const std::size_t i : {4U, 8U, 0U, 1U, 7U, 2U, 6U, 3U, 5U}) {
    space.map({0x1000 * i, 0x800}, probes[i], "probe");
  }
  for (const std::size_t i : {8U, 0U, 5U, 5U, 1U, 8U, 4U, 2U, 3U, 7U, 6U}) {
    EXPECT_TRUE(space.write(0x1000 * i + 4, 4, i + 1));
    EXPECT_EQ(probes[i].last_value, i + 1);
    EXPECT_TRUE(space.is_window(0x1000 * i + 0x7ff));
    EXPECT_FALSE(space.is_window(0x1000 * i + 0x800));
  }
}

TEST(AddressSpace, MappingForgetsWhichRangeWasHitLast) {
  Probe first;
  Probe second;
  AddressSpace space;
  space.map({0x2000, 0x10}, first, "first");
  EXPECT_TRUE(space.write(0x2000, 1, 7));
  space.map({0x1000, 0x10}, second, "second");
  EXPECT_TRUE(space.write(0x2000, 1, 8));
  EXPECT_EQ(first.last_value, 8U);
}

TEST(AddressSpace, TakesTheWholeRangeOf64Bits) {
  Probe probe;
  AddressSpace space;
  space.map({std::numeric_limits<Address>::max() - 15, 16}, probe, "top");
  EXPECT_TRUE(space.read(std::numeric_limits<Address>::max() - 7, 8));
  EXPECT_FALSE(space.read(0, 1));
  EXPECT_EQ(space.describe(), "fffffffffffffff0-ffffffffffffffff top\n");
}

std::string complaint(AddressSpace& space, AddressRange range, Window& window) {
  try {
    space.map(range, window, "new");
  } catch (const base::BadArgument& error) {
    return error.what();
  }
  return {};
}

TEST(AddressSpace, RefusesToMapOverWhatIsThere) {
  Ram ram("ram", 4096);
  Probe probe;
  AddressSpace space;
  space.map(0x1000, ram);
  for (const AddressRange range : {AddressRange{0x0, 0x1001}, AddressRange{0x1800, 1}, AddressRange{0x1fff, 0x10},
                                   AddressRange{0x1000, 0x1000}, AddressRange{0, ~std::uint64_t{0}}}) {
    EXPECT_THAT(complaint(space, range, probe), testing::AllOf(HasSubstr("`new`"), HasSubstr("`ram`")));
  }
  EXPECT_THAT(complaint(space, {0x3000, 0}, probe), HasSubstr("at least one byte"));
  EXPECT_THAT(complaint(space, {~Address{0}, 2}, probe), HasSubstr("within 64 bits"));
  EXPECT_THAT(complaint(space, {0x0, 0x1000}, probe), IsEmpty());
  EXPECT_THAT(complaint(space, {0x2000, 0x1000}, probe), IsEmpty());
  EXPECT_EQ(space.describe(),
            "0000000000000000-0000000000000fff new\n"
            "0000000000001000-0000000000001fff ram\n"
            "0000000000002000-0000000000002fff new\n");
}

TEST(AddressSpace, CopiesAllOrNothing) {
  Ram low("low", 4096);
  Ram high("high", 4096);
  Ram rom("rom", 4096, false);
  Probe probe;
  AddressSpace space;
  space.map(0x1000, low);
  space.map(0x2000, high);
  space.map(0x3000, rom);
  space.map({0x4000, 0x10}, probe, "probe");
  const std::array<std::byte, 4> bytes = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  EXPECT_TRUE(space.copy_to(0x1ffe, bytes));  // across two memories
  EXPECT_EQ(low.bytes()[0xffe], std::byte{1});
  EXPECT_EQ(high.bytes()[1], std::byte{4});
  std::array<std::byte, 4> back{};
  EXPECT_TRUE(space.copy_from(0x1ffe, back));
  EXPECT_EQ(back, bytes);

  EXPECT_FALSE(space.copy_to(0x2ffe, bytes));  // into the ROM: nothing of it
  EXPECT_EQ(high.bytes()[0xffe], std::byte{0});
  EXPECT_TRUE(space.copy_from(0x2ffe, back));
  EXPECT_FALSE(space.copy_from(0x3ffe, back));
  EXPECT_FALSE(space.copy_from(0x4000, back));
  EXPECT_FALSE(space.copy_to(~Address{0} - 1, bytes));
  EXPECT_TRUE(space.copy_to(0x9999, {}));
}

TEST(AddressSpace, TellsTheObserverOfWritesIntoRam) {
  Ram low("low", 4096);
  Ram high("high", 4096);
  Ram rom("rom", 4096, false);
  Probe probe;
  AddressSpace space;
  space.map(0x1000, low);
  space.map(0x2000, high);
  space.map(0x3000, rom);
  space.map({0x4000, 0x10}, probe, "probe");
  Written written;
  space.set_ram_observer(&written);
  EXPECT_TRUE(space.write(0x1234, 4, 1));
  EXPECT_TRUE(space.copy_to(0x1fff, std::array<std::byte, 3>{}));
  EXPECT_TRUE(space.write(0x4000, 4, 1));
  EXPECT_FALSE(space.write(0x3000, 4, 1));
  EXPECT_EQ(rom.bytes()[0], std::byte{0});
  static_cast<void>(space.read(0x1000, 8));
  EXPECT_THAT(written.ranges, ElementsAre(std::pair(0x1234U, 4U), std::pair(0x1fffU, 1U), std::pair(0x2000U, 2U)));
}

TEST(AddressSpace, TellsWhereRamIs) {
  Ram ram("ram", 4096);
  Probe probe;
  AddressSpace space;
  space.map(0x1000, ram);
  space.map({0x4000, 0x10}, probe, "probe");
  const auto place = space.ram_at(0x1fff);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->ram, &ram);
  EXPECT_EQ(place->offset, 0xfffU);
  EXPECT_FALSE(space.ram_at(0x2000));
  EXPECT_FALSE(space.ram_at(0x4000));
  EXPECT_FALSE(space.is_window(0x1000));
  EXPECT_TRUE(space.is_window(0x400f));
}

TEST(AddressSpace, SaysWhatAWindowTakes) {
  Ram ram("ram", 4096);
  Probe probe({.min_size = 2, .max_size = 4});
  AddressSpace space;
  space.map(0x1000, ram);
  space.map({0x4000, 0x10}, probe, "probe");
  EXPECT_TRUE(space.window_takes(0x4000, 2));
  EXPECT_TRUE(space.window_takes(0x400c, 4));
  EXPECT_FALSE(space.window_takes(0x4000, 1));
  EXPECT_FALSE(space.window_takes(0x4000, 8));
  EXPECT_FALSE(space.window_takes(0x4001, 2));
  EXPECT_FALSE(space.window_takes(0x4000, 3));
  EXPECT_FALSE(space.window_takes(0x400e, 4));
  EXPECT_FALSE(space.window_takes(0x1000, 4));
  EXPECT_FALSE(space.window_takes(0x5000, 4));
  EXPECT_EQ(probe.last_size, 0U);
}

TEST(AddressSpace, SaysWhereReadsMayBeAnsweredLater) {
  AddressSpace space;
  Ram ram("ram", 0x1000);
  Probe at_once;
  Probe later({.may_answer_later = true});
  space.map(0x0, ram);
  space.map({0x2000, 0x100}, at_once, "at once");
  space.map({0x3000, 0x100}, later, "later");
  EXPECT_FALSE(space.may_answer_later(0x10));
  EXPECT_FALSE(space.may_answer_later(0x2010));
  EXPECT_TRUE(space.may_answer_later(0x3000));
  EXPECT_TRUE(space.may_answer_later(0x30ff));
  EXPECT_FALSE(space.may_answer_later(0x3100));
}

TEST(MemoryDma, ReachesRamOnly) {
  Ram ram("ram", 4096);
  Probe probe;
  AddressSpace space;
  space.map(0x1000, ram);
  space.map({0x4000, 0x10}, probe, "probe");
  MemoryDma dma(space);
  const std::array<std::byte, 2> bytes = {std::byte{5}, std::byte{6}};
  EXPECT_TRUE(dma.write(0x1010, bytes));
  std::array<std::byte, 2> back{};
  EXPECT_TRUE(dma.read(0x1010, back));
  EXPECT_EQ(back, bytes);
  EXPECT_FALSE(dma.write(0x4000, bytes));
  EXPECT_FALSE(dma.read(0x4000, back));
}

}  // namespace
}  // namespace fermata::bus
