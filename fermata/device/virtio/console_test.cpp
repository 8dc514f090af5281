// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/console.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/device/testing/virtio_driver.hpp"

namespace fermata::device::virtio {
namespace {

using ::testing::ElementsAre;
using testing::flag_next;
using testing::flag_write;
using ::testing::HasSubstr;
using testing::VirtioDriver;

struct Line {
  std::size_t push(std::string_view text) { return console.receive(std::as_bytes(std::span(text))); }
  void lend(std::uint16_t index, std::uint32_t size) {
    driver.describe(0, index, {.at = VirtioDriver::buffers + 0x100U * index, .size = size, .flags = flag_write});
    driver.offer(0, index);
    driver.notify(0);
  }
  std::string received(std::uint64_t used) {
    const auto [head, size] = driver.used(0, used);
    return driver.get_text(VirtioDriver::buffers + 0x100 * head, size);
  }

  testing::Workbench bench;
  testing::FarEnd far_end;
  Console console{bench.ports(), &far_end};
  MmioTransport transport{{}, bench.ports(), &console};
  VirtioDriver driver{bench, transport};
};

struct ConsoleTest : ::testing::Test, Line {};

TEST_F(ConsoleTest, IsAConsole) {
  EXPECT_EQ(driver.read(0x08), 3U);
  EXPECT_EQ(driver.read(0x10), 0x1000'0004U);
  EXPECT_EQ(driver.read(0x100), 0U);
}

TEST_F(ConsoleTest, OutputLeavesAtTheInstantOfTheNotification) {
  driver.start(2);
  driver.put_text(VirtioDriver::buffers, "hello world");
  driver.describe(1, 0, {.at = VirtioDriver::buffers, .size = 5, .flags = flag_next, .next = 1});
  driver.describe(1, 1, {.at = VirtioDriver::buffers + 5, .size = 6});
  driver.offer(1, 0);
  bench.run_until(4'321);
  driver.notify(1);
  EXPECT_EQ(far_end.text, "hello world");
  EXPECT_EQ(far_end.instants.back().since_origin().ns(), 4'321);
  EXPECT_EQ(driver.used(1, 0), std::pair(0UL, 0UL));
  EXPECT_TRUE(bench.irq.level());
}

TEST_F(ConsoleTest, InputWaitsForBuffers) {
  EXPECT_EQ(push("early"), 0U);  // nobody is there yet
  driver.start(2);
  EXPECT_EQ(far_end.rooms, 1);
  EXPECT_EQ(push("abcdef"), 6U);
  EXPECT_FALSE(bench.irq.level());
  lend(0, 4);
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(received(0), "abcd");
  lend(1, 100);
  EXPECT_EQ(received(1), "ef");
  lend(2, 100);
  EXPECT_EQ(driver.used_index(0), 2U);
  EXPECT_EQ(push("gh"), 2U);
  EXPECT_EQ(received(2), "gh");
}

TEST_F(ConsoleTest, TellsWhenThereIsRoomAgain) {
  driver.start(2);
  EXPECT_EQ(console.free_space(), 4'096U);
  EXPECT_EQ(push(std::string(5'000, 'x')), 4'096U);
  EXPECT_EQ(console.free_space(), 0U);
  EXPECT_EQ(far_end.rooms, 0);
  lend(0, 10);
  EXPECT_EQ(console.free_space(), 10U);
  EXPECT_EQ(far_end.rooms, 1);
  lend(1, 10);
  EXPECT_EQ(far_end.rooms, 1);  // nothing was refused since
}

// Who is told of room offers the rest at once; that must not be while it still waits to hear what was taken.
TEST_F(ConsoleTest, DoesNotTellOfRoomFromWithinReceive) {
  driver.start(2);
  for (std::uint16_t index = 0; index < 4; ++index) {
    lend(index, 0x40);
  }
  std::string text;
  for (int i = 0; i < 5'000; ++i) {
    text += static_cast<char>('a' + i % 26);
  }
  EXPECT_EQ(push(text), 4'096U + 4 * 0x40U) << "what went on into memory made room for more";
  EXPECT_EQ(far_end.rooms, 0);
  EXPECT_EQ(console.free_space(), 0U);
  for (std::uint16_t index = 0; index < 4; ++index) {
    EXPECT_EQ(received(index), text.substr(index * 0x40U, 0x40));
  }
  lend(4, 0x80);
  EXPECT_EQ(far_end.rooms, 1);
  EXPECT_EQ(received(4), text.substr(0x100, 0x80));
  EXPECT_EQ(push(text.substr(4'352)), 0x80U) << "after the room that was told of";
}

TEST_F(ConsoleTest, EmergencyWrite) {
  transport.write(0x108, 4, 'E');
  EXPECT_EQ(far_end.text, "E");
  transport.write(0x100, 4, 'x');
  EXPECT_EQ(bench.errors.take(), 1U);
}

TEST_F(ConsoleTest, BuffersOutsideMemoryNeedAReset) {
  driver.start(2);
  driver.describe(1, 0, {.at = 0xff'0000'0000, .size = 5});
  driver.offer(1, 0);
  driver.notify(1);
  EXPECT_THAT(bench.errors.lines, ElementsAre(HasSubstr("console output from 0xff00000000, which is not in memory")));
  EXPECT_EQ(driver.read(0x70), 0x4fU);
  driver.start(2);
  driver.describe(0, 0, {.at = 0xff'0000'0000, .size = 5, .flags = flag_write});
  driver.offer(0, 0);
  EXPECT_EQ(push("a"), 1U);
  EXPECT_THAT(bench.errors.lines.back(), HasSubstr("console input to 0xff00000000"));
  EXPECT_EQ(console.free_space(), 0U);
}

TEST_F(ConsoleTest, AnOutputWithoutEndNeedsAReset) {
  driver.start(2);
  driver.describe(1, 0, {.at = 0x1000, .size = 0xffff'ffff});
  driver.offer(1, 0);
  driver.notify(1);
  EXPECT_THAT(bench.errors.lines, ElementsAre(HasSubstr("console output of 4294967295 bytes at once")));
  EXPECT_EQ(far_end.text, "");
}

TEST_F(ConsoleTest, SavedWithInputWaiting) {
  driver.start(2);
  EXPECT_EQ(push("waiting"), 7U);
  const auto bytes = testing::saved(transport);
  Line other;
  std::ranges::copy(bench.memory.bytes(), other.bench.memory.bytes().begin());
  state::Reader reader(bytes);
  other.transport.load(reader);
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(testing::saved(other.transport), bytes);
  other.lend(0, 100);
  EXPECT_EQ(other.received(0), "waiting");
  transport.reset();
  EXPECT_EQ(testing::saved(transport), testing::saved(Line().transport));
}

}  // namespace
}  // namespace fermata::device::virtio
