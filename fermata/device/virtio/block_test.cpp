// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/block.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "fermata/base/error.hpp"
#include "fermata/device/testing/virtio_driver.hpp"
#include "fermata/device/virtio/ram_disk.hpp"

namespace fermata::device::virtio {
namespace {

using ::testing::ElementsAre;
using testing::flag_next;
using testing::flag_write;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::VirtioDriver;

constexpr bus::Address header_at = 0x8000;
constexpr bus::Address data_at = 0x9000;
constexpr bus::Address status_at = 0x8800;
constexpr std::uint64_t nowhere = 0xff'0000'0000;

/// A disk that can be made to fail or to refuse writes.
class Fickle final : public BlockBackend {
 public:
  [[nodiscard]] std::uint64_t sector_count() const override { return disk.sector_count(); }
  [[nodiscard]] bool is_read_only() const override { return refuses_writes; }
  [[nodiscard]] bool read(std::uint64_t sector, std::span<std::byte> into) override {
    const bool is_done = !fails && disk.read(sector, into);
    if (is_done && change) {
      change(into);
    }
    return is_done;
  }
  [[nodiscard]] bool write(std::uint64_t sector, std::span<const std::byte> bytes) override {
    return !fails && disk.write(sector, bytes);
  }
  [[nodiscard]] bool flush() override {
    ++flushes;
    return !fails;
  }
  void save(state::Writer& writer) const override { disk.save(writer); }
  void load(state::Reader& reader) override { disk.load(reader); }

  RamDisk disk{256 * 1024};
  bool fails = false;
  bool refuses_writes = false;
  int flushes = 0;
  std::function<void(std::span<std::byte>)> change;  // of what is read
};

struct Drive {
  explicit Drive(Block::Config config = {}) : block(std::move(config), bench.ports(), backend) {}

  void put_header(std::uint32_t type, std::uint64_t sector, bus::Address at = header_at) {
    driver.put(at, 4, type);
    driver.put(at + 4, 4, 0);
    driver.put(at + 8, 8, sector);
  }
  /// Header, data, status as descriptors 0, 1, 2; offered.
  void ask(std::uint32_t type, std::uint64_t sector, std::uint32_t size, bool is_read, std::uint64_t data = data_at) {
    put_header(type, sector);
    driver.put(status_at, 1, 0xee);
    driver.describe(0, 0, {.at = header_at, .size = 16, .flags = flag_next, .next = 1});
    const auto write_flag = static_cast<std::uint16_t>(is_read ? flag_write : 0);
    driver.describe(0, 1,
                    {.at = data, .size = size, .flags = static_cast<std::uint16_t>(flag_next | write_flag), .next = 2});
    driver.describe(0, 2, {.at = status_at, .size = 1, .flags = flag_write});
    driver.offer(0, 0);
    driver.notify(0);
  }
  std::uint64_t status() { return driver.get(status_at, 1); }
  std::uint64_t written_of_last() { return driver.used(0, driver.used_index(0) - 1).second; }

  testing::Workbench bench;
  Fickle backend;
  Block block;
  MmioTransport transport{{}, bench.ports(), &block};
  VirtioDriver driver{bench, transport};
};

struct BlockTest : ::testing::Test, Drive {
  BlockTest() { driver.start(1); }
};

TEST_F(BlockTest, TellsItsSize) {
  EXPECT_EQ(driver.read(0x08), 2U);
  EXPECT_EQ(driver.read(0x100), 512U);  // capacity in sectors
  EXPECT_EQ(driver.read(0x104), 0U);
  EXPECT_EQ(driver.read(0x10c), 254U);  // seg_max
  EXPECT_EQ(driver.read(0x114), 512U);  // blk_size
  EXPECT_EQ(transport.read(0x101, 1), 2U);
  EXPECT_EQ(driver.read(0x118), 0U);
  EXPECT_EQ(driver.read(0x1fc), 0U);
  EXPECT_THAT(bench.errors.lines, IsEmpty());
}

TEST_F(BlockTest, WritesAndReads) {
  const std::string text(1'024, 'w');
  driver.put_text(data_at, text);
  ask(1, 510, 1'024, false);
  EXPECT_EQ(status(), 0U);
  EXPECT_EQ(written_of_last(), 1U);
  EXPECT_EQ(backend.disk.bytes()[510 * 512], std::byte{'w'});
  EXPECT_EQ(backend.disk.bytes()[510 * 512 - 1], std::byte{0});
  driver.put_text(data_at, std::string(1'024, '-'));
  ask(0, 509, 1'024, true);
  EXPECT_EQ(status(), 0U);
  EXPECT_EQ(written_of_last(), 1'025U);
  EXPECT_EQ(driver.get_text(data_at, 1'024), std::string(512, '\0') + std::string(512, 'w'));
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(driver.read(0x60), 1U);
}

TEST_F(BlockTest, TakesHeaderAndDataInAnyPieces) {
  put_header(0, 1);
  backend.disk.bytes()[512] = std::byte{'a'};
  backend.disk.bytes()[1023] = std::byte{'z'};
  const std::pair<std::uint64_t, std::uint32_t> pieces[] = {{header_at, 3}, {header_at + 3, 0}, {header_at + 3, 13},
                                                            {data_at, 1},   {data_at + 1, 510}, {data_at + 511, 2}};
  for (std::uint16_t i = 0; i < 6; ++i) {
    driver.describe(0, i,
                    {.at = pieces[i].first,
                     .size = pieces[i].second,
                     .flags = static_cast<std::uint16_t>((i < 5 ? flag_next : 0) | (i > 2 ? flag_write : 0)),
                     .next = static_cast<std::uint16_t>(i + 1)});
  }
  driver.put_text(data_at, std::string(513, '-'));
  driver.offer(0, 0);
  driver.notify(0);
  const std::string found = driver.get_text(data_at, 513);
  EXPECT_EQ(found.front(), 'a');
  EXPECT_EQ(found[511], 'z');
  EXPECT_EQ(found[512], '\0');  // the status, in the last byte that may be written
  EXPECT_THAT(bench.errors.lines, IsEmpty());
}

TEST_F(BlockTest, MoreThanOneTransfer) {
  for (std::size_t i = 0; i < 256 * 1024; ++i) {
    backend.disk.bytes()[i] = static_cast<std::byte>(i / 512);
  }
  put_header(0, 0);
  driver.describe(0, 0, {.at = header_at, .size = 16, .flags = flag_next, .next = 1});
  for (std::uint16_t i = 1; i < 7; ++i) {  // 6 * 16 KiB, all to the same place
    driver.describe(
        0, i,
        {.at = data_at, .size = 16'384, .flags = flag_next | flag_write, .next = static_cast<std::uint16_t>(i + 1)});
  }
  driver.describe(0, 7, {.at = status_at, .size = 1, .flags = flag_write});
  driver.offer(0, 0);
  driver.notify(0);
  EXPECT_EQ(status(), 0U);
  EXPECT_EQ(written_of_last(), 6U * 16'384 + 1);
  EXPECT_EQ(driver.get(data_at, 1), 5U * 32);
  EXPECT_EQ(driver.get(data_at + 16'383, 1), 5U * 32 + 31);
}

TEST_F(BlockTest, FlushAndId) {
  ask(4, 0, 0, false);
  EXPECT_EQ(status(), 0U);
  EXPECT_EQ(backend.flushes, 1);
  driver.put_text(data_at, std::string(20, 'x'));
  ask(8, 0, 20, true);
  EXPECT_EQ(status(), 0U);
  EXPECT_EQ(driver.get_text(data_at, 20), std::string("fermata") + std::string(13, '\0'));
  EXPECT_EQ(written_of_last(), 21U);
  driver.put_text(data_at, std::string(20, 'x'));
  ask(8, 0, 4, true);
  EXPECT_EQ(driver.get_text(data_at, 5), "fermx");
}

TEST_F(BlockTest, WhatCannotBeDoneHasAStatus) {
  ask(0, 512, 512, true);
  EXPECT_EQ(status(), 1U);
  ask(0, ~std::uint64_t{0}, 512, true);
  EXPECT_EQ(status(), 1U);
  ask(0, 511, 1'024, true);
  EXPECT_EQ(status(), 1U);
  ask(0, 0, 511, true);
  EXPECT_EQ(status(), 1U);
  ask(11, 0, 512, false);
  EXPECT_EQ(status(), 2U);
  ask(0, 512, 0, true);  // nothing of what follows the end
  EXPECT_EQ(status(), 0U);
  backend.fails = true;
  ask(0, 0, 512, true);
  EXPECT_EQ(status(), 1U);
  ask(1, 0, 512, false);
  EXPECT_EQ(status(), 1U);
  ask(4, 0, 0, false);
  EXPECT_EQ(status(), 1U);
  EXPECT_EQ(driver.used_index(0), 9U);
  EXPECT_EQ(driver.read(0x70), 0xfU);
}

TEST_F(BlockTest, AReadOnlyDisk) {
  backend.refuses_writes = true;
  driver.write(0x14, 0);
  EXPECT_NE(driver.read(0x10) & 1U << 5, 0U);
  ask(1, 0, 512, false);
  EXPECT_EQ(status(), 1U);
  EXPECT_EQ(backend.disk.bytes()[0], std::byte{0});
}

TEST_F(BlockTest, BuffersOutsideMemoryNeedAReset) {
  ask(0, 0, 512, true, nowhere);
  EXPECT_EQ(driver.read(0x70), 0x4fU);
  EXPECT_EQ(driver.used_index(0), 0U);
  EXPECT_THAT(bench.errors.lines,
              ElementsAre("virtio: block request 0: a buffer is not in memory; the device needs a reset"));
}

TEST_F(BlockTest, ChainsThatAreNoRequestsNeedAReset) {
  driver.describe(0, 0, {.at = header_at, .size = 15, .flags = flag_next, .next = 2});
  driver.describe(0, 2, {.at = status_at, .size = 1, .flags = flag_write});
  driver.offer(0, 0);
  driver.notify(0);
  EXPECT_THAT(bench.errors.lines.back(), HasSubstr("block request of 15 readable and 1 writable bytes"));
  driver.start(1);
  driver.put(VirtioDriver::driver_area(0) + 2, 2, 0);
  driver.describe(0, 0, {.at = header_at, .size = 16});
  driver.offer(0, 0);
  driver.notify(0);
  EXPECT_THAT(bench.errors.lines.back(), HasSubstr("block request of 16 readable and 0 writable bytes"));
  driver.start(1);
  driver.put(VirtioDriver::driver_area(0) + 2, 2, 0);
  driver.describe(0, 0, {.at = nowhere, .size = 16, .flags = flag_next, .next = 2});
  driver.offer(0, 0);
  driver.notify(0);
  EXPECT_THAT(bench.errors.lines.back(), HasSubstr("the header is not in memory"));
  EXPECT_EQ(bench.errors.take(), 3U);
}

TEST_F(BlockTest, ReadsThatMakeMoreRequestsEnd) {
  // What is read goes into the available ring, whose index is then always one more than the device has seen.
  int reads = 0;
  backend.change = [&](std::span<std::byte> bytes) {
    ++reads;
    bytes[2] = static_cast<std::byte>(reads + 1);
    bytes[3] = static_cast<std::byte>((reads + 1) >> 8);
  };
  ask(0, 0, 512, true, VirtioDriver::driver_area(0));
  EXPECT_EQ(reads, 256);
  EXPECT_EQ(driver.used_index(0), 256U);
}

struct SlowDrive : Drive {
  SlowDrive() : Drive({.latency = time::Duration::microseconds(100)}) { driver.start(1); }
};
struct SlowBlockTest : ::testing::Test, SlowDrive {};

TEST_F(SlowBlockTest, RequestsTakeTheirTimeOneAfterTheOther) {
  bench.run_until(1'000);
  ask(0, 0, 512, true);
  bench.run_until(41'000);
  ask(0, 0, 512, true);
  driver.notify(0);  // once more for the same
  bench.run_until(100'999);
  EXPECT_EQ(driver.used_index(0), 0U);
  bench.run_until(101'000);
  EXPECT_EQ(driver.used_index(0), 1U);
  bench.run_until(200'999);
  EXPECT_EQ(driver.used_index(0), 1U);
  bench.run_until(201'000);
  EXPECT_EQ(driver.used_index(0), 2U);
  EXPECT_FALSE(bench.timers.has_timers());
}

TEST_F(SlowBlockTest, SavedInTheMiddleGoesOnTheSame) {
  backend.disk.bytes()[0] = std::byte{'d'};
  ask(0, 0, 512, true);
  bench.run_until(60'000);
  const auto bytes = testing::saved_with_timers(bench, transport);
  SlowDrive other;
  other.backend.disk.bytes()[0] = std::byte{'d'};  // whose disk it is saves it
  std::ranges::copy(bench.memory.bytes(), other.bench.memory.bytes().begin());
  other.bench.run_until(60'000);
  testing::load_with_timers(other.bench, other.transport, bytes);
  EXPECT_EQ(testing::saved_with_timers(other.bench, other.transport), bytes);
  for (Drive* const each : {static_cast<Drive*>(this), static_cast<Drive*>(&other)}) {
    each->bench.run_until(99'999);
    EXPECT_EQ(each->driver.used_index(0), 0U);
    each->bench.run_until(100'000);
    EXPECT_EQ(each->driver.used_index(0), 1U);
    EXPECT_EQ(each->driver.get(data_at, 1), static_cast<std::uint64_t>('d'));
  }
}

TEST_F(SlowBlockTest, AResetForgetsWhatIsUnderWay) {
  ask(0, 0, 512, true);
  driver.write(0x70, 0);
  EXPECT_FALSE(bench.timers.has_timers());
  bench.run_until(1'000'000);
  EXPECT_EQ(driver.used_index(0), 0U);
}

TEST(BlockConfig, IsChecked) {
  testing::Workbench bench;
  RamDisk disk(4'096);
  EXPECT_THROW(Block({.serial = "123456789012345678901"}, bench.ports(), disk), base::BadArgument);
  EXPECT_THROW(Block({.latency = time::Duration::nanoseconds(-1)}, bench.ports(), disk), base::BadArgument);
  EXPECT_THROW(Block({.latency = time::Duration::max()}, bench.ports(), disk), base::BadArgument);
}

}  // namespace
}  // namespace fermata::device::virtio
