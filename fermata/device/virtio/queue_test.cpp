// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/device/testing/virtio_driver.hpp"

namespace fermata::device::virtio {
namespace {

using testing::Descriptor;
using testing::flag_indirect;
using testing::flag_next;
using testing::flag_write;
using ::testing::HasSubstr;
using testing::VirtioDriver;

struct Nothing final : bus::Window {
  std::uint64_t read(bus::Address /*offset*/, unsigned /*size*/) override { return 0; }
  void write(bus::Address /*offset*/, unsigned /*size*/, std::uint64_t /*value*/) override {}
};

struct QueueTest : ::testing::Test {
  QueueTest() { enable(); }

  void enable(bool has_indirect = true) { EXPECT_EQ(queue.enable(layout, has_indirect), std::nullopt); }
  void describe(std::uint16_t index, const Descriptor& descriptor) { driver.describe(0, index, descriptor); }
  void offer(std::uint16_t head) { driver.offer(0, head); }
  std::string fault_of_pop() {
    EXPECT_FALSE(queue.pop());
    return queue.fault().value_or("none");
  }

  testing::Workbench bench;
  Nothing unused;
  VirtioDriver driver{bench, unused};
  Queue queue{bench.dma};
  Queue::Layout layout{.size = VirtioDriver::queue_size,
                       .descriptors = VirtioDriver::descriptors(0),
                       .driver_area = VirtioDriver::driver_area(0),
                       .device_area = VirtioDriver::device_area(0)};
};

TEST_F(QueueTest, GivesChainsInTheOrderOffered) {
  describe(2, {.at = 0x8000, .size = 16, .flags = flag_next, .next = 5});
  describe(5, {.at = 0x9000, .size = 512, .flags = flag_next | flag_write, .next = 0});
  describe(0, {.at = 0xa000, .size = 1, .flags = flag_write});
  describe(7, {.at = 0xb000, .size = 3});
  EXPECT_FALSE(queue.has_work());
  offer(2);
  offer(7);
  EXPECT_TRUE(queue.has_work());
  const auto first = queue.pop();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->head, 2);
  ASSERT_EQ(first->readable.size(), 1U);
  EXPECT_EQ(first->readable[0].at, 0x8000U);
  ASSERT_EQ(first->writable.size(), 2U);
  EXPECT_EQ(first->writable[0].at, 0x9000U);
  EXPECT_EQ(first->writable_size(), 513U);
  EXPECT_EQ(first->readable_size(), 16U);
  const auto second = queue.pop();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->head, 7);
  EXPECT_FALSE(queue.pop());
  EXPECT_EQ(queue.fault(), std::nullopt);

  EXPECT_TRUE(queue.push(7, 0));
  EXPECT_TRUE(queue.push(2, 99));
  EXPECT_EQ(driver.used_index(0), 2U);
  EXPECT_EQ(driver.used(0, 0), std::pair(7UL, 0UL));
  EXPECT_EQ(driver.used(0, 1), std::pair(2UL, 99UL));
}

TEST_F(QueueTest, IndicesWrap) {
  describe(1, {.at = 0x8000, .size = 1});
  for (int i = 0; i < 70'000; ++i) {
    offer(1);
    ASSERT_TRUE(queue.pop());
    ASSERT_TRUE(queue.push(1, 0));
  }
  EXPECT_EQ(driver.used_index(0), 70'000U % 65'536);
  EXPECT_FALSE(queue.has_work());
}

TEST_F(QueueTest, IndirectTables) {
  describe(3, {.at = 0x9000, .size = 32, .flags = flag_indirect});
  driver.put_descriptor(0x9000, {.at = 0x8000, .size = 5, .flags = flag_next, .next = 1});
  driver.put_descriptor(0x9010, {.at = 0x8100, .size = 6, .flags = flag_write});
  offer(3);
  const auto chain = queue.pop();
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain->head, 3);
  EXPECT_EQ(chain->readable_size(), 5U);
  EXPECT_EQ(chain->writable_size(), 6U);
}

TEST_F(QueueTest, ALoopIsAFaultSaidOnceAfterWhichItStandsStill) {
  describe(0, {.at = 0x8000, .size = 1, .flags = flag_next, .next = 1});
  describe(1, {.at = 0x8000, .size = 1, .flags = flag_next, .next = 0});
  describe(2, {.at = 0x8000, .size = 1});
  offer(0);
  offer(2);
  EXPECT_THAT(fault_of_pop(), HasSubstr("it is a loop"));
  EXPECT_TRUE(queue.has_work());  // the fault
  EXPECT_FALSE(queue.pop());
  EXPECT_FALSE(queue.push(0, 0));
  queue.disable();
  EXPECT_EQ(queue.fault(), std::nullopt);
}

TEST_F(QueueTest, FaultsOfDescriptors) {
  describe(0, {.at = 0x8000, .size = 1, .flags = flag_next, .next = 8});
  offer(0);
  EXPECT_THAT(fault_of_pop(), HasSubstr("descriptor 8; the table has 8"));
  enable();
  describe(0, {.at = 0x8000, .size = 1, .flags = flag_next | flag_write, .next = 1});
  describe(1, {.at = 0x8000, .size = 1});
  EXPECT_THAT(fault_of_pop(), HasSubstr("a readable one after a writable one"));
}

TEST_F(QueueTest, FaultsOfIndirectTables) {
  const Descriptor wrong[] = {
      {.at = 0x9000, .size = 0, .flags = flag_indirect},
      {.at = 0x9000, .size = 17, .flags = flag_indirect},
      {.at = 0x9000, .size = 16 * 257, .flags = flag_indirect},
      {.at = ~std::uint64_t{0} - 8, .size = 16, .flags = flag_indirect},
      {.at = 0x9000, .size = 16, .flags = flag_indirect | flag_next, .next = 1},
  };
  offer(0);
  for (const Descriptor& each : wrong) {
    describe(0, each);
    enable();
    EXPECT_THAT(fault_of_pop(), HasSubstr("indirect"));
  }
  describe(0, {.at = 0x9000, .size = 16, .flags = flag_indirect});
  driver.put_descriptor(0x9000, {.at = 0x9000, .size = 16, .flags = flag_indirect});
  enable();
  EXPECT_THAT(fault_of_pop(), HasSubstr("nested"));
  driver.put_descriptor(0x9000, {.at = 0x8000, .size = 16});
  enable(false);
  EXPECT_THAT(fault_of_pop(), HasSubstr("not negotiated"));
}

TEST_F(QueueTest, FaultsOfTheRings) {
  driver.put(VirtioDriver::driver_area(0) + 2, 2, 9);
  EXPECT_THAT(fault_of_pop(), HasSubstr("from 0 to 9, by more than its 8 entries"));
  layout.driver_area = 0xff'0000;
  enable();
  EXPECT_THAT(fault_of_pop(), HasSubstr("available ring at 0xff0000 is not in memory"));
  layout.driver_area = VirtioDriver::driver_area(0);
  layout.device_area = 0xff'0000;
  enable();
  EXPECT_FALSE(queue.push(0, 0));
  EXPECT_THAT(queue.fault().value_or(""), HasSubstr("used ring at 0xff0000 is not in memory"));
  layout.descriptors = 0xff'0000;
  enable();
  driver.put(VirtioDriver::driver_area(0) + 2, 2, 1);
  EXPECT_THAT(fault_of_pop(), HasSubstr("descriptor table at 0xff0000 is not in memory"));
}

TEST_F(QueueTest, RefusesLayouts) {
  const auto complaint = [&](std::uint32_t size, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    return queue.enable({.size = size, .descriptors = a, .driver_area = b, .device_area = c}, true).value_or("");
  };
  EXPECT_THAT(complaint(0, 0x2000, 0x3000, 0x4000), HasSubstr("a power of 2 up to 256"));
  EXPECT_THAT(complaint(3, 0x2000, 0x3000, 0x4000), HasSubstr("a power of 2 up to 256"));
  EXPECT_THAT(complaint(512, 0x2000, 0x3000, 0x4000), HasSubstr("a power of 2 up to 256"));
  EXPECT_THAT(complaint(8, 0x2008, 0x3000, 0x4000), HasSubstr("aligned to 16, 2 and 4"));
  EXPECT_THAT(complaint(8, 0x2000, 0x3001, 0x4000), HasSubstr("aligned to 16, 2 and 4"));
  EXPECT_THAT(complaint(8, 0x2000, 0x3000, 0x4002), HasSubstr("aligned to 16, 2 and 4"));
  EXPECT_THAT(complaint(8, ~std::uint64_t{15}, 0x3000, 0x4000), HasSubstr("aligned to 16, 2 and 4"));
  EXPECT_EQ(complaint(256, 0x2000, 0x3000, 0x4000), "");
}

TEST_F(QueueTest, TheDriverMayWantNoInterrupts) {
  EXPECT_TRUE(queue.wants_interrupt());
  driver.put(VirtioDriver::driver_area(0), 2, 1);
  EXPECT_FALSE(queue.wants_interrupt());
}

TEST_F(QueueTest, SavesAndLoads) {
  describe(1, {.at = 0x8000, .size = 1});
  describe(2, {.at = 0x8000, .size = 1, .flags = flag_next, .next = 99});
  offer(1);
  offer(1);
  offer(2);
  ASSERT_TRUE(queue.pop());
  EXPECT_TRUE(queue.push(1, 0));
  const auto bytes = testing::saved(queue);
  Queue other(bench.dma);
  state::Reader reader(bytes);
  other.load(reader);
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(other.pop().value().head, 1);
  EXPECT_FALSE(other.pop());
  EXPECT_TRUE(other.fault());
  const auto with_fault = testing::saved(other);
  state::Reader again(with_fault);
  queue.load(again);
  EXPECT_EQ(queue.fault(), other.fault());

  state::Writer writer;
  writer.flag(true);
  writer.flag(false);
  writer.u32(7);
  const std::vector<std::byte> rest(100);
  auto damaged = writer.take();
  damaged.insert(damaged.end(), rest.begin(), rest.end());
  state::Reader of_damaged(damaged);
  EXPECT_THROW(queue.load(of_damaged), base::Error);
}

}  // namespace
}  // namespace fermata::device::virtio
