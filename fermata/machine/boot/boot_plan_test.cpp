// SPDX-License-Identifier: MIT
#include "fermata/machine/boot/boot_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "fermata/base/error.hpp"
#include "fermata/machine/boot/elf_builder.hpp"

namespace fermata::machine::boot {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t mib = 1 << 20;
constexpr bus::Address ram = 0x80000000;

NamedBytes blob(const std::string& name, std::size_t size) {
  return {.name = name, .bytes = std::make_shared<const std::vector<std::byte>>(size, std::byte{1})};
}

NamedBytes elf(const std::string& name, bus::Address at, bus::Address entry) {
  ElfBuilder builder;
  builder.add(at, {1, 2, 3, 4}, 4096);
  builder.header.e_entry = entry;
  return {.name = name, .bytes = builder.share()};
}

const Image& image_of(const BootPlan& plan, const std::string& name) {
  const auto found = std::ranges::find(plan.images, name, &Image::name);
  if (found == plan.images.end()) {
    throw std::runtime_error("no image " + name);
  }
  return *found;
}

std::uint64_t rom_word(const BootPlan& plan, std::size_t offset) {
  std::uint64_t value = 0;
  std::memcpy(&value, plan.rom.data() + offset, sizeof value);
  return value;
}
std::uint64_t start_of(const BootPlan& plan) { return rom_word(plan, 24); }
std::uint64_t next_of(const BootPlan& plan) { return rom_word(plan, 56); }

std::string refusal(const BootFiles& files, std::uint64_t ram_size) {
  try {
    static_cast<void>(plan_boot(files, ram_size, 1));
  } catch (const base::Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(BootPlan, AKernelAloneIsEnteredAtItsEntry) {
  const auto plan = plan_boot({.kernel = elf("guest.elf", ram, ram + 8)}, 128 * mib, 1);
  EXPECT_EQ(start_of(*plan), ram + 8);
  EXPECT_EQ(next_of(*plan), 0U);
  EXPECT_EQ(rom_word(*plan, 32), plan->device_tree);
}

TEST(BootPlan, FirmwareIsEnteredAndToldOfTheKernel) {
  const auto plan = plan_boot({.firmware = blob("fw.bin", 300'000), .kernel = blob("Image", 5 * mib)}, 128 * mib, 1);
  EXPECT_EQ(start_of(*plan), ram);
  EXPECT_EQ(next_of(*plan), ram + 2 * mib) << "2 MiB boundary behind the firmware";
  EXPECT_EQ(image_of(*plan, "Image").entry, ram + 2 * mib);
}

TEST(BootPlan, ARawKernelWithoutFirmwareStandsAtTheBeginningOfRam) {
  const auto plan = plan_boot({.kernel = blob("program.bin", 100)}, 128 * mib, 1);
  EXPECT_EQ(start_of(*plan), ram);
  EXPECT_EQ(image_of(*plan, "program.bin").entry, ram);
}

TEST(BootPlan, TheDeviceTreeStandsAsHighAsQemuPutsIt) {
  const BootFiles files{.kernel = blob("k", 100)};
  EXPECT_EQ(plan_boot(files, 128 * mib, 1)->device_tree, ram + 126 * mib);
  EXPECT_EQ(plan_boot(files, 1024 * mib, 1)->device_tree, ram + 1022 * mib);
  EXPECT_EQ(plan_boot(files, 4096 * mib, 1)->device_tree, 3070 * mib) << "below 3 GiB";
  const auto small = plan_boot(files, 64 * 1024, 1);
  EXPECT_EQ(small->device_tree % 4096, 0U);
  const std::uint64_t size = image_of(*small, "the device tree").file->size();
  EXPECT_LE(small->device_tree + size, ram + 64 * 1024);
  EXPECT_GT(small->device_tree + size + 4096, ram + 64 * 1024);
}

TEST(BootPlan, AnInitrdStandsBehindTheKernelOrBelowTheDeviceTree) {
  const auto big =
      plan_boot({.firmware = blob("fw", 1), .kernel = blob("k", mib), .initrd = blob("i", mib)}, 1024 * mib, 1);
  EXPECT_EQ(image_of(*big, "i").entry, ram + 130 * mib);
  const auto tight = plan_boot({.kernel = blob("k", 4 * mib), .initrd = blob("i", 14 * mib)}, 24 * mib, 1);
  EXPECT_EQ(image_of(*tight, "i").entry, tight->device_tree - 14 * mib);
}

TEST(BootPlan, PartsThatDoNotFitAreNamed) {
  EXPECT_THAT(refusal({.kernel = blob("huge", 65 * 1024)}, 64 * 1024), HasSubstr("huge: 0x10400 bytes at 0x80000000"));
  EXPECT_THAT(refusal({.kernel = elf("low.elf", 0x1000, 0x1000)}, mib), HasSubstr("low.elf: 0x1000 bytes at 0x1000"));
  EXPECT_THAT(refusal({.kernel = blob("full", 64 * 1024)}, 64 * 1024), HasSubstr("full and the device tree overlap"));
  EXPECT_THAT(refusal({.firmware = blob("fw", 100), .kernel = elf("k.elf", ram, ram)}, mib),
              HasSubstr("fw and k.elf overlap at 0x80000000"));
  EXPECT_THAT(refusal({.kernel = blob("k", 4 * mib), .initrd = blob("i", 30 * mib)}, 16 * mib), HasSubstr("i"));
  EXPECT_THAT(refusal({.kernel = blob("k", 100), .more = {raw_image("data", blob("", 8).bytes, ram + 96)}}, mib),
              HasSubstr("k and data overlap"));
}

TEST(BootPlan, NothingToRunIsSaid) { EXPECT_THAT(refusal({}, mib), HasSubstr("-bios")); }

TEST(BootPlan, ImpossibleArgumentsAreNamed) {
  const BootFiles files{.kernel = blob("k", 100)};
  for (const std::uint64_t size : {std::uint64_t{0}, 64 * 1024 - std::uint64_t{4096}, std::uint64_t{70'000}, ~4095UL}) {
    EXPECT_THROW(static_cast<void>(plan_boot(files, size, 1)), base::BadArgument) << size;
  }
  EXPECT_THROW(static_cast<void>(plan_boot(files, mib, 0)), base::BadArgument);
  EXPECT_THROW(static_cast<void>(plan_boot(files, mib, 9)), base::BadArgument);
  EXPECT_THROW(static_cast<void>(plan_boot({.firmware = blob("f", 1), .initrd = blob("i", 1)}, mib, 1)),
               base::BadArgument);
  EXPECT_THROW(static_cast<void>(plan_boot({.firmware = blob("f", 1), .append = "quiet"}, mib, 1)), base::BadArgument);
}

TEST(BootPlan, ReadsFilesUnderTheirNames) {
  EXPECT_THROW(static_cast<void>(read_named("/nowhere/vmlinux")), base::Error);
  const NamedBytes own = read_named("/proc/self/exe");
  EXPECT_EQ(own.name, "/proc/self/exe");
  EXPECT_GT(own.bytes->size(), 1000U);
}

}  // namespace
}  // namespace fermata::machine::boot
