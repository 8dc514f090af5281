// SPDX-License-Identifier: MIT
//
// The embedded machine with its horizon kept ahead of it: however far that is and whatever carries the link, guest and
// simulator see the same.
#include <gmock/gmock.h>

#include "tests/machine/link/linked_guest.hpp"

namespace fermata::machine_test {
namespace {

using time::Duration;
using time::Instant;

class KeptAhead : public EachKind {};
INSTANTIATE_TEST_SUITE_P(EachKind, KeptAhead, each_kind(), kind_name);

// Outputs with their instants, and the ends of quanta between them.
std::string echo_of(Kind kind, int quanta_ahead) {
  LinkedGuest guest(kind, {.guest = "echo"});
  std::string seen;
  bool is_quantum_new = true;
  auto serial = guest->serial("serial0");
  serial.on_output([&](Instant at, std::string_view bytes) {
    seen += std::string(bytes) + '@' + std::to_string(at.since_origin().ns()) + ' ';
    is_quantum_new = true;
  });
  char letter = 'a';
  guest->run_ahead(
      Instant::at(10_ms + 3_us), {.quantum = 50_us, .distance = 50_us * quanta_ahead},
      [&](Instant reached) {
        if (std::exchange(is_quantum_new, false)) {
          seen += '[' + std::to_string(reached.since_origin().ns()) + "] ";
        }
        if (letter <= 'z' && (reached - Instant::origin()) % 200_us == 0_ns) {
          serial.send(reached + 800_us, std::string(1, letter++));
        }
      },
      limit);
  guest->run_until(Instant::at(20_ms), limit);
  return seen;
}

TEST_P(KeptAhead, HowFarShowsInNothing) {
  const std::string reference = echo_of(Kind::in_process, 1);
  EXPECT_THAT(reference, ::testing::ContainsRegex("a@.* b@.* z@"));
  for (const int quanta : {1, 4, 16}) {
    EXPECT_EQ(echo_of(GetParam(), quanta), reference) << quanta;
  }
}

TEST_P(KeptAhead, AGuestThatIsAskedDoesWhatOneDoesThatIsNot) {
  LinkedGuest unasked(GetParam(), {.guest = "time", .harts = 2});
  Outputs reference;
  unasked.collect(reference);
  unasked->run_until(Instant::at(40_ms), limit);
  ASSERT_FALSE(reference.empty());
  for (const int quanta : {1, 4, 16}) {
    LinkedGuest guest(GetParam(), {.guest = "time", .harts = 2});
    Outputs outputs;
    guest.collect(outputs);
    int count = 0;
    guest->run_ahead(
        Instant::at(40_ms), {.quantum = 37_us, .distance = 37_us * quanta}, [&](Instant) { ++count; }, limit);
    EXPECT_EQ(outputs, reference) << quanta;
    EXPECT_EQ(count, 40'000 / 37);
  }
}

TEST_P(KeptAhead, ReadsAndReactiveOutputsAreAnsweredAtTheirInstants) {
  std::string reference;
  for (const int quanta : {1, 4, 16}) {
    LinkedGuest guest(GetParam(), {.guest = "window",
                                   .link = {.reactive = {"serial0"}},
                                   .windows = {{.name = "board", .range = {0x1001'0000, 0x1000}}}});
    std::string seen;
    guest->mmio("board").on_read([&](Instant at, std::uint64_t, unsigned) {
      seen += "read@" + std::to_string(at.since_origin().ns()) + ' ';
      return sim::MmioValue{5, at + 63_us};  // across quanta
    });
    auto serial = guest->serial("serial0");
    serial.on_output([&](Instant at, std::string_view bytes) {
      seen += std::string(bytes) + '@' + std::to_string(at.since_origin().ns()) + ' ';
      serial.send(at, "?");
    });
    guest->run_ahead(
        Instant::at(5_ms), {.quantum = 20_us, .distance = 20_us * quanta}, [](Instant) {}, limit);
    reference = reference.empty() ? seen : reference;
    EXPECT_EQ(seen, reference) << quanta;
  }
  EXPECT_THAT(reference, ::testing::HasSubstr("read@"));
}

TEST_P(KeptAhead, APoweredOffGuestEndsTheRun) {
  LinkedGuest guest(GetParam(), {.guest = "exit3"});
  const wire::Stop stop = guest->run_ahead(
      Instant::at(1_s), {.quantum = 10_us, .distance = 40_us}, [](Instant) {}, limit);
  EXPECT_EQ(stop.reason, wire::StopReason::powered_off);
  EXPECT_EQ(stop.exit_status, 3);
}

}  // namespace
}  // namespace fermata::machine_test
