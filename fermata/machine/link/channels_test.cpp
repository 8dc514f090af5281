// SPDX-License-Identifier: MIT
//
// Machines in this process over link v1. Guests in C, and the program: tests/machine.
#include "fermata/machine/link/channels.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/machine/in_process_guest.hpp"
#include "fermata/machine/testing/programs.hpp"
#include "fermata/sim/link_guest.hpp"

namespace fermata::machine::link {
namespace {

using namespace time::literals;
using time::Instant;
using wire::StopReason;

constexpr auto limit = std::chrono::seconds(30);

Config config_of(const machine::testing::Program& program) { return {.boot = machine::testing::plan_of(program)}; }

struct Linked {
  explicit Linked(Config config, const sim::LinkOptions& options = {})
      : machine(std::move(config), {}, Protocol::link), guest(sim::LinkGuest::attach(machine.connect(), options)) {}
  InProcessGuest machine;
  sim::LinkGuest guest;
};

TEST(Channels, AreDeclared) {
  Config config = config_of(machine::testing::wait_for_ever());
  config.networks = {device::MacAddress::default_of(0)};
  config.external_lines = {20};
  Linked linked(std::move(config));
  ASSERT_EQ(linked.guest.channels().size(), 3U);
  EXPECT_EQ(linked.guest.channels()[0].name, "serial0");
  EXPECT_EQ(linked.guest.channels()[1].name, "ethernet0");
  EXPECT_EQ(linked.guest.channels()[2].name, "line20");
  EXPECT_EQ(linked.guest.channels()[2].kind, wire::link::ChannelKind::line);
  EXPECT_FALSE(linked.guest.channels()[2].makes_outputs);
  EXPECT_EQ(linked.guest.abilities(), Channels::abilities);
}

TEST(Channels, ExternalLinesAreThoseTheBoardLeavesFree) {
  for (const std::vector<unsigned>& lines : {std::vector<unsigned>{12}, {96}, {20, 20}}) {
    Config config = config_of(machine::testing::wait_for_ever());
    config.external_lines = lines;
    EXPECT_THROW(InProcessGuest(std::move(config)), base::BadArgument);
  }
}

Config with_window(const machine::testing::Program& program) {
  Config config = config_of(program);
  config.external_lines = {20};
  config.external_windows = {{.name = "adc", .range = {.begin = 0x3000'0000, .size = 0x1000}}};
  return config;
}

// Reads 4 bytes at offset 8, adds what it got to a0, and again.
machine::testing::Program read_for_ever() {
  machine::testing::Program program;
  machine::testing::load_immediate(program, machine::testing::t2, 0x3000'0000);
  program.push_back(machine::testing::lw(machine::testing::t1, machine::testing::t2, 8));
  program.push_back(machine::testing::add(machine::testing::a0, machine::testing::a0, machine::testing::t1));
  program.push_back(machine::testing::jal(machine::testing::zero, -8));
  return program;
}
constexpr std::int64_t first_read_ns = 72;
constexpr std::int64_t round_ns = 24;

TEST(Channels, WindowsAreDeclared) {
  Linked linked(with_window(read_for_ever()));
  const wire::link::Channel& channel = linked.guest.mmio("adc").declared();
  EXPECT_EQ(channel.number, 3U) << "behind the lines";
  EXPECT_EQ(channel.base, 0x3000'0000U);
  EXPECT_EQ(channel.extent, 0x1000U);
  EXPECT_TRUE(channel.takes_inputs);
  EXPECT_TRUE(channel.makes_outputs);
}

TEST(Channels, AReadThatIsAnsweredAtOnceCostsNoVirtualTime) {
  Linked linked(with_window(read_for_ever()));
  std::vector<std::int64_t> reads;
  linked.guest.mmio("adc").on_read([&](Instant at, std::uint64_t offset, unsigned size) {
    EXPECT_EQ(offset, 8U);
    EXPECT_EQ(size, 4U);
    EXPECT_EQ(linked.guest.now(), at);
    reads.push_back(at.since_origin().ns());
    return 5;
  });
  const wire::Stop stop = linked.guest.run_until(Instant::at(10_us), limit);
  EXPECT_EQ(stop.reason, StopReason::horizon);
  ASSERT_EQ(reads.size(), 414U);
  for (std::size_t i = 0; i < reads.size(); ++i) {
    ASSERT_EQ(reads[i], first_read_ns + static_cast<std::int64_t>(i) * round_ns);
  }
  EXPECT_EQ(linked.machine.machine().harts().at(0).x(machine::testing::a0), 5 * 414U);
}

TEST(Channels, AReadThatIsAnsweredLaterTakesSoLongWhateverTheQuantum) {
  for (const time::Duration quantum : {20_us, 1_us, 300_ns, 7_ns}) {
    Linked linked(with_window(read_for_ever()));
    std::vector<std::int64_t> reads;
    linked.guest.mmio("adc").on_read([&](Instant at, std::uint64_t, unsigned) {
      reads.push_back(at.since_origin().ns());
      return sim::MmioValue(1, at + 333_ns);
    });
    while (linked.guest.now() < Instant::at(20_us)) {
      linked.guest.run_until(std::min(linked.guest.now() + quantum, Instant::at(20_us)), limit);
    }
    ASSERT_EQ(reads.size(), 56U) << quantum.ns();
    for (std::size_t i = 0; i < reads.size(); ++i) {
      ASSERT_EQ(reads[i], first_read_ns + static_cast<std::int64_t>(i) * (round_ns + 333)) << quantum.ns();
    }
  }
}

TEST(Channels, AMachineThatWaitsForAnAnswerIsIdleUntilItsInstant) {
  Linked linked(with_window(read_for_ever()));
  linked.guest.mmio("adc").on_read(
      [&](Instant, std::uint64_t, unsigned) { return sim::MmioValue(1, Instant::at(9_us)); });
  const wire::Stop stop = linked.guest.run_until(Instant::at(2_us), limit);
  EXPECT_EQ(stop, (wire::Stop{.now = Instant::at(2_us), .next = {.is_idle = true, .timer = Instant::at(9_us)}}));
  EXPECT_THROW(linked.guest.checkpoint("one", limit), base::Error);
  EXPECT_EQ(linked.guest.run_until(Instant::at(9_us), limit).now, Instant::at(9_us));
  linked.guest.checkpoint("one", limit);
}

TEST(Channels, AnInputThatComesWhileAReadWaitsIsSeenAfterIt) {
  Linked linked(with_window(read_for_ever()));
  linked.guest.mmio("adc").on_read([&](Instant at, std::uint64_t, unsigned) {
    linked.guest.line("line20").set(at + 100_ns, true);
    return sim::MmioValue(1, at + 1_us);
  });
  linked.guest.run_until(Instant::at(500_ns), limit);
  EXPECT_EQ(linked.machine.machine().board().memory().read(0xc001000, 4), 1U << 20) << "pending at the PLIC already";
  EXPECT_TRUE(linked.machine.machine().is_stalled());
}

TEST(Channels, ARestoreForgetsAReadThatHasNoAnswer) {
  Linked linked(with_window(read_for_ever()));
  linked.guest.checkpoint("start", limit);
  EXPECT_THROW(linked.guest.run_until(Instant::at(1_us), limit), base::Error) << "nobody answers";
  EXPECT_TRUE(linked.machine.machine().is_stalled());
  EXPECT_THROW(linked.guest.checkpoint("two", limit), base::Error);
  linked.guest.restore("start", limit);
  EXPECT_FALSE(linked.machine.machine().is_stalled());
  int reads = 0;
  linked.guest.mmio("adc").on_read([&](Instant, std::uint64_t, unsigned) { return ++reads; });
  EXPECT_EQ(linked.guest.run_until(Instant::at(1_us), limit).reason, StopReason::horizon);
  EXPECT_EQ(reads, 39);
}

TEST(Channels, WritesToAWindowGoOnUnlessItIsReactive) {
  for (const bool is_reactive : {false, true}) {
    sim::LinkOptions options;
    if (is_reactive) {
      options.reactive = {"adc"};
    }
    Linked linked(with_window(machine::testing::store_word(0x3000'0004, 0x1234'5678)), options);
    std::vector<Instant> writes;
    linked.guest.mmio("adc").on_write([&](Instant at, std::uint64_t offset, unsigned size, std::uint64_t value) {
      EXPECT_EQ(offset, 4U);
      EXPECT_EQ(size, 4U);
      EXPECT_EQ(value, 0x1234'5678U);
      writes.push_back(at);
    });
    const wire::Stop stop = linked.guest.run_until_output(Instant::at(1_us), limit);
    ASSERT_EQ(writes.size(), 1U);
    EXPECT_EQ(stop.reason, is_reactive ? StopReason::output : StopReason::horizon);
    EXPECT_EQ(stop.now, is_reactive ? writes[0] : Instant::at(1_us));
  }
}

TEST(Channels, OutputsHaveTheirInstants) {
  std::vector<Instant> whole;
  std::vector<Instant> cut;
  for (auto* instants : {&whole, &cut}) {
    Linked linked(config_of(machine::testing::print("Hello")));
    std::string text;
    linked.guest.serial("serial0").on_output([&](Instant at, std::string_view piece) {
      instants->push_back(at);
      text += piece;
    });
    const time::Duration quantum = instants == &whole ? 10_ms : time::Duration::microseconds(7);
    for (Instant at = Instant::origin(); at < Instant::at(10_ms); at += quantum) {
      linked.guest.run_until(at + quantum, limit);
    }
    EXPECT_EQ(text, "Hello");
  }
  EXPECT_EQ(whole, cut);
  EXPECT_EQ(whole.size(), 5U);
}

TEST(Channels, AReactiveOutputStopsTheMachineAtItsInstant) {
  Linked linked(config_of(machine::testing::print("Hello")), {.reactive = {"serial0"}});
  Instant output;
  linked.guest.serial("serial0").on_output([&](Instant at, std::string_view) { output = at; });
  const wire::Stop stop = linked.guest.run_until_output(Instant::at(10_ms), limit);
  EXPECT_EQ(stop.reason, StopReason::output);
  EXPECT_EQ(stop.now, output);
  EXPECT_GE(linked.machine.machine().now(), output);
  EXPECT_LT(linked.machine.machine().now() - output, 8_ns);
}

TEST(Channels, ReportsTellWhetherTheGuestIsIdle) {
  Linked busy(config_of(machine::testing::endless_loop()));
  EXPECT_FALSE(busy.guest.run_until(Instant::at(1_ms), limit).next.is_idle);
  Linked idle(config_of(machine::testing::wait_for_ever()));
  const wire::Stop stop = idle.guest.run_until(Instant::at(1_ms), limit);
  EXPECT_EQ(stop.next, (wire::NextEvent{.is_idle = true}));
  idle.guest.serial("serial0").send(Instant::at(5_ms), "x");
  EXPECT_EQ(idle.guest.run_until(Instant::at(2_ms), limit).next.timer, Instant::at(5_ms)) << "it has the input already";
}

TEST(Channels, APoweredOffMachineSaysWithWhatStatus) {
  machine::testing::Program program;
  machine::testing::load_immediate(program, machine::testing::t0, machine::testing::finisher);
  machine::testing::load_immediate(program, machine::testing::t1, 0x73333);  // fail with 7
  program.push_back(machine::testing::sw(machine::testing::t1, machine::testing::t0, 0));
  Linked linked(config_of(program));
  const wire::Stop stop = linked.guest.run_until(Instant::at(1_s), limit);
  EXPECT_EQ(stop.reason, StopReason::powered_off);
  EXPECT_EQ(stop.exit_status, 7);
}

TEST(Channels, WhatNoDeviceTakesIsDroppedAndCounted) {
  Linked linked(config_of(machine::testing::wait_for_ever()));
  auto serial = linked.guest.serial("serial0");
  for (int i = 0; i < 4; ++i) {
    serial.send(linked.guest.now(), std::string(60'000, 'x'));
    linked.guest.run_until(linked.guest.now() + 1_ms, limit);
  }
  EXPECT_EQ(serial.dropped(), 3U);
  EXPECT_LE(linked.machine.machine().serial().pending(), Channels::most_waiting);
}

TEST(Channels, ARestoreGoesOnAsTheCheckpointDid) {
  std::vector<std::pair<Instant, std::string>> outputs;
  Linked linked(config_of(machine::testing::print("Hello, world, from a machine that is taken back")));
  linked.guest.serial("serial0").on_output(
      [&](Instant at, std::string_view text) { outputs.emplace_back(at, std::string(text)); });
  linked.guest.serial("serial0").send(Instant::at(3_ms), "an input on its way");
  linked.guest.run_until(Instant::at(1_us), limit);
  linked.guest.checkpoint("here", limit);
  outputs.clear();
  linked.guest.run_until(Instant::at(5_ms), limit);
  const auto first = outputs;
  outputs.clear();
  linked.guest.restore("here", limit);
  EXPECT_EQ(linked.guest.now(), Instant::at(1_us));
  linked.guest.run_until(Instant::at(5_ms), limit);
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(outputs, first);
  EXPECT_THROW(linked.guest.restore("elsewhere", limit), base::Error);
}

}  // namespace
}  // namespace fermata::machine::link
