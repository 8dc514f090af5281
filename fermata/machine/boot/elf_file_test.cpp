// SPDX-License-Identifier: MIT
#include "fermata/machine/boot/elf_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "fermata/base/error.hpp"
#include "fermata/machine/boot/elf_builder.hpp"

namespace fermata::machine::boot {
namespace {

using ::testing::HasSubstr;

std::string refusal(const SharedBytes& bytes) {
  try {
    static_cast<void>(read_elf("guest.elf", bytes));
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("guest.elf: "));
    return error.what();
  }
  return "accepted";
}

TEST(ElfFile, TakesLoadableSegmentsByPhysicalAddress) {
  ElfBuilder builder;
  builder.add(0x80002000, {4, 5}, 2);
  builder.add(0x80000000, {1, 2, 3}, 16);
  builder.segments.push_back({.p_type = PT_NOTE,
                              .p_flags = 0,
                              .p_offset = 0,
                              .p_vaddr = 0,
                              .p_paddr = 0,
                              .p_filesz = 4,
                              .p_memsz = 4,
                              .p_align = 1});
  const Image image = read_elf("guest.elf", builder.share());
  ASSERT_EQ(image.pieces.size(), 2U) << "by address";
  EXPECT_EQ(image.pieces[0].at, 0x80000000U);
  EXPECT_EQ(image.pieces[0].size, 16U);
  EXPECT_EQ(image.pieces[0].file_size, 3U);
  EXPECT_EQ((*image.file)[image.pieces[0].file_offset], std::byte{1});
  EXPECT_EQ(image.pieces[1].at, 0x80002000U);
  EXPECT_EQ(image.end(), 0x80002002U);
  EXPECT_EQ(image.entry, 0x80000000U);
}

TEST(ElfFile, AVirtualEntryBecomesPhysical) {
  ElfBuilder builder;
  auto& segment = builder.add(0x80200000, {1, 2, 3, 4}, 4);
  segment.p_vaddr = 0xffffffff80000000;
  builder.header.e_entry = 0xffffffff80000002;
  EXPECT_EQ(read_elf("vmlinux", builder.share()).entry, 0x80200002U);
}

TEST(ElfFile, ASegmentWithoutMemoryIsNone) {
  ElfBuilder builder;
  builder.add(0x80000000, {1}, 1);
  builder.add(0, {}, 0);
  EXPECT_EQ(read_elf("guest.elf", builder.share()).pieces.size(), 1U);
}

struct Damage {
  std::string name;
  std::function<void(ElfBuilder&)> apply;
  std::string complaint;
};

class DamagedElf : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedElf, IsRefusedWithItsReason) {
  ElfBuilder builder;
  builder.add(0x80000000, {1, 2, 3, 4}, 8);
  GetParam().apply(builder);
  EXPECT_THAT(refusal(builder.share()), HasSubstr(GetParam().complaint));
}

const Damage damages[] = {
    {"OtherMachine", [](ElfBuilder& elf) { elf.header.e_machine = EM_X86_64; }, "for another machine (e_machine 62)"},
    {"BigEndian", [](ElfBuilder& elf) { elf.header.e_ident[EI_DATA] = ELFDATA2MSB; }, "another kind of machine"},
    {"ThirtyTwoBits", [](ElfBuilder& elf) { elf.header.e_ident[EI_CLASS] = ELFCLASS32; }, "another kind of machine"},
    {"NoClass", [](ElfBuilder& elf) { elf.header.e_ident[EI_CLASS] = 0; }, "damaged"},
    {"Unlinked", [](ElfBuilder& elf) { elf.header.e_type = ET_REL; }, "not linked"},
    {"NoSegments", [](ElfBuilder& elf) { elf.segments.clear(); }, "without anything to load"},
    {"HeadersBeyondTheEnd", [](ElfBuilder& elf) { elf.header.e_phoff = 1 << 20; }, "damaged"},
    {"HeadersAtTheEndOfNumbers", [](ElfBuilder& elf) { elf.header.e_phoff = ~std::uint64_t{0} - 8; }, "damaged"},
    {"DataBeyondTheEnd", [](ElfBuilder& elf) { elf.segments[0].p_offset = 1 << 20; }, "beyond the end of the file"},
    {"DataOverTheEnd", [](ElfBuilder& elf) { elf.segments[0].p_filesz = elf.segments[0].p_memsz = 1 << 20; },
     "beyond the end of the file"},
    {"OffsetThatWraps", [](ElfBuilder& elf) { elf.segments[0].p_offset = ~std::uint64_t{0} - 1; },
     "beyond the end of the file"},
    {"FileLargerThanMemory", [](ElfBuilder& elf) { elf.segments[0].p_memsz = 2; }, "larger in the file"},
    {"AddressThatWraps",
     [](ElfBuilder& elf) {
       elf.segments[0].p_paddr = ~std::uint64_t{0} - 2;
       elf.segments[0].p_memsz = 8;
     },
     "beyond 64 bits"},
    {"Overlap", [](ElfBuilder& elf) { elf.add(0x80000007, {9}, 1); }, "0x80000000 and 0x80000007 overlap"},
};

INSTANTIATE_TEST_SUITE_P(Each, DamagedElf, ::testing::ValuesIn(damages),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(ElfFile, EveryCutIsRefusedOrWhole) {
  ElfBuilder builder;
  builder.add(0x80000000, {1, 2, 3, 4}, 8);
  const auto whole = builder.build();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = std::make_shared<const std::vector<std::byte>>(whole.begin(),
                                                                    whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(refusal(cut), "accepted") << size << " bytes";
  }
}

TEST(ElfFile, KnowsAnElfByItsBeginning) {
  EXPECT_TRUE(is_elf(ElfBuilder().build()));
  EXPECT_FALSE(is_elf({}));
  EXPECT_FALSE(is_elf({std::byte{0x7f}, std::byte{'E'}, std::byte{'L'}}));
}

}  // namespace
}  // namespace fermata::machine::boot
