// SPDX-License-Identifier: MIT
//
// docs/protocol.md, "Inputs and outputs" and "Bounds": serial lines, lines, networks.
#include <gmock/gmock.h>

#include <algorithm>

#include "fermata/base/error.hpp"
#include "tests/link_conformance/target.hpp"

namespace fermata::conformance_test {
namespace {

class Channels : public Conformance {};
INSTANTIATE_TEST_SUITE_P(Each, Channels, each_target(), target_name);

TEST_P(Channels, AnInputIsSeenAtItsInstantWhateverTheQuantum) {
  Outputs reference;
  for (const Duration quantum : {200_ms, 10_us, 37_us, 1_ms}) {
    Guest guest(target(), {.program = "echo"});
    guest->run_until(after(0_ms), limit);
    guest->serial("serial0").send(after(5'003_us), "a");
    guest->serial("serial0").send(after(12'345'678_ns), std::string(40, 'b'));
    guest.run_in_quanta(after(20_ms), quantum);
    const Outputs outputs = guest.take_outputs();
    reference = reference.empty() ? outputs : reference;
    EXPECT_EQ(outputs, reference) << quantum.ns();
  }
  EXPECT_EQ(text_of(reference), 'a' + std::string(40, 'b'));
  EXPECT_LT(reference.at(0).first - after(5'003_us).since_origin().ns(), 300);
  EXPECT_LT(reference.at(1).first - after(12'345'678_ns).since_origin().ns(), 300);
}

// Also those that came in another order, in other grants.
TEST_P(Channels, InputsOfOneInstantAreTakenByChannelAndSequenceWheneverTheyCame) {
  const Wanted wanted{.program = "commands", .has_window = true, .has_line = true};
  SKIP_IF_IT_LACKS(wanted);
  const auto outputs_of = [&](bool line_comes_first, Duration quantum) {
    Guest guest(target(), wanted);
    auto serial = guest->serial("serial0");
    auto line = guest->line("line20");
    guest->mmio("board").on_read([&](Instant, std::uint64_t, unsigned) { return sim::MmioValue(9, after(5_ms)); });
    guest->run_until(after(1_ms), limit);
    serial.send(after(2_ms), "r");  // whose answer is for that instant, too
    if (line_comes_first) {
      line.set(after(5_ms), true);
      line.set(after(5_ms), false);
      guest.run_in_quanta(after(3_ms), quantum);
    }
    serial.send(after(5_ms), "x");
    serial.send(after(5_ms), "ty");
    if (!line_comes_first) {
      guest.run_in_quanta(after(4_ms), quantum);
      line.set(after(5_ms), true);
      line.set(after(5_ms), false);
    }
    serial.send(after(5_ms), "tz");
    guest.run_in_quanta(after(10_ms), quantum);
    return guest.take_outputs();
  };
  const Outputs reference = outputs_of(true, 10_ms);
  EXPECT_THAT(text_of(reference), ::testing::MatchesRegex("read=9\nxt=[0-9]+\nyt=[0-9]+\nz"));
  EXPECT_EQ(outputs_of(false, 10_ms), reference);
  EXPECT_EQ(outputs_of(false, 13_us), reference);
}

TEST_P(Channels, LinesRiseAtTheirInstants) {
  const Wanted wanted{.program = "line", .has_line = true};
  SKIP_IF_IT_LACKS(wanted);
  Guest guest(target(), wanted);
  auto line = guest->line("line20");
  guest->run_until(after(1_ms), limit);
  for (int i = 0; i < 3; ++i) {
    const Instant at = after(5_ms + 1_ms * i + 7_ns * i);
    line.set(at, true);
    line.set(at + 500_ns, false);  // before the guest is done with it
  }
  guest.run_in_quanta(after(10_ms), 333_us);
  EXPECT_EQ(text_of(guest.take_outputs()), target().arch == "riscv64" ? "t=5000000\nt=6000000\nt=7000000\n"
                                                                      : "t=105000064\nt=106000071\nt=107000078\n")
      << "by a clock of 100 ns, or of 1 ns after some instructions";
}

TEST_P(Channels, FramesGoOverASimulatedCable) {
  const Wanted wanted{.program = "netecho", .has_network = true};
  SKIP_IF_IT_LACKS(wanted);
  // From 02:00:00:00:00:01 to the guest, EtherType 0x88b5; netecho sends it back.
  std::vector<std::byte> frame(64);
  const unsigned header[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
  std::transform(std::begin(header), std::end(header), frame.begin(), [](unsigned byte) { return std::byte(byte); });
  std::vector<std::int64_t> reference;
  for (const Duration quantum : {100_ms, 37_us, 1_ms}) {
    Guest guest(target(), wanted);
    std::vector<std::int64_t> instants;
    auto cable = guest->ethernet("ethernet0");
    EXPECT_EQ(cable.declared().timing, wire::link::Timing::exact);
    cable.on_output([&](Instant at, std::span<const std::byte> echo) {
      EXPECT_EQ(echo.size(), frame.size());
      instants.push_back(at.since_origin().ns());
    });
    for (int i = 0; i < 10; ++i) {
      cable.send(after(10_ms + i * 1_ms), frame);
    }
    guest.run_in_quanta(after(25_ms), quantum);
    ASSERT_EQ(instants.size(), 10U) << guest.messages();
    reference = reference.empty() ? instants : reference;
    EXPECT_EQ(instants, reference) << quantum.ns();
  }
  EXPECT_EQ(reference[9] - reference[0], 9'000'000);
}

TEST_P(Channels, NoMoreMayBeOnItsWayThanTheInputBound) {
  Guest guest(target(), {.program = "spin"});
  auto serial = guest->serial("serial0");
  ASSERT_GE(serial.declared().input_bound, 65'536U);
  const std::string most(65'536, 'x');
  std::size_t sent = 0;
  for (; sent + most.size() <= serial.declared().input_bound; sent += most.size()) {
    serial.send(after(1_s), most);
  }
  EXPECT_EQ(sent, serial.declared().input_bound) << "the bound is whole payloads here";
  EXPECT_THROW(serial.send(after(1_s), "x"), base::BadArgument);
  EXPECT_EQ(guest->run_until(after(1_ms), limit).now, after(1_ms)) << "and all is well";
}

TEST_P(Channels, WhatADeviceCannotTakeWaitsAndWhatIsBeyondIsDroppedAndTold) {
  Guest guest(target(), {.program = "spin"});  // and never reads
  auto serial = guest->serial("serial0");
  for (const std::size_t count : {std::size_t{40'000}, std::size_t{40'000}, std::size_t{1}}) {
    serial.send(after(1_ms), std::string(count, 'x'));
  }
  guest->run_until(after(2_ms), limit);
  EXPECT_EQ(serial.dropped(), 2U) << "a part of the second, and the third";
  serial.send(after(3_ms), "x");
  guest->run_until(after(4_ms), limit);
  EXPECT_EQ(serial.dropped(), 3U);
}

// 24 bytes each of a window's accesses.
TEST_P(Channels, AGuestStandsAtTheOutputThatReachesTheBound) {
  const Wanted wanted{.program = "commands", .has_window = true};
  SKIP_IF_IT_LACKS(wanted);
  Guest guest(target(), wanted);
  std::uint64_t writes = 0;
  Instant last;
  auto window = guest->mmio("board");
  window.on_write([&](Instant at, std::uint64_t, unsigned, std::uint64_t value) {
    EXPECT_EQ(value, ++writes);
    last = at;
  });
  guest->serial("serial0").send(after(1_ms), "f");
  const std::uint64_t at_once = (window.declared().output_bound + 23) / 24;
  for (std::uint64_t i = 1; i <= 2; ++i) {
    guest->grant(after(10_s));
    const wire::Stop stop = guest->wait(limit);
    EXPECT_EQ(stop.reason, wire::StopReason::full);
    EXPECT_EQ(writes, i * at_once);
    EXPECT_EQ(stop.now, last);
  }
}

}  // namespace
}  // namespace fermata::conformance_test
