// SPDX-License-Identifier: MIT
#include "fermata/machine/serial_end.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "fermata/machine/machine.hpp"
#include "fermata/machine/testing/programs.hpp"

namespace fermata::machine {
namespace {

using namespace time::literals;
using time::Instant;

// A device with room for three bytes.
class SmallInput final : public device::SerialInput {
 public:
  [[nodiscard]] std::size_t free_space() const override { return 3 - held.size(); }
  [[nodiscard]] std::size_t receive(std::span<const std::byte> bytes) override {
    const std::size_t count = std::min(bytes.size(), free_space());
    held.append(reinterpret_cast<const char*>(bytes.data()), count);
    return count;
  }
  std::string held;
};

TEST(SerialEnd, KeepsWhatTheDeviceHasNoRoomFor) {
  SmallInput input;
  SerialEnd end("serial0", nullptr);
  end.connect(input);
  int drained = 0;
  end.set_drained_handler([&drained] { ++drained; });
  end.send("hello");
  EXPECT_EQ(input.held, "hel");
  EXPECT_EQ(end.pending(), 2U);
  end.send("!");
  EXPECT_EQ(end.pending(), 3U) << "behind what waits";
  EXPECT_EQ(drained, 0);
  input.held.clear();
  end.room_again();
  EXPECT_EQ(input.held, "lo!");
  EXPECT_EQ(end.pending(), 0U);
  EXPECT_EQ(drained, 1);
}

// A device that tells of room, and hands news to the far end, before it has said what it took.
class HastyInput final : public device::SerialInput {
 public:
  explicit HastyInput(SerialEnd& end) : end_(end) {}
  [[nodiscard]] std::size_t free_space() const override { return 3; }
  [[nodiscard]] std::size_t receive(std::span<const std::byte> bytes) override {
    ++calls;
    if (!more.empty()) {
      end_.send(std::exchange(more, {}));
    }
    end_.room_again();
    const std::size_t count = std::min<std::size_t>(bytes.size(), 3);
    held.append(reinterpret_cast<const char*>(bytes.data()), count);
    return count;
  }
  std::string held;
  std::string more;
  int calls = 0;

 private:
  SerialEnd& end_;
};

TEST(SerialEnd, ADeviceThatCallsBackGetsEachByteOnce) {
  SerialEnd end("serial0", nullptr);
  HastyInput input(end);
  end.connect(input);
  input.more = std::string(10'000, '!');
  end.send("hello");
  EXPECT_EQ(input.held, "hello" + std::string(10'000, '!'));
  EXPECT_EQ(end.pending(), 0U);
  EXPECT_EQ(input.calls, 3'335);
}

TEST(SerialEnd, WhatIsSentMeanwhileIsOfferedToADeviceThatTookAll) {
  struct Input final : device::SerialInput {
    [[nodiscard]] std::size_t free_space() const override { return 100; }
    [[nodiscard]] std::size_t receive(std::span<const std::byte> bytes) override {
      if (std::exchange(is_first, false)) {
        end->send("b");
      }
      held.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return bytes.size();
    }
    SerialEnd* end = nullptr;
    bool is_first = true;
    std::string held;
  } input;
  SerialEnd end("serial0", nullptr);
  input.end = &end;
  end.connect(input);
  end.send("a");
  EXPECT_EQ(input.held, "ab");
  EXPECT_EQ(end.pending(), 0U);
}

// 16 bytes at a time, as a UART takes them: a queue that moved the rest each time would copy 16 TiB.
TEST(SerialEnd, MuchThatWaitsIsTakenInSmallPieces) {
  struct Input final : device::SerialInput {
    [[nodiscard]] std::size_t free_space() const override { return 16; }
    [[nodiscard]] std::size_t receive(std::span<const std::byte> bytes) override {
      const std::size_t count = std::min<std::size_t>(bytes.size(), 16);
      taken += count;
      return count;
    }
    std::size_t taken = 0;
  } input;
  SerialEnd end("serial0", nullptr);
  end.connect(input);
  const std::size_t size = std::size_t{16} << 20;
  end.send(std::string(size, 'x'));
  while (end.pending() > 0) {
    end.room_again();
  }
  EXPECT_EQ(input.taken, size);
}

TEST(SerialEnd, WhatWaitsIsSaved) {
  SmallInput input;
  SerialEnd end("serial0", nullptr);
  end.connect(input);
  end.send("hello");
  state::Writer writer;
  end.save(writer);
  const auto bytes = writer.take();

  SmallInput other_input;
  SerialEnd other("serial0", nullptr);
  other.connect(other_input);
  state::Reader reader(bytes);
  other.load(reader);
  other.room_again();
  EXPECT_EQ(other_input.held, "lo");
}

TEST(SerialEnd, RecordsWhatTheGuestSends) {
  trace::MemorySink trace;
  SerialEnd end("serial1", &trace);
  end.transmitted(Instant::at(5_us), std::as_bytes(std::span("a\n", 2)));
  ASSERT_EQ(trace.records().size(), 1U);
  EXPECT_EQ(to_line(trace.records()[0]), "0.000005000 output serial1 a\\x0a");
}

TEST(SerialEnd, AGuestEchoesWhatIsSentWhileItStands) {
  Machine machine(Config{.boot = testing::plan_of(testing::echo())});
  std::string received;
  machine.serial().set_receiver([&received](Instant, std::span<const std::byte> bytes) {
    received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  machine.run_until(Instant::at(1_ms));
  EXPECT_TRUE(machine.is_idle());
  std::string sent;
  for (int i = 0; i < 100; ++i) {
    sent += static_cast<char>('0' + i % 75);
  }
  machine.serial().send(sent);
  machine.run_until(Instant::at(2_ms));
  EXPECT_EQ(received, sent) << "more than the UART's FIFO holds";
  EXPECT_EQ(machine.serial().pending(), 0U);
}

}  // namespace
}  // namespace fermata::machine
