// SPDX-License-Identifier: MIT
#include "fermata/machine/board.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/device/virtio/ram_disk.hpp"
#include "fermata/machine/board_map.hpp"
#include "fermata/machine/machine.hpp"
#include "fermata/machine/testing/programs.hpp"

namespace fermata::machine {
namespace {

using namespace time::literals;
using time::Instant;

Config bare() { return Config{.boot = testing::plan_of(testing::wait_for_ever(), 2)}; }

TEST(Board, HasEverythingWhereQemuHasIt) {
  Machine machine(bare());
  bus::AddressSpace& memory = machine.board().memory();
  const std::vector<bus::Address> windows{0x100000,   0x101000,   0x2000000,  0xc000000,
                                          0x10000000, 0x10001000, 0x10008000, 0x10200000};
  for (const bus::Address window : windows) {
    EXPECT_TRUE(memory.is_window(window)) << std::hex << window;
  }
  const std::vector<bus::Address> nowhere{0x0, 0x10009000, 0x20000000, 0x30000000, 0x80100000};
  for (const bus::Address nothing : nowhere) {
    EXPECT_FALSE(memory.is_window(nothing)) << std::hex << nothing;
    EXPECT_FALSE(memory.ram_at(nothing).has_value()) << std::hex << nothing;
  }
  EXPECT_EQ(memory.read(0x1000, 4), 0x297U) << "the reset vector";
  EXPECT_FALSE(memory.write(0x1000, 4, 0)) << "a ROM";
  EXPECT_EQ(memory.read(0x10001000, 4), 0x74726976U) << "virtio's magic";
  EXPECT_EQ(memory.read(0x10001008, 4), 0U) << "an empty slot";
}

TEST(Board, InterruptsReachTheirPlicSource) {
  Machine machine(bare());
  bus::AddressSpace& memory = machine.board().memory();
  // The tick timer expires at once: source 12 is pending.
  EXPECT_TRUE(memory.write(0x1020000c, 4, 0));
  EXPECT_EQ(memory.read(0xc001000, 4), 1U << board_map::tick_timer_source);
  // The UART's transmitter is empty: source 10.
  EXPECT_TRUE(memory.write(0x10000001, 1, 2));
  EXPECT_EQ(memory.read(0xc001000, 4), 1U << 12 | 1U << 10);
}

TEST(Board, SoftwareInterruptsReachTheirHart) {
  Machine machine(bare());
  ASSERT_TRUE(machine.board().memory().write(0x2000004, 4, 1));
  constexpr unsigned mip = 0x344;
  EXPECT_EQ(*machine.harts().at(1).csr(mip) & 8U, 8U);
  EXPECT_EQ(*machine.harts().at(0).csr(mip) & 8U, 0U);
}

TEST(Board, DisksAndTheConsoleTakeSlots) {
  Config config = bare();
  config.disks.push_back(std::make_unique<device::virtio::RamDisk>(4096));
  config.disks.push_back(std::make_unique<device::virtio::RamDisk>(8192));
  config.has_console = true;
  Machine machine(std::move(config));
  bus::AddressSpace& memory = machine.board().memory();
  EXPECT_EQ(memory.read(0x10001008, 4), 2U) << "block";
  EXPECT_EQ(memory.read(0x10002008, 4), 2U);
  EXPECT_EQ(memory.read(0x10002100, 4), 16U) << "sectors";
  EXPECT_EQ(memory.read(0x10003008, 4), 3U) << "console";
  EXPECT_EQ(machine.serial_count(), 2U);
}

TEST(Board, MoreDevicesThanSlotsAreABadArgument) {
  Config config = bare();
  for (int i = 0; i < 8; ++i) {
    config.disks.push_back(std::make_unique<device::virtio::RamDisk>(4096));
  }
  config.has_console = true;
  EXPECT_THROW(Machine{std::move(config)}, base::BadArgument);
}

TEST(Board, NetworksTakeTheSlotsBehindTheOthers) {
  Config config = bare();
  config.disks.push_back(std::make_unique<device::virtio::RamDisk>(4096));
  config.has_console = true;
  config.networks = {device::MacAddress::default_of(0), device::MacAddress::default_of(1)};
  Machine machine(std::move(config));
  bus::AddressSpace& memory = machine.board().memory();
  EXPECT_EQ(memory.read(0x10001008, 4), 2U) << "block";
  EXPECT_EQ(memory.read(0x10002008, 4), 3U) << "console";
  EXPECT_EQ(memory.read(0x10003008, 4), 1U) << "network";
  EXPECT_EQ(memory.read(0x10003104, 2), 0x5634U) << "the end of its address";
  EXPECT_EQ(memory.read(0x10004104, 2), 0x5734U);
  EXPECT_EQ(memory.read(0x10005008, 4), 0U);
  EXPECT_EQ(machine.ethernet_count(), 2U);
  EXPECT_EQ(Machine(bare()).ethernet_count(), 0U);
}

TEST(Board, NetworksCountAmongTheSlots) {
  Config config = bare();
  config.networks.resize(8);
  EXPECT_EQ(Machine{std::move(config)}.ethernet_count(), 8U);
  Config too_many = bare();
  too_many.networks.resize(9);
  EXPECT_THROW(Machine{std::move(too_many)}, base::BadArgument);
}

TEST(Board, TheClockChipReadsTheChosenClock) {
  Config config = bare();
  config.rtc_offset_ns = 1'700'000'000'000'000'000;
  Machine machine(std::move(config));
  machine.run_until(Instant::at(5_s));
  const std::uint64_t low = *machine.board().memory().read(0x101000, 4);
  const std::uint64_t high = *machine.board().memory().read(0x101004, 4);
  EXPECT_EQ(high << 32 | low, 1'700'000'005'000'000'000U);
}

TEST(Board, ResetBringsDevicesBackAndTheImages) {
  Machine machine(bare());
  bus::AddressSpace& memory = machine.board().memory();
  machine.run_until(Instant::at(1_ms));
  ASSERT_TRUE(memory.write(0x80000000, 4, 0));
  ASSERT_TRUE(memory.write(0x80080000, 4, 77));
  ASSERT_TRUE(memory.write(0xc000004, 4, 5));
  machine.reset();
  EXPECT_EQ(machine.now(), Instant::at(1_ms));
  EXPECT_NE(memory.read(0x80000000, 4), 0U) << "the program is loaded again";
  EXPECT_EQ(memory.read(0x80080000, 4), 77U) << "the rest of RAM stays";
  EXPECT_EQ(memory.read(0xc000004, 4), 0U) << "a priority";
  EXPECT_EQ(machine.harts().at(1).pc(), 0x1000U);
}

}  // namespace
}  // namespace fermata::machine
