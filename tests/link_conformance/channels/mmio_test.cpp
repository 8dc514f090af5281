// SPDX-License-Identifier: MIT
//
// docs/protocol.md, "Inputs and outputs": windows whose device is the simulator's.
#include <gmock/gmock.h>

#include "fermata/base/error.hpp"
#include "tests/link_conformance/target.hpp"

namespace fermata::conformance_test {
namespace {

class Mmio : public Conformance {};
INSTANTIATE_TEST_SUITE_P(Each, Mmio, each_target(), target_name);

Wanted window_guest(sim::LinkOptions link = {}) {
  return {.program = "window", .has_window = true, .link = std::move(link)};
}

struct Access {
  std::int64_t at_ns;
  std::uint64_t offset;
  std::uint64_t value;
  friend bool operator==(const Access&, const Access&) = default;
};
struct Accesses {
  std::vector<Access> accesses{};
  Outputs outputs{};
  friend bool operator==(const Accesses&, const Accesses&) = default;
};

// What the guest reads and writes, its reads answered by rising numbers after `latency`, and what it prints.
Accesses accesses_of(const Target& target, Duration latency, Duration quantum) {
  Guest guest(target, window_guest());
  Accesses seen;
  auto window = guest->mmio("board");
  window.on_write([&](Instant at, std::uint64_t offset, unsigned size, std::uint64_t value) {
    EXPECT_EQ(size, 4U);
    seen.accesses.push_back({at.since_origin().ns(), offset, value});
  });
  window.on_read([&, next = 1000U](Instant at, std::uint64_t offset, unsigned size) mutable {
    EXPECT_EQ(size, 4U);
    seen.accesses.push_back({at.since_origin().ns(), offset, next});
    return sim::MmioValue(next++, at + latency);
  });
  guest.run_in_quanta(target.booted() + 20_ms, quantum);
  seen.outputs = guest.take_outputs();
  return seen;
}

TEST_P(Mmio, AReadIsAnsweredInNoVirtualTimeAndAWriteStopsNobody) {
  SKIP_IF_IT_LACKS(window_guest());
  const Accesses reference = accesses_of(target(), 0_ns, 200_ms);
  ASSERT_GT(reference.accesses.size(), 20U);
  EXPECT_EQ(reference.accesses[0].value, 1000U);
  EXPECT_EQ(reference.accesses[1].offset, 4U);
  EXPECT_EQ(reference.accesses[1].value, 1001U);
  if (target().arch == "riscv64") {
    EXPECT_THAT(text_of(reference.outputs),
                ::testing::StartsWith("read=1000\ntook=0\nread=1001\ntook=100\nread=1002\n"))
        << "by a clock of 100 ns";
  }
  for (const Duration quantum : {1_ms, 37_us, 10_us}) {
    EXPECT_EQ(accesses_of(target(), 0_ns, quantum), reference) << quantum.ns();
  }
}

// The instruction takes as long as the simulator says, across horizons and the guest's own timer, which is due each ms.
TEST_P(Mmio, AReadTakesAsLongAsTheSimulatorSays) {
  SKIP_IF_IT_LACKS(window_guest());
  const Accesses at_once = accesses_of(target(), 0_ns, 200_ms);
  for (const Duration latency : {800_ns, 1'500_us}) {
    const Accesses reference = accesses_of(target(), latency, 200_ms);
    EXPECT_EQ(reference.accesses[0].at_ns, at_once.accesses[0].at_ns) << "the read";
    EXPECT_EQ(reference.accesses[1].at_ns, at_once.accesses[1].at_ns + latency.ns()) << "the write behind it";
    for (const Duration quantum : {1_ms, 10_us}) {
      EXPECT_EQ(accesses_of(target(), latency, quantum), reference) << latency.ns() << ' ' << quantum.ns();
    }
  }
}

TEST_P(Mmio, AWriteToAReactiveWindowStopsTheGuestAtItsInstant) {
  SKIP_IF_IT_LACKS(window_guest(), wire::link::ability_reactive);
  const Accesses unasked = accesses_of(target(), 0_ns, 200_ms);
  Guest guest(target(), window_guest({.reactive = {"board"}}));
  auto window = guest->mmio("board");
  window.on_read([next = 1000U](Instant, std::uint64_t, unsigned) mutable { return sim::MmioValue(next++); });
  for (std::size_t i = 1; i < 10; i += 2) {
    const wire::Stop stop = guest->run_until_output(after(20_ms), limit);
    EXPECT_EQ(stop.reason, wire::StopReason::output);
    EXPECT_EQ(stop.now.since_origin().ns(), unasked.accesses[i].at_ns);
  }
}

TEST_P(Mmio, AReadThatNobodyAnswersIsAnErrorAndTheGuestEndsInOrder) {
  SKIP_IF_IT_LACKS(window_guest());
  Guest guest(target(), window_guest());
  try {
    guest->run_until(after(20_ms), limit);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("reads 4 bytes at offset 0x0 of board"));
  }
  const auto status = guest->close(limit);
  if (target().is_program()) {
    EXPECT_EQ(status, host::ExitStatus{}) << guest.messages();
  }
}

// Between two of its reads, and in the middle of one.
TEST_P(Mmio, ARestoreGoesOnAsTheCheckpointDidAndForgetsTheReadThatWaits) {
  Wanted wanted{.program = "commands", .has_window = true, .keeps_checkpoints = true};  // which reads no clock
  SKIP_IF_IT_LACKS(wanted, wire::link::ability_checkpoints);
  Guest guest(target(), wanted);
  guest->run_until(after(1_ms), limit);
  guest->checkpoint("before", limit);
  const auto go_on = [&](std::uint32_t value) {
    guest.take_outputs();
    guest->mmio("board").on_read(
        [value](Instant at, std::uint64_t, unsigned) { return sim::MmioValue(value, at + 5_us); });
    guest->serial("serial0").send(after(2_ms), "r");
    guest->run_until(after(3_ms), limit);
    return guest.take_outputs();
  };
  const Outputs first = go_on(6);
  EXPECT_EQ(text_of(first), "read=6\n");
  guest->restore("before", limit);
  EXPECT_EQ(go_on(6), first);

  guest->restore("before", limit);
  guest->mmio("board").on_read({});
  guest->serial("serial0").send(after(2_ms), "r");
  EXPECT_THROW(guest->run_until(after(3_ms), limit), base::Error) << "nobody answers";
  EXPECT_THROW(guest->checkpoint("within", limit), base::Error) << "in the middle of a read";
  guest->restore("before", limit);
  EXPECT_EQ(guest->now(), after(1_ms));
  EXPECT_EQ(go_on(6), first);
}

}  // namespace
}  // namespace fermata::conformance_test
