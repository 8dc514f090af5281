// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/network.hpp"

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
using ::testing::IsEmpty;
using testing::VirtioDriver;

constexpr bus::Address output_at = 0xa000;
constexpr bus::Address input_at = 0xc000;
constexpr std::uint64_t nowhere = 0xff'0000'0000;

std::string frame_of(std::size_t size, char fill = 'f') { return std::string(size, fill); }

struct Card {
  explicit Card(Network::Config config = {}) : network(config, bench.ports(), &far_port) {}

  bool push(std::string_view frame) { return network.receive(std::as_bytes(std::span(frame))); }
  void lend(std::uint16_t index, std::uint32_t size, std::uint64_t at = input_at) {
    driver.describe(0, index, {.at = at, .size = size, .flags = flag_write});
    driver.offer(0, index);
  }
  /// In one piece, behind a header of zeros.
  void send(std::string_view frame) {
    driver.put_text(output_at, std::string(12, '\0'));
    driver.put_text(output_at + 12, frame);
    send_bytes(static_cast<std::uint32_t>(12 + frame.size()));
  }
  void send_bytes(std::uint32_t size, std::uint64_t at = output_at) {
    driver.describe(1, 0, {.at = at, .size = size});
    driver.offer(1, 0);
    driver.notify(1);
  }

  testing::Workbench bench;
  testing::FarPort far_port;
  Network network;
  MmioTransport transport{{}, bench.ports(), &network};
  VirtioDriver driver{bench, transport};
};

struct NetworkTest : ::testing::Test, Card {};

TEST_F(NetworkTest, IsANetworkCardWithItsAddress) {
  EXPECT_EQ(driver.read(0x08), 1U);
  EXPECT_EQ(driver.read(0x10), 0x1001'0028U);  // indirect descriptors, status, MAC, MTU
  EXPECT_EQ(driver.read(0x100), 0x1200'5452U);
  EXPECT_EQ(driver.read(0x104), 0x0001'5634U);
  EXPECT_EQ(transport.read(0x105, 1), 0x56U);
  EXPECT_EQ(transport.read(0x106, 2), 1U) << "link up";
  EXPECT_EQ(transport.read(0x10a, 2), 1'500U);
  EXPECT_EQ(driver.read(0x10c), 0U);
  EXPECT_EQ(driver.read(0x1fc), 0U);
  EXPECT_THAT(bench.errors.lines, IsEmpty());
  transport.write(0x100, 4, 0);
  EXPECT_EQ(bench.errors.take(), 1U);
}

TEST(NetworkConfig, IsSeenAndChecked) {
  Card card({.address = MacAddress::default_of(3), .mtu = 9'004});
  EXPECT_EQ(card.transport.read(0x105, 1), 0x59U);
  EXPECT_EQ(card.transport.read(0x10a, 2), 9'004U);
  EXPECT_EQ(card.network.largest_frame(), 9'018U);
  testing::Workbench bench;
  EXPECT_THROW(Network({.mtu = 67}, bench.ports()), base::BadArgument);
  EXPECT_THROW(Network({.mtu = 9'005}, bench.ports()), base::BadArgument);
  EXPECT_THROW(Network({.address = *MacAddress::parse("03:00:00:00:00:00")}, bench.ports()), base::BadArgument);
}

TEST_F(NetworkTest, AFrameLeavesAtTheInstantOfTheNotification) {
  driver.start(2);
  driver.put_text(output_at, std::string(12, '\0'));
  driver.put_text(output_at + 12, "hello, wide world");
  driver.describe(1, 0, {.at = output_at, .size = 5, .flags = flag_next, .next = 1});  // the header's end in the second
  driver.describe(1, 1, {.at = output_at + 5, .size = 20, .flags = flag_next, .next = 2});
  driver.describe(1, 2, {.at = output_at + 25, .size = 4});
  driver.offer(1, 0);
  bench.run_until(4'321);
  EXPECT_THAT(far_port.frames, IsEmpty());
  driver.notify(1);
  EXPECT_THAT(far_port.frames, ElementsAre("hello, wide world"));
  EXPECT_EQ(far_port.instants.back().since_origin().ns(), 4'321);
  EXPECT_EQ(driver.used(1, 0), std::pair(0UL, 0UL));
  EXPECT_TRUE(bench.irq.level());
  EXPECT_THAT(bench.errors.lines, IsEmpty());
}

TEST_F(NetworkTest, AllThatIsAvailableLeavesAtOneNotification) {
  driver.start(2);
  driver.put_text(output_at, std::string(12, '\0') + frame_of(100));
  driver.describe(1, 0, {.at = output_at, .size = 12 + 20});
  driver.describe(1, 1, {.at = output_at, .size = 12 + 30});
  driver.offer(1, 1);
  driver.offer(1, 0);
  driver.notify(1);
  EXPECT_THAT(far_port.frames, ElementsAre(frame_of(30), frame_of(20)));
  EXPECT_EQ(driver.used_index(1), 2U);
}

TEST_F(NetworkTest, AFrameIsReceivedBehindAHeader) {
  driver.start(2);
  driver.put_text(input_at, std::string(1'600, '-'));
  lend(0, 1'526);
  EXPECT_TRUE(push(frame_of(60)));
  EXPECT_EQ(driver.used(0, 0), std::pair(0UL, 72UL));
  EXPECT_EQ(driver.get_text(input_at, 73), std::string(10, '\0') + '\1' + '\0' + frame_of(60) + '-');
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(far_port.rooms, 0);
}

TEST_F(NetworkTest, AFrameIsReceivedIntoPieces) {
  driver.start(2);
  driver.put_text(input_at, std::string(64, '-'));
  driver.describe(0, 0, {.at = input_at, .size = 11, .flags = flag_next | flag_write, .next = 1});
  driver.describe(0, 1, {.at = input_at + 0x40, .size = 0, .flags = flag_next | flag_write, .next = 2});
  driver.describe(0, 2, {.at = input_at + 0x40, .size = 15, .flags = flag_next | flag_write, .next = 3});
  driver.describe(0, 3, {.at = nowhere, .size = 1'500, .flags = flag_write});  // not needed
  driver.offer(0, 0);
  EXPECT_TRUE(push("abcdefghijklmn"));
  EXPECT_EQ(driver.used(0, 0), std::pair(0UL, 26UL));
  EXPECT_EQ(driver.get_text(input_at, 12), std::string(10, '\0') + '\1' + '-');
  EXPECT_EQ(driver.get_text(input_at + 0x40, 15), std::string(1, '\0') + "abcdefghijklmn");
}

TEST_F(NetworkTest, WithoutABufferAFrameIsRefusedAndRoomIsTold) {
  driver.start(2);
  EXPECT_FALSE(push(frame_of(60)));
  driver.notify(0);
  EXPECT_EQ(far_port.rooms, 0) << "nothing is lent yet";
  lend(0, 1'526);
  driver.notify(0);
  EXPECT_EQ(far_port.rooms, 1);
  driver.notify(0);
  EXPECT_EQ(far_port.rooms, 1) << "once";
  EXPECT_TRUE(push(frame_of(60, 'a')));
  EXPECT_FALSE(push(frame_of(60, 'b')));
  lend(1, 1'526, input_at + 0x1000);
  EXPECT_TRUE(push(frame_of(60, 'c'))) << "without a notification yet";
  lend(2, 1'526);
  driver.notify(0);
  EXPECT_EQ(far_port.rooms, 2) << "for what was refused before";
  EXPECT_EQ(driver.used_index(0), 2U);
}

TEST_F(NetworkTest, BuffersLentBeforeTheStartAreRoomAtTheStart) {
  driver.write(0x70, 0);
  driver.write(0x70, 3);
  driver.negotiate(std::uint64_t{1} << 32);
  driver.write(0x70, 0xb);
  driver.set_up(0);
  lend(0, 1'526);
  EXPECT_FALSE(push(frame_of(60))) << "the driver is not ready yet";
  EXPECT_EQ(far_port.rooms, 0);
  driver.write(0x70, 0xf);
  EXPECT_EQ(far_port.rooms, 1);
  EXPECT_TRUE(push(frame_of(60)));
}

TEST_F(NetworkTest, AFrameCanBeAnsweredWhileItIsSent) {
  driver.start(2);
  lend(0, 1'526);
  far_port.answer = [this] { EXPECT_TRUE(push(frame_of(1'514, 'r'))); };
  send(frame_of(1'514, 's'));
  EXPECT_THAT(far_port.frames, ElementsAre(frame_of(1'514, 's')));
  EXPECT_EQ(driver.get_text(input_at + 12, 1'514), frame_of(1'514, 'r'));
  EXPECT_EQ(driver.used_index(0), 1U);
  EXPECT_EQ(driver.used_index(1), 1U);
}

TEST_F(NetworkTest, WhatIsNoFrameIsDroppedAndCounted) {
  driver.start(2);
  send(frame_of(13));
  send(frame_of(1'515));
  EXPECT_THAT(far_port.frames, IsEmpty());
  EXPECT_EQ(network.dropped(), 2U);
  EXPECT_THAT(bench.errors.lines, ElementsAre("network: a frame of 13 bytes; from 14 to 1514: dropped",
                                              "network: a frame of 1515 bytes; from 14 to 1514: dropped"));
  send_bytes(0xffff'ffff);
  EXPECT_EQ(network.dropped(), 3U);
  EXPECT_EQ(driver.used_index(1), 3U) << "the driver has its buffers back";
  EXPECT_EQ(driver.read(0x70), 0xfU);
  send(frame_of(14));
  send(frame_of(1'514));
  EXPECT_THAT(far_port.frames, ElementsAre(frame_of(14), frame_of(1'514)));
  EXPECT_DEATH(push(frame_of(13)), "what is received is a frame");
  EXPECT_DEATH(push(frame_of(1'515)), "what is received is a frame");
}

TEST_F(NetworkTest, OffloadsThatWereNotOfferedAreRefused) {
  driver.start(2);
  for (const unsigned field : {0U, 1U}) {
    driver.put_text(output_at, std::string(72, '\0'));
    driver.put(output_at + field, 1, 1);
    send_bytes(72);
    EXPECT_THAT(bench.errors.lines.back(), HasSubstr("asks for a checksum or for segmentation"));
  }
  EXPECT_EQ(network.dropped(), 2U);
  EXPECT_THAT(far_port.frames, IsEmpty());
  driver.start(2, std::uint64_t{1} << 32 | 1);  // checksums
  EXPECT_EQ(driver.read(0x70) & 8U, 0U);
}

TEST_F(NetworkTest, ChainsThatCannotBeFollowedNeedAReset) {
  const auto restart = [this] {
    EXPECT_EQ(driver.read(0x70), 0x4fU);
    driver.start(2);
    driver.put(VirtioDriver::driver_area(0) + 2, 2, 0);
    driver.put(VirtioDriver::driver_area(1) + 2, 2, 0);
  };
  driver.start(2);
  send_bytes(11);
  EXPECT_THAT(bench.errors.lines.back(), HasSubstr("network output of 11 bytes; its header alone has 12"));
  restart();
  send_bytes(72, nowhere);
  EXPECT_THAT(bench.errors.lines.back(), HasSubstr("network output from 0xff00000000, which is not in memory"));
  restart();
  lend(0, 1'525, nowhere);
  EXPECT_FALSE(push(frame_of(60)));
  EXPECT_THAT(bench.errors.lines.back(), HasSubstr("network input to 0xff00000000, which is not in memory"));
  EXPECT_FALSE(push(frame_of(60))) << "and says it once";
  restart();
  EXPECT_EQ(far_port.rooms, 1) << "at the reset, after which it is refused until there are buffers";
  lend(0, 71);
  EXPECT_FALSE(push(frame_of(60)));
  EXPECT_THAT(bench.errors.lines.back(), HasSubstr("buffer of 71 bytes; a frame of 60 bytes and its header need 72"));
  restart();
  driver.describe(0, 0, {.at = input_at, .size = 12, .flags = flag_next, .next = 0});
  driver.offer(0, 0);
  EXPECT_FALSE(push(frame_of(60)));
  EXPECT_THAT(bench.errors.lines.back(), HasSubstr("it is a loop"));
  EXPECT_EQ(bench.errors.take(), 5U);
  EXPECT_THAT(far_port.frames, IsEmpty());
}

TEST_F(NetworkTest, SavedWithAFrameRefused) {
  driver.start(2);
  send(frame_of(1));
  EXPECT_FALSE(push(frame_of(60)));
  const auto bytes = testing::saved(transport);
  Card other;
  std::ranges::copy(bench.memory.bytes(), other.bench.memory.bytes().begin());
  state::Reader reader(bytes);
  other.transport.load(reader);
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(testing::saved(other.transport), bytes);
  EXPECT_EQ(other.network.dropped(), 1U);
  other.lend(0, 1'526);
  other.driver.notify(0);
  EXPECT_EQ(other.far_port.rooms, 1);
  EXPECT_TRUE(other.push(frame_of(60)));
}

TEST_F(NetworkTest, AResetGivesItAsItWasBuilt) {
  driver.start(2);
  EXPECT_FALSE(push(frame_of(60)));
  transport.reset();
  EXPECT_EQ(far_port.rooms, 1);
  EXPECT_EQ(testing::saved(transport), testing::saved(Card().transport));
}

}  // namespace
}  // namespace fermata::device::virtio
