// SPDX-License-Identifier: MIT
//
// The page tables of the random code. What it needs stands where it is in physical memory: the code, the stub, scratch
// memory. From `random_begin` on, and at the top of the address space, anything may be.
#include <cstring>

#include "tests/differential/layout.h"
#include "tests/differential/support/image.hpp"

namespace fermata::differential {
namespace {

constexpr std::uint64_t valid = 1 << 0;
constexpr std::uint64_t read = 1 << 1;
constexpr std::uint64_t write = 1 << 2;
constexpr std::uint64_t execute = 1 << 3;
constexpr std::uint64_t user = 1 << 4;
constexpr std::uint64_t global = 1 << 5;
constexpr std::uint64_t accessed = 1 << 6;
constexpr std::uint64_t dirty = 1 << 7;

constexpr std::uint64_t page = 0x1000;
constexpr std::uint64_t megapage = 0x20'0000;
constexpr std::uint64_t random_begin = 0x4000'0000;
constexpr unsigned random_tables = 8;

/// Which page of TABLES holds what.
enum Table : unsigned {
  root_supervisor,
  root_user,
  top_supervisor,
  top_user,
  low_supervisor,
  low_user,
  pages_supervisor,
  pages_user,
  random_level_1,
  random_level_0,
};

constexpr std::uint64_t table_address(unsigned table) { return TABLES_BASE + table * page; }
constexpr std::uint64_t entry(std::uint64_t physical, std::uint64_t bits) { return physical >> 12 << 10 | bits; }

class Filler {
 public:
  explicit Filler(std::span<std::byte> memory) : memory_(memory) {}

  void set(unsigned table, unsigned index, std::uint64_t value) {
    std::memcpy(memory_.data() + (table_address(table) - RAM_BASE) + index * 8, &value, sizeof value);
  }
  void point(unsigned table, unsigned index, unsigned to) { set(table, index, entry(table_address(to), valid)); }

  /// The tables of one mode: root in Sv39, a level more in Sv48, and what stands in place.
  void fill(bool is_user) {
    const unsigned root = is_user ? root_user : root_supervisor;
    const unsigned top = is_user ? top_user : top_supervisor;
    const unsigned low = is_user ? low_user : low_supervisor;
    const unsigned pages = is_user ? pages_user : pages_supervisor;
    const std::uint64_t own = is_user ? user : 0;
    set(root, 0, entry(0, valid | read | write | accessed | dirty));  // devices, which PMP forbids
    point(root, 1, random_level_1);
    point(root, 2, low);
    set(root, 3, entry(RAM_BASE + megapage, valid | read | accessed | dirty));  // misaligned
    point(root, 511, random_level_1);
    point(top, 0, root);
    point(top, 511, root);
    point(low, 0, pages);
    for (unsigned i = 0; i < CODE_SIZE / megapage; ++i) {
      const std::uint64_t at = CODE_BASE + i * megapage;
      set(low, static_cast<unsigned>((at - RAM_BASE) / megapage), entry(at, valid | read | execute | accessed | own));
    }
    set(pages, (STUB_BASE - RAM_BASE) / page, entry(STUB_BASE, valid | execute | accessed | global));
    set(low, (SCRATCH_BASE - RAM_BASE) / megapage, entry(SCRATCH_BASE, valid | read | write | own));
  }

 private:
  std::span<std::byte> memory_;
};

std::uint64_t random_table_entry(Choices& choices) {
  if (choices.percent(75)) {
    return entry(table_address(random_level_0 + choices.below(random_tables)), valid);
  }
  if (choices.percent(20)) {  // a pointer with bits that it may not have
    return entry(table_address(random_level_0), valid | user << choices.below(4));
  }
  // A megapage, aligned or not; readable, as random data is to be no table.
  const std::uint64_t base = SCRATCH_BASE + (choices.percent(80) ? 0 : page * choices.below(512));
  return entry(base, choices.below(256) | read | (choices.percent(80) ? valid : 0));
}

}  // namespace

std::uint64_t root_table(bool is_user, bool is_sv48) {
  return table_address(is_sv48 ? (is_user ? top_user : top_supervisor) : (is_user ? root_user : root_supervisor));
}

std::uint64_t random_page_address(Choices& choices) {
  const std::uint64_t begin = choices.percent(75) ? random_begin : 0xffff'ffff'c000'0000;
  const std::uint64_t offset = choices.percent(85) ? choices.below(page) & ~7U : page - 1 - choices.below(8);
  return begin + choices.below(32) * megapage + choices.below(511) * page + offset;
}

std::uint64_t random_entry_address(Choices& choices) {
  return table_address(random_level_0 + choices.below(random_tables)) + choices.below(512) * 8;
}

/// Never the last page that PMP permits: where an access crosses out of a page, QEMU asks PMP for all of it as if it
/// went on in physical memory.
std::uint64_t random_entry(Choices& choices) {
  std::uint64_t physical =
      SCRATCH_BASE + choices.below((choices.percent(80) ? SCRATCH_HOT : SCRATCH_SIZE - page) / page) * page;
  std::uint64_t bits = choices.below(1024);
  bits |= choices.percent(90) ? valid : 0;
  bits |= choices.percent(70) ? valid | read | write : 0;
  bits |= choices.percent(50) ? user : 0;
  if (choices.percent(5)) {
    // Where there is no memory the page may be written: of an AMO's two faults, of the page and of the access, QEMU
    // raises the load's access fault before the store's page fault.
    physical =
        choices.percent(50) ? TABLES_BASE + TABLES_SIZE - 2 * page : RAM_BASE + RAM_SIZE + page * choices.below(16);
    bits |= read | write;
  }
  bits |= choices.percent(3) ? std::uint64_t{1} << (54 + choices.below(10)) : 0;
  return entry(physical, bits);
}

void fill_tables(Choices& choices, std::span<std::byte> memory) {
  Filler filler(memory);
  filler.fill(false);
  filler.fill(true);
  for (unsigned i = 0; i < 32; ++i) {
    filler.set(random_level_1, i, random_table_entry(choices));
  }
  for (unsigned table = 0; table < random_tables; ++table) {
    for (unsigned i = 0; i < 512; ++i) {
      filler.set(random_level_0 + table, i, random_entry(choices));
    }
  }
}

}  // namespace fermata::differential
