// SPDX-License-Identifier: MIT
//
// docs/protocol.md, "Progress": a guest whose horizon is kept ahead of it. However far that is and whatever carries the
// link, guest and simulator see the same, and as if it stood each quantum.
#include <gmock/gmock.h>

#include "fermata/base/error.hpp"
#include "tests/link_conformance/target.hpp"

namespace fermata::conformance_test {
namespace {

class KeptAhead : public Conformance {};
INSTANTIATE_TEST_SUITE_P(Each, KeptAhead, each_target(), target_name);

// What was seen of a run, in its order: outputs and the ends of quanta that had something between them.
struct Seen {
  std::string text;
  bool is_quantum_new = true;
  void output(Instant at, std::string_view bytes) {
    text += std::string(bytes) + '@' + std::to_string(at.since_origin().ns()) + ' ';
    is_quantum_new = true;
  }
  void quantum(Instant at) {
    if (std::exchange(is_quantum_new, false)) {
      text += '[' + std::to_string(at.since_origin().ns()) + "] ";
    }
  }
};

// An echo, which answers what is sent from one quantum's end to the other.
std::string echo_of(const Target& target, int quanta_ahead) {
  Seen seen;
  Guest guest(target, {.program = "echo"});
  auto serial = guest->serial("serial0");
  serial.on_output([&](Instant at, std::string_view bytes) { seen.output(at, bytes); });
  guest->run_until(target.booted(), limit);
  char letter = 'a';
  guest->run_ahead(
      target.booted() + 10_ms + 3_us, {.quantum = 50_us, .distance = 50_us * quanta_ahead},
      [&](Instant reached) {
        seen.quantum(reached);
        if (letter <= 'z' && (reached - Instant::origin()) % 200_us == 0_ns) {
          serial.send(reached + 800_us, std::string(1, letter++));
        }
      },
      limit);
  guest->run_until(target.booted() + 20_ms, limit);
  return seen.text;
}

TEST_P(KeptAhead, HowFarShowsInNothing) {
  SKIP_IF_IT_LACKS({.program = "echo"}, wire::link::ability_progress);
  const std::string reference = echo_of(target(), 1);
  EXPECT_THAT(reference, ::testing::ContainsRegex("a@.* b@.* z@"));
  for (const int quanta : {4, 16}) {
    EXPECT_EQ(echo_of(target(), quanta), reference) << quanta;
  }
}

// Instructions all the time, its timer's interrupts among them.
TEST_P(KeptAhead, AGuestThatIsAskedDoesWhatOneDoesThatIsNot) {
  Guest unasked(target(), {.program = "time"});
  unasked->run_until(after(40_ms), limit);
  const Outputs reference = unasked.take_outputs();
  ASSERT_GE(reference.size(), 30U);
  const std::int64_t quanta = after(40_ms).since_origin() / 37_us;
  for (const int distance : {1, 4, 16}) {
    Guest guest(target(), {.program = "time"});
    Instant last;
    std::int64_t count = 0;
    guest->run_ahead(
        after(40_ms), {.quantum = 37_us, .distance = 37_us * distance},
        [&](Instant reached) {
          EXPECT_EQ(reached - std::exchange(last, reached), 37_us);
          ++count;
        },
        limit);
    EXPECT_EQ(guest.take_outputs(), reference) << distance;
    EXPECT_EQ(count, quanta);
  }
}

TEST_P(KeptAhead, ReadsAndReactiveOutputsAreAnsweredAtTheirInstants) {
  const Wanted wanted{.program = "window", .has_window = true, .link = {.reactive = {"serial0"}}};
  SKIP_IF_IT_LACKS(wanted);
  std::string reference;
  for (const int quanta : {1, 4, 16}) {
    Seen seen;
    Guest guest(target(), wanted);
    guest->mmio("board").on_read([&](Instant at, std::uint64_t, unsigned) {
      seen.output(at, "read");
      return sim::MmioValue{5, at + 63_us};  // across quanta
    });
    auto serial = guest->serial("serial0");
    serial.on_output([&](Instant at, std::string_view bytes) {
      seen.output(at, bytes);
      serial.send(at, "?");
    });
    guest->run_ahead(
        after(5_ms), {.quantum = 20_us, .distance = 20_us * quanta}, [&](Instant reached) { seen.quantum(reached); },
        limit);
    reference = reference.empty() ? seen.text : reference;
    EXPECT_EQ(seen.text, reference) << quanta;
  }
  EXPECT_THAT(reference, ::testing::HasSubstr("read@"));
}

TEST_P(KeptAhead, APoweredOffGuestEndsTheRun) {
  SKIP_IF_IT_LACKS({.program = "exit3"});
  Guest guest(target(), {.program = "exit3"});
  const wire::Stop stop = guest->run_ahead(
      after(1_s), {.quantum = 10_us, .distance = 40_us}, [](Instant) {}, limit);
  EXPECT_EQ(stop.reason, wire::StopReason::powered_off);
  EXPECT_EQ(stop.exit_status, 3);
}

TEST_P(KeptAhead, ASimulatorThatGoesInTheMiddleEndsTheGuest) {
  Guest guest(target(), {.program = "spin"});
  EXPECT_THROW(guest->run_ahead(
                   after(10_s), {.quantum = 10_us, .distance = 40_us},
                   [](Instant reached) {
                     if (reached >= after(1_ms)) {
                       throw std::runtime_error("enough");
                     }
                   },
                   limit),
               std::runtime_error);
  const auto status = guest->close(limit);
  if (target().is_program()) {
    EXPECT_EQ(status, host::ExitStatus{}) << guest.messages();
  }
}

}  // namespace
}  // namespace fermata::conformance_test
