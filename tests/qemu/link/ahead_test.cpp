// SPDX-License-Identifier: MIT
//
// A stock QEMU whose horizon is kept ahead of it: what it does, and what the simulator sees, is the same however far
// that is, and as if it stood each quantum.
#include <gmock/gmock.h>

#include "tests/qemu/support/linked_qemu.hpp"

namespace fermata::qemu_test {
namespace {

using time::Duration;
using time::Instant;

class Ahead : public QemuTest {};
INSTANTIATE_TEST_SUITE_P(Qemu, Ahead, every_version(), version_name);

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
std::string echo_of(const Qemu& qemu, const std::string& arch, int quanta_ahead, sim::Transport transport) {
  Seen seen;
  LinkedQemu guest(qemu, {.arch = arch, .guest = "echo", .link = {.transport = transport}});
  auto console = guest->serial("console");
  console.on_output([&](Instant at, std::string_view bytes) { seen.output(at, bytes); });
  guest->run_until(Instant::at(110_ms), limit);  // x86_64 has come to its echo
  char letter = 'a';
  guest->run_ahead(
      Instant::at(120_ms + 3_us), {.quantum = 50_us, .distance = 50_us * quanta_ahead},
      [&](Instant reached) {
        seen.quantum(reached);
        if (letter <= 'z' && (reached - Instant::origin()) % 200_us == 0_ns) {
          console.send(reached + 800_us, std::string(1, letter++));
        }
      },
      limit);
  guest->run_until(Instant::at(130_ms), limit);
  return seen.text;
}

TEST_P(Ahead, HowFarShowsInNothing) {
  for (const char* arch : {"riscv64", "aarch64", "x86_64"}) {
    const std::string reference = echo_of(qemu(), arch, 1, sim::Transport::unix_socket);
    EXPECT_THAT(reference, ::testing::ContainsRegex("a@.* b@.* z@")) << arch;
    for (const int quanta : {4, 16}) {
      EXPECT_EQ(echo_of(qemu(), arch, quanta, sim::Transport::shared_memory), reference) << arch << ' ' << quanta;
    }
  }
}

// Instructions all the time, its timer's interrupts among them.
TEST_P(Ahead, AGuestThatIsAskedDoesWhatOneDoesThatIsNot) {
  for (const char* arch : {"riscv64", "x86_64"}) {
    const LinkedOptions options{.arch = arch, .guest = "time", .link = {.transport = sim::Transport::shared_memory}};
    LinkedQemu unasked(qemu(), options);
    unasked->run_until(Instant::at(120_ms), limit);
    const Outputs reference = unasked.take_outputs();
    ASSERT_GT(reference.size(), 40U) << arch;
    for (const int quanta : {1, 4, 16}) {
      LinkedQemu guest(qemu(), options);
      Instant last;
      int count = 0;
      guest->run_ahead(
          Instant::at(120_ms), {.quantum = 37_us, .distance = 37_us * quanta},
          [&](Instant reached) {
            EXPECT_EQ(reached - std::exchange(last, reached), 37_us);
            ++count;
          },
          limit);
      EXPECT_EQ(guest.take_outputs(), reference) << arch << ' ' << quanta;
      EXPECT_EQ(count, 120'000 / 37);
    }
  }
}

// It stands at its outputs and in its reads, and what answers them comes at their instants.
std::string window_of(const Qemu& qemu, int quanta_ahead) {
  Seen seen;
  LinkedQemu guest(qemu, {.guest = "window",
                          .channels = {"line=alarm:20", "window=board@0x10010000+0x1000"},
                          .link = {.transport = sim::Transport::shared_memory, .reactive = {"console"}}});
  guest->mmio("board").on_read([&](Instant at, std::uint64_t, unsigned) {
    seen.output(at, "read");
    return sim::MmioValue{5, at + 63_us};  // across quanta
  });
  auto console = guest->serial("console");
  console.on_output([&](Instant at, std::string_view bytes) {
    seen.output(at, bytes);
    console.send(at, "?");
  });
  guest->run_ahead(
      Instant::at(20_ms), {.quantum = 20_us, .distance = 20_us * quanta_ahead},
      [&](Instant reached) { seen.quantum(reached); }, limit);
  return seen.text;
}

TEST_P(Ahead, ReadsAndReactiveOutputsAreAnsweredAtTheirInstants) {
  const std::string reference = window_of(qemu(), 1);
  EXPECT_THAT(reference, ::testing::HasSubstr("read@"));
  EXPECT_EQ(window_of(qemu(), 4), reference);
  EXPECT_EQ(window_of(qemu(), 16), reference);
}

// Where standing shows in whose turn is next, the guest stands each quantum.
TEST_P(Ahead, SeveralVcpusStandEachQuantum) {
  LinkedQemu guest(qemu(), {.guest = "smp", .more = {"-smp", "2"}});
  EXPECT_EQ(guest->abilities() & wire::link::ability_progress, 0U);
  int count = 0;
  const wire::Stop stop = guest->run_ahead(
      Instant::at(1_ms), {.quantum = 100_us, .distance = 400_us}, [&](Instant) { ++count; }, limit);
  EXPECT_EQ(stop.now, Instant::at(1_ms));
  EXPECT_EQ(count, 10);
}

TEST_P(Ahead, ASimulatorThatGoesInTheMiddleEndsQemu) {
  LinkedQemu guest(qemu(), {.guest = "spin", .link = {.transport = sim::Transport::shared_memory}});
  EXPECT_THROW(guest->run_ahead(
                   Instant::at(10_s), {.quantum = 10_us, .distance = 40_us},
                   [](Instant reached) {
                     if (reached >= Instant::at(1_ms)) {
                       throw std::runtime_error("enough");
                     }
                   },
                   limit),
               std::runtime_error);
  const auto status = guest->close();
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(status->is_success());
}

}  // namespace
}  // namespace fermata::qemu_test
