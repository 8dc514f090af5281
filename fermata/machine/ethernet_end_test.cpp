// SPDX-License-Identifier: MIT
#include "fermata/machine/ethernet_end.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/machine/machine.hpp"
#include "fermata/machine/testing/programs.hpp"

namespace fermata::machine {
namespace {

using namespace time::literals;
using ::testing::ElementsAre;
using time::Instant;

// A device that takes as many frames as it has room for.
class SmallInput final : public device::EthernetInput {
 public:
  [[nodiscard]] std::size_t largest_frame() const override { return 20; }
  [[nodiscard]] bool receive(std::span<const std::byte> frame) override {
    if (room == 0) {
      return false;
    }
    --room;
    held.emplace_back(reinterpret_cast<const char*>(frame.data()), frame.size());
    return true;
  }
  int room = 0;
  std::vector<std::string> held;
};

std::string frame_of(std::size_t number) { return "frame of 15 b " + std::string(1, static_cast<char>('0' + number)); }

struct Cable {
  Cable() { end.connect(input); }
  bool send(std::string_view frame) { return end.send(std::as_bytes(std::span(frame))); }
  void transmit(std::string_view frame) { end.transmitted(Instant::at(5_us), std::as_bytes(std::span(frame))); }

  SmallInput input;
  trace::MemorySink trace;
  EthernetEnd end{"ethernet0", &trace};
};

TEST(EthernetEnd, KeepsInOrderWhatTheDeviceHasNoRoomFor) {
  Cable cable;
  int drained = 0;
  cable.end.set_drained_handler([&drained] { ++drained; });
  cable.input.room = 1;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(cable.send(frame_of(i)));
  }
  EXPECT_THAT(cable.input.held, ElementsAre(frame_of(0)));
  EXPECT_EQ(cable.end.pending(), 3U);
  cable.input.room = 2;
  EXPECT_TRUE(cable.send(frame_of(4))) << "behind those that wait, although there is room";
  EXPECT_EQ(cable.end.pending(), 4U);
  cable.end.room_again();
  EXPECT_THAT(cable.input.held, ElementsAre(frame_of(0), frame_of(1), frame_of(2)));
  EXPECT_EQ(drained, 0);
  cable.input.room = 9;
  cable.end.room_again();
  EXPECT_THAT(cable.input.held, ElementsAre(frame_of(0), frame_of(1), frame_of(2), frame_of(3), frame_of(4)));
  EXPECT_EQ(cable.end.pending(), 0U);
  EXPECT_EQ(drained, 1);
  cable.end.room_again();
  EXPECT_EQ(drained, 1);
}

TEST(EthernetEnd, ADeviceThatCallsBackGetsEachFrameOnce) {
  // Tells of room, and hands news to the far end, before it has said whether it took the frame.
  struct HastyInput final : device::EthernetInput {
    [[nodiscard]] std::size_t largest_frame() const override { return 20; }
    [[nodiscard]] bool receive(std::span<const std::byte> frame) override {
      if (held.size() == 3) {
        return false;
      }
      held.emplace_back(reinterpret_cast<const char*>(frame.data()), frame.size());
      end->room_again();
      if (held.size() == 1) {
        static_cast<void>(end->send(std::as_bytes(std::span(std::string_view(frame_of(3))))));
      }
      return true;
    }
    EthernetEnd* end = nullptr;
    std::vector<std::string> held;
  } input;
  EthernetEnd end("ethernet0", nullptr);
  input.end = &end;
  end.connect(input);
  for (const std::size_t i : {0U, 1U, 2U}) {
    EXPECT_TRUE(end.send(std::as_bytes(std::span(std::string_view(frame_of(i))))));
  }
  EXPECT_THAT(input.held, ElementsAre(frame_of(0), frame_of(3), frame_of(1)));
  EXPECT_EQ(end.pending(), 1U);
  input.held.clear();
  end.room_again();
  EXPECT_THAT(input.held, ElementsAre(frame_of(2), frame_of(3)));
  EXPECT_EQ(end.pending(), 0U);
}

TEST(EthernetEnd, DropsAndCountsWhatIsTooMuch) {
  Cable cable;
  for (std::size_t i = 0; i < EthernetEnd::most_pending; ++i) {
    EXPECT_TRUE(cable.send(frame_of(i)));
  }
  EXPECT_EQ(cable.end.dropped(), 0U);
  EXPECT_FALSE(cable.send("the newest is lost"));
  EXPECT_FALSE(cable.send(frame_of(0)));
  EXPECT_EQ(cable.end.dropped(), 2U);
  EXPECT_EQ(cable.end.pending(), 64U);
  cable.input.room = 100;
  cable.end.room_again();
  EXPECT_EQ(cable.input.held.size(), 64U);
  EXPECT_EQ(cable.input.held.back(), frame_of(63));
}

TEST(EthernetEnd, WhatIsNoFrameIsABadArgument) {
  Cable cable;
  cable.input.room = 9;
  EXPECT_TRUE(cable.send(std::string(14, 'x')));
  EXPECT_TRUE(cable.send(std::string(20, 'x')));
  for (const std::size_t size : {0U, 13U, 21U}) {
    try {
      cable.send(std::string(size, 'x'));
      ADD_FAILURE() << size;
    } catch (const base::BadArgument& error) {
      EXPECT_EQ(error.what(),
                "ethernet0: a frame of " + std::to_string(size) + " bytes; from 14 to 20, without its check sequence");
    }
  }
  EXPECT_EQ(cable.input.held.size(), 2U);
}

TEST(EthernetEnd, WhatWaitsIsSaved) {
  Cable cable;
  for (std::size_t i = 0; i < EthernetEnd::most_pending + 3; ++i) {
    cable.send(frame_of(i));
  }
  state::Writer writer;
  cable.end.save(writer);
  const auto bytes = writer.take();
  Cable other;
  other.send(frame_of(70));
  state::Reader reader(bytes);
  other.end.load(reader);
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(other.end.pending(), 64U);
  EXPECT_EQ(other.end.dropped(), 3U);
  other.input.room = 100;
  other.end.room_again();
  EXPECT_EQ(other.input.held.front(), frame_of(0));
  EXPECT_EQ(other.input.held.back(), frame_of(63));
}

TEST(EthernetEnd, StateThatCannotBeIsRefused) {
  const auto load = [](std::uint32_t count, std::size_t size) {
    state::Writer writer;
    writer.u64(0);
    writer.u32(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      writer.bytes(std::vector<std::byte>(size));
    }
    const auto bytes = writer.take();
    state::Reader reader(bytes);
    Cable().end.load(reader);
  };
  load(64, 20);
  EXPECT_THROW(load(65, 20), base::Error);
  EXPECT_THROW(load(1, 21), base::Error);
  EXPECT_THROW(load(1, 13), base::Error);
}

TEST(EthernetEnd, RecordsWhatTheGuestSends) {
  Cable cable;
  std::vector<std::string> received;
  cable.end.set_receiver([&received](Instant at, std::span<const std::byte> frame) {
    EXPECT_EQ(at, Instant::at(5_us));
    received.emplace_back(reinterpret_cast<const char*>(frame.data()), frame.size());
  });
  cable.transmit("abcdefghijklm\xff");
  cable.transmit(std::string(64, '0'));
  cable.transmit(std::string(64, '0') + "123456789");
  cable.transmit(std::string(64, '0') + "123456788");
  ASSERT_EQ(cable.trace.records().size(), 4U);
  std::string zeros;
  for (int i = 0; i < 64; ++i) {
    zeros += "30";
  }
  EXPECT_EQ(to_line(cable.trace.records()[0]), "0.000005000 output ethernet0 14 6162636465666768696a6b6c6dff");
  EXPECT_EQ(cable.trace.records()[1].text, "ethernet0 64 " + zeros);
  EXPECT_EQ(cable.trace.records()[2].text, "ethernet0 73 " + zeros + " fcs=ef158e87");
  EXPECT_NE(cable.trace.records()[3].text, cable.trace.records()[2].text) << "differs behind what is shown";
  EXPECT_EQ(received.size(), 4U);
  EXPECT_EQ(received[0], "abcdefghijklm\xff");
}

TEST(EthernetEnd, FramesForAMachineWithoutADriverWaitAndAreInItsSnapshot) {
  const auto config = [] {
    Config one{.boot = testing::plan_of(testing::wait_for_ever())};
    one.networks = {device::MacAddress{}};
    return one;
  };
  Machine machine(config());
  EXPECT_EQ(machine.ethernet().largest_frame(), 1'514U);
  const std::vector<std::byte> frame(1'514, std::byte{7});
  for (int i = 0; i < 70; ++i) {
    machine.run_until(machine.now() + 1_us);
    EXPECT_EQ(machine.ethernet().send(frame), i < 64);
  }
  machine.reset();
  EXPECT_EQ(machine.ethernet().pending(), 64U);
  EXPECT_EQ(machine.ethernet().dropped(), 6U);
  Machine other(config());
  other.load(machine.save());
  EXPECT_EQ(other.ethernet().pending(), 64U);
  EXPECT_EQ(other.save(), machine.save());
  Config elsewhere = config();
  elsewhere.networks = {device::MacAddress::default_of(1)};
  Machine foreign(std::move(elsewhere));
  EXPECT_THROW(foreign.load(machine.save()), base::Error);
}

}  // namespace
}  // namespace fermata::machine
