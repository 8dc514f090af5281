// SPDX-License-Identifier: GPL-2.0-or-later
//
// Channels on a fake QEMU, so that sanitizers see them. On real ones: tests/qemu/link_test.cpp.
#include "guests/qemu/agent/link/channels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/sim/link_guest.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "guests/qemu/agent/fake_qemu.hpp"
#include "guests/qemu/agent/icount_executor.hpp"

namespace fermata::qemu::link {
namespace {

using namespace std::chrono_literals;
using namespace time::literals;
using time::Duration;
using time::Instant;

constexpr auto limit = 30s;

// A device that has room for so many bytes; `log` has what it was given, and when.
struct FakeSerial final : SerialPort {
  explicit FakeSerial(const FakeQemu& qemu) : host(&qemu) {}
  void set_handlers(Handlers to) override { handlers = std::move(to); }
  std::size_t room() override { return free; }
  void receive(std::span<const std::byte> bytes) override {
    free -= bytes.size();
    for (const std::byte byte : bytes) {
      log += std::string(1, static_cast<char>(byte)) + "@" + std::to_string(host->clock().ns()) + " ";
    }
  }
  void send(std::string_view text) const { handlers.sent(std::as_bytes(std::span(text))); }

  const FakeQemu* host;
  Handlers handlers;
  std::size_t free = 100;
  std::string log;
};

struct FakeWindow final : RegisterWindow {
  void set_handlers(Handlers to) override { handlers = std::move(to); }
  Handlers handlers;
};

struct FakeIrq final : IrqInput {
  explicit FakeIrq(const FakeQemu& qemu) : host(&qemu) {}
  void set(bool level) override { log += std::to_string(level) + "@" + std::to_string(host->clock().ns()) + " "; }
  const FakeQemu* host;
  std::string log;
};

// 4096 bytes at 0x8000.
struct FakeMemory final : MemoryPort {
  bool is_memory(std::uint64_t at, std::uint64_t size, Need /*need*/) override {
    return at >= 0x8000 && at <= 0x9000 && size <= 0x9000 - at;
  }
  void copy_from(std::uint64_t at, std::span<std::byte> into) override {
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at - 0x8000), into.size(), into.begin());
  }
  void copy_to(std::uint64_t at, std::span<const std::byte> from) override {
    std::copy(from.begin(), from.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at - 0x8000));
  }
  std::vector<std::byte> bytes = std::vector<std::byte>(4096);
};

// Made by the test's thread, which is QEMU's main thread.
struct FakeSnapshots final : Snapshots {
  explicit FakeSnapshots(FakeQemu& qemu) : host(&qemu) {}
  void save(const std::string& tag, std::function<void(std::string)> done) override {
    clocks[tag] = host->clock();
    done(failure);
  }
  void load(const std::string& /*tag*/, std::function<void(std::string)> done) override { done(failure); }
  FakeQemu* host;
  std::map<std::string, Duration> clocks;
  std::string failure;
};

class ChannelsTest : public ::testing::Test {
 protected:
  void start(const sim::LinkOptions& options = {}) {
    std::vector<std::unique_ptr<End>> ends;
    ends.push_back(std::make_unique<SerialEnd>("console", serial));
    ends.push_back(std::make_unique<LineEnd>("alarm", irq));
    ends.push_back(std::make_unique<WindowEnd>("board", 0x1000, 0x100, window, wait_on(executor)));
    ends.push_back(std::make_unique<DmaEnd>("memory", memory));
    channels.emplace(qemu, executor, snapshots, std::move(ends));
    session = channels->make_session("fake QEMU", Channels::abilities);
    auto [ours, theirs] = transport::UnixSocket::make_pair();
    guest_end = std::make_unique<transport::UnixSocket>(std::move(theirs));
    follower.emplace(*session, *guest_end, executor);
    executor.set_follower(*follower);
    qemu.boot(executor);
    qemu.start();
    guest.emplace(sim::LinkGuest::attach(std::make_unique<transport::UnixSocket>(std::move(ours)), options));
    guest->serial("console").on_output([this](Instant at, std::string_view text) {
      outputs += std::string(text) + "@" + std::to_string(at.since_origin().ns()) + " ";
    });
  }
  void TearDown() override { qemu.power_off(); }

  FakeQemu qemu;
  FakeSerial serial{qemu};
  FakeIrq irq{qemu};
  FakeWindow window;
  FakeMemory memory;
  FakeSnapshots snapshots{qemu};
  IcountExecutor executor{qemu};
  std::optional<Channels> channels;
  std::unique_ptr<wire::GuestSession> session;
  std::unique_ptr<transport::UnixSocket> guest_end;
  std::optional<guest::Follower> follower;
  std::optional<sim::LinkGuest> guest;
  std::string outputs;
};

TEST_F(ChannelsTest, InputsComeAtTheirInstants) {
  start();
  guest->serial("console").send(Instant::at(1'000_us), "a");
  guest->serial("console").send(Instant::at(1'200_us), "b");
  guest->line("alarm").set(Instant::at(1'200_us), true);
  guest->run_until(Instant::at(1'100_us), limit);
  EXPECT_EQ(serial.log, "a@1000000 ");
  guest->run_until(Instant::at(2_ms), limit);
  EXPECT_EQ(serial.log, "a@1000000 b@1200000 ");
  EXPECT_EQ(irq.log, "1@1200000 ");
}

TEST_F(ChannelsTest, OutputsHaveTheirInstants) {
  qemu.at_instruction(80_us, [this] { serial.send("x"); });
  qemu.at_instruction(160_us, [this] { serial.send("y"); });
  start();
  const wire::Stop stop = guest->run_until(Instant::at(1_ms), limit);
  EXPECT_EQ(outputs, "x@80000 y@160000 ");
  EXPECT_EQ(stop.now, Instant::at(1_ms));
  EXPECT_FALSE(stop.next.is_idle);
}

TEST_F(ChannelsTest, AReactiveOutputStopsTheGuestAtItsInstant) {
  qemu.at_instruction(80_us, [this] { serial.send("x"); });
  start({.reactive = {"console"}});
  const wire::Stop stop = guest->run_until_output(Instant::at(1_ms), limit);
  EXPECT_EQ(stop.reason, wire::StopReason::output);
  EXPECT_EQ(stop.now, Instant::at(80_us));
  EXPECT_EQ(qemu.clock(), 80_us);
  guest->serial("console").send(stop.now, "answer");
  guest->run_until(Instant::at(1_ms), limit);
  EXPECT_TRUE(serial.log.starts_with("a@80000 n@80000 "));
  guest->serial("console").send(guest->now(), "!");
  guest->run_until(guest->now(), limit);
  EXPECT_TRUE(serial.log.ends_with("!@1000000 "));
  EXPECT_EQ(qemu.clock(), 1_ms) << "a grant of the present instant executes nothing";
}

TEST_F(ChannelsTest, WhatTheDeviceHasNoRoomForWaitsAndThenIsDropped) {
  serial.free = 1;
  qemu.at_instruction(2_ms, [this] {
    serial.free = 2;
    serial.handlers.room_again();
  });
  start();
  guest->serial("console").send(Instant::at(1_ms), "abcd");
  guest->run_until(Instant::at(3_ms), limit);
  EXPECT_EQ(serial.log, "a@1000000 b@2000000 c@2000000 ");
  for (int i = 0; i < 3; ++i) {
    guest->serial("console").send(guest->now(), std::string(30'000, 'z'));
    guest->run_until(guest->now() + 1_ms, limit);
  }
  EXPECT_EQ(guest->serial("console").dropped(), 1U);
}

TEST_F(ChannelsTest, AReadStallsTheGuestUntilItsAnswer) {
  std::uint64_t value = 0;
  qemu.at_instruction(80_us, [&] { value = window.handlers.read(8, 4); });
  start();
  auto board = guest->mmio("board");
  board.on_read([](Instant at, std::uint64_t offset, unsigned size) {
    EXPECT_EQ(at, Instant::at(80_us));
    EXPECT_EQ(offset, 8U);
    EXPECT_EQ(size, 4U);
    return sim::MmioValue{0x1'2345'6789, at + 300_us};
  });
  const wire::Stop stop = guest->run_until(Instant::at(200_us), limit);
  EXPECT_EQ(stop.now, Instant::at(200_us)) << "within the instruction";
  EXPECT_EQ(stop.next, (wire::NextEvent{.is_idle = true, .timer = Instant::at(380_us)})) << "its answer";
  guest->serial("console").send(Instant::at(250_us), "s");
  guest->run_until(Instant::at(1_ms), limit);
  EXPECT_EQ(value, 0x2345'6789U) << "as wide as the access";
  EXPECT_EQ(serial.log, "s@250000 ") << "other channels go on";
  EXPECT_EQ(qemu.instructions(), (1'000'000 - 300'000) / 8);
}

TEST_F(ChannelsTest, MemoryIsReadAndWrittenAtItsInstants) {
  start();
  EXPECT_NE(guest->abilities() & wire::link::ability_dma, 0U);
  std::string log;
  const auto note = [&log](Instant at, const sim::DmaResult& result) {
    log += std::to_string(at.since_origin().ns()) + (result.bytes.empty() ? "" : "=") +
           (result.bytes.empty() ? "" : std::to_string(std::to_integer<int>(result.bytes[0]))) +
           (result.is_done() ? " " : "! ");
  };
  qemu.at_instruction(160_us, [this] { memory.bytes[1] = std::byte{5}; });
  guest->dma("memory").read(Instant::at(80_us), 0x8001, 1, note);
  guest->dma("memory").read(Instant::at(240_us), 0x8001, 1, note);
  guest->dma("memory").write(Instant::at(240_us), 0x8001, std::vector<std::byte>(1, std::byte{6}), note);
  guest->dma("memory").read(Instant::at(240_us), 0x8001, 1, note);
  guest->dma("memory").read(Instant::at(320_us), 0x8fff, 2, note);
  EXPECT_EQ(guest->run_until(Instant::at(1_ms), limit).now, Instant::at(1_ms));
  EXPECT_EQ(log, "80000=0 240000=5 240000 240000=6 320000! ");
}

TEST_F(ChannelsTest, MemoryIsAskedWhereTheGuestStands) {
  start({.reactive = {"console", "memory"}});
  qemu.at_instruction(80_us, [this] { serial.send("x"); });
  std::vector<std::byte> bytes(1, std::byte{7});
  guest->serial("console").on_output([&](Instant at, std::string_view) {
    EXPECT_TRUE(guest->dma("memory").write_now(0x8000, bytes, limit));
    EXPECT_TRUE(guest->dma("memory").read_now(0x8000, bytes, limit));
    EXPECT_FALSE(guest->dma("memory").read_now(0x9000, bytes, limit));
    EXPECT_EQ(guest->now(), at);
  });
  const wire::Stop stop = guest->run_until_output(Instant::at(1_ms), limit);
  EXPECT_EQ(stop.now, Instant::at(80_us));
  EXPECT_EQ(memory.bytes[0], std::byte{7});
  EXPECT_EQ(qemu.clock(), 80_us);
  EXPECT_EQ(guest->run_until(Instant::at(1_ms), limit).now, Instant::at(1_ms));
  EXPECT_EQ(qemu.instructions(), 125'000);
}

// Also if the horizon is where the instruction ends.
TEST_F(ChannelsTest, MemoryIsAskedWithinARead) {
  for (const Duration horizon : {1_ms, 80_us}) {
    SCOPED_TRACE(horizon.ns());
    std::uint64_t value = 0;
    qemu.at_instruction(qemu.clock() + 80_us, [&] { value = window.handlers.read(8, 4); });
    if (!guest) {
      start({.reactive = {"memory"}});
    }
    const Instant begin = guest->now();
    guest->mmio("board").on_read([&](Instant at, std::uint64_t, unsigned) {
      std::vector<std::byte> bytes(1);
      EXPECT_TRUE(guest->dma("memory").read_now(0x8000, bytes, limit));
      bytes[0] = static_cast<std::byte>(std::to_integer<unsigned>(bytes[0]) + 3);
      EXPECT_TRUE(guest->dma("memory").write_now(0x8000, bytes, limit));
      EXPECT_EQ(guest->now(), at);
      return sim::MmioValue{std::to_integer<unsigned>(bytes[0]), at + 300_us};
    });
    guest->run_until(begin + horizon, limit);
    guest->run_until(begin + 1_ms, limit);
    EXPECT_EQ(value, horizon == 1_ms ? 3U : 6U);
  }
}

TEST_F(ChannelsTest, AnswersThatAreTooMuchHaveTheGuestStand) {
  start();
  int answers = 0;
  for (int i = 0; i < 300; ++i) {
    guest->dma("memory").read(Instant::at(80_us), 0x8000, 4096, [&answers](Instant at, const sim::DmaResult&) {
      EXPECT_EQ(at, Instant::at(80_us));
      ++answers;
    });
  }
  guest->grant(Instant::at(1_ms));
  const wire::Stop stop = guest->wait(limit);
  EXPECT_EQ(stop.reason, wire::StopReason::full);
  EXPECT_EQ(stop.now, Instant::at(80_us));
  EXPECT_EQ(answers, 256);
  guest->run_until(Instant::at(1_ms), limit);
  EXPECT_EQ(answers, 300);
}

TEST_F(ChannelsTest, AGuestThatIsKeptAheadTellsItsProgress) {
  qemu.at_instruction(160_us, [this] { serial.send("x"); });
  start();
  guest->serial("console").send(Instant::at(250_us), "a");
  const wire::Stop stop = guest->run_ahead(
      Instant::at(1_ms), {.quantum = 100_us, .distance = 300_us},
      [this](Instant reached) { outputs += '[' + std::to_string(reached.since_origin().ns() / 1000) + "] "; }, limit);
  EXPECT_EQ(stop.now, Instant::at(1_ms));
  EXPECT_EQ(outputs, "[100] x@160000 [200] [300] [400] [500] [600] [700] [800] [900] [1000] ");
  EXPECT_EQ(serial.log, "a@250000 ");
  EXPECT_EQ(qemu.instructions(), 125'000);
}

// However far its horizon was raised, and whether QEMU's main thread takes it off before or after that.
TEST_F(ChannelsTest, APowerOffIsToldAtTheFirstMilestoneAfterItWasAskedFor) {
  qemu.at_instruction(160_us, [this] { qemu.ask_for_shutdown(); });
  start();
  EXPECT_THROW(guest->run_ahead(
                   Instant::at(10_ms), {.quantum = 100_us, .distance = 400_us}, [](Instant) {}, 100ms),
               base::Error);
  EXPECT_EQ(qemu.clock(), 200_us) << "it stands";
  qemu.stop("shutdown");
  executor.ended(3);
  EXPECT_EQ(guest->wait(limit),
            (wire::Stop{.now = Instant::at(200_us), .reason = wire::StopReason::powered_off, .exit_status = 3}));
}

TEST_F(ChannelsTest, ACheckpointIsTakenBack) {
  start();
  guest->serial("console").send(Instant::at(3_ms), "w");
  guest->run_until(Instant::at(2_ms), limit);
  guest->checkpoint("one", limit);
  EXPECT_EQ(snapshots.clocks.at("fermata-one"), 2_ms);
  guest->run_until(Instant::at(4_ms), limit);
  guest->restore("one", limit);
  EXPECT_EQ(guest->now(), Instant::at(2_ms));
  guest->run_until(Instant::at(4_ms), limit);
  EXPECT_EQ(std::count(serial.log.begin(), serial.log.end(), 'w'), 2) << "the input that waited comes again";
  EXPECT_THROW(guest->restore("two", limit), base::Error);
  snapshots.failure = "no disk";
  EXPECT_THROW(guest->checkpoint("three", limit), base::Error);
  guest->run_until(Instant::at(5_ms), limit);
}

TEST_F(ChannelsTest, ARestoreForgetsTheReadThatWaits) {
  std::uint64_t value = 0;
  qemu.at_instruction(80_us, [&] { value = window.handlers.read(8, 4); });
  start();
  guest->run_until(Instant::at(40_us), limit);
  guest->checkpoint("one", limit);
  EXPECT_THROW(guest->run_until(Instant::at(1_ms), limit), base::Error) << "nobody answers";
  EXPECT_THROW(guest->checkpoint("two", limit), base::Error) << "within an instruction";
  guest->restore("one", limit);
  EXPECT_EQ(guest->now(), Instant::at(40_us));
  EXPECT_EQ(guest->run_until(Instant::at(1_ms), limit).now, Instant::at(1_ms));
  EXPECT_EQ(value, 0xffff'ffffU);
}

TEST_F(ChannelsTest, WhoLooksAtAWindowFromOutsideTheGuestSeesOnes) {
  start();
  guest->run_until(Instant::at(1_ms), limit);
  qemu.lock();
  EXPECT_EQ(window.handlers.read(0, 2), 0xffffU);
  qemu.unlock();
  EXPECT_EQ(guest->run_until(Instant::at(2_ms), limit).now, Instant::at(2_ms));
}

TEST_F(ChannelsTest, WhatQemusMainThreadSendsHasTheInstantOfTheStop) {
  start();
  guest->run_until(Instant::at(1_ms), limit);
  qemu.lock();
  serial.send("late");
  qemu.unlock();
  guest->run_until(Instant::at(2_ms), limit);
  EXPECT_EQ(outputs, "late@1000000 ");
  EXPECT_THAT(qemu.told(), ::testing::ElementsAre(::testing::HasSubstr("console sends in QEMU's main thread")));
}

TEST_F(ChannelsTest, AStopByTheUserChangesNothing) {
  start();
  guest->serial("console").send(Instant::at(1'500_us), "a");
  guest->run_until(Instant::at(1_ms), limit);
  qemu.stop();
  qemu.start();
  EXPECT_EQ(guest->run_until(Instant::at(2_ms), limit).now, Instant::at(2_ms));
  EXPECT_EQ(serial.log, "a@1500000 ");
}

// QEMU was told to go meanwhile: the answer is no breach, once, and answers no other read.
TEST(WindowEnd, ALateAnswerIsTakenAndForgotten) {
  FakeWindow window;
  bool is_answered_in_time = false;
  std::function<void()> answer = [] {};
  WindowEnd board("board", 0x1000, 0x100, window,
                  {.may_wait = [] { return true; },
                   .until =
                       [&](const std::function<bool()>& is_answered) {
                         answer();
                         is_answered_in_time = is_answered();
                         return is_answered_in_time;
                       }});
  board.set_output([](std::span<const std::byte>) {});
  const auto input = [&board](std::uint64_t request) {
    const wire::link::MmioAnswer late{.value = request * 10, .request = request};
    const auto bytes = late.bytes();
    const std::string why = board.why_not_an_input(bytes);
    if (why.empty()) {
      board.deliver({.channel = 1, .at = {}, .sequence = request, .payload = {bytes.begin(), bytes.end()}});
    }
    return why;
  };
  EXPECT_EQ(window.handlers.read(0, 4), 0xffff'ffff);
  answer = [&] { EXPECT_EQ(input(1), ""); };
  EXPECT_EQ(window.handlers.read(0, 4), 0xffff'ffff) << "that was the first one's";
  EXPECT_FALSE(is_answered_in_time);
  EXPECT_NE(input(1), "");
  answer = [&] { EXPECT_EQ(input(3), ""); };
  EXPECT_EQ(window.handlers.read(0, 4), 30U);
}

}  // namespace
}  // namespace fermata::qemu::link
