// SPDX-License-Identifier: MIT
//
// The embedded machine over link v1 with guests compiled from C: in this process, and as the program fermata-machine.
// Whichever it is and however a run is cut, inputs and outputs have the same instants.
#include <gmock/gmock.h>

#include <csignal>

#include "fermata/base/error.hpp"
#include "tests/machine/link/linked_guest.hpp"

namespace fermata::machine_test {
namespace {

using time::Duration;
using time::Instant;

Outputs outputs_of(Kind kind, const std::string& name, Instant end, Duration quantum) {
  LinkedGuest guest(kind, {.guest = name});
  Outputs outputs;
  guest.collect(outputs);
  guest.run_in_quanta(end, quantum);
  return outputs;
}

class Link : public EachKind {};
INSTANTIATE_TEST_SUITE_P(EachKind, Link, each_kind(), kind_name);

TEST_P(Link, OutputsHaveTheSameInstantsWhateverTheQuantum) {
  const Outputs reference = outputs_of(Kind::in_process, "time", Instant::at(40_ms), 40_ms);
  EXPECT_EQ(joined(reference), "t=10005200\nt=20002000\nt=30000800\n");
  for (const Duration quantum : {10_us, 37_us, 1_ms, 10_ms}) {
    EXPECT_EQ(outputs_of(GetParam(), "time", Instant::at(40_ms), quantum), reference) << quantum.ns();
  }
}

TEST_P(Link, AnInputIsSeenAtItsInstantWhateverTheQuantum) {
  Outputs reference;
  for (const Duration quantum : {50_ms, 10_us, 37_us, 1_ms}) {
    LinkedGuest guest(GetParam(), {.guest = "echo"});
    Outputs outputs;
    guest.collect(outputs);
    guest->serial("serial0").send(Instant::at(5'003_us), "a");
    guest->serial("serial0").send(Instant::at(12'345'678_ns), "b");
    guest.run_in_quanta(Instant::at(50_ms), quantum);
    if (quantum == 50_ms) {
      reference = outputs;
    }
    EXPECT_EQ(outputs, reference) << quantum.ns();
  }
  const auto echo_of = [&](const std::string& what) {
    return std::find_if(reference.begin(), reference.end(), [&](const auto& output) { return output.second == what; });
  };
  ASSERT_NE(echo_of("a"), reference.end());
  ASSERT_NE(echo_of("b"), reference.end());
  EXPECT_GE(echo_of("a")->first, 5'003'000);
  EXPECT_LT(echo_of("b")->first, 12'345'678 + 1'000'000);
}

TEST_P(Link, AReactiveOutputIsAnsweredAtItsOwnInstant) {
  LinkedGuest guest(GetParam(), {.guest = "time", .link = {.reactive = {"serial0"}}});
  std::vector<Instant> stops;
  while (stops.size() < 5) {
    const wire::Stop stop = guest->run_until_output(Instant::at(40_ms), limit);
    ASSERT_EQ(stop.reason, wire::StopReason::output);
    guest->serial("serial0").send(stop.now, "x");
    stops.push_back(stop.now);
  }
  EXPECT_TRUE(std::is_sorted(stops.begin(), stops.end()));
  EXPECT_NEAR(static_cast<double>(stops[0].since_origin().ns()), 10'005'200, 10'000)
      << "after the guest has read its clock";
}

TEST_P(Link, FramesGoOverASimulatedCable) {
  // From 02:00:00:00:00:01 to the guest, EtherType 0x88b5; netecho sends it back.
  std::vector<std::byte> frame(64);
  const unsigned header[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
  std::transform(std::begin(header), std::end(header), frame.begin(), [](unsigned byte) { return std::byte(byte); });
  std::vector<std::int64_t> reference;
  for (const Duration quantum : {100_ms, 10_us, 1_ms}) {
    LinkedGuest guest(GetParam(), {.guest = "netecho", .networks = 1});
    std::vector<std::int64_t> instants;
    auto cable = guest->ethernet("ethernet0");
    cable.on_output([&](Instant at, std::span<const std::byte> echo) {
      EXPECT_EQ(echo.size(), frame.size());
      instants.push_back(at.since_origin().ns());
    });
    for (int i = 0; i < 10; ++i) {
      cable.send(Instant::at(10_ms + i * 1_ms), frame);
    }
    guest.run_in_quanta(Instant::at(100_ms), quantum);
    ASSERT_EQ(instants.size(), 10U);
    if (quantum == 100_ms) {
      reference = instants;
    }
    EXPECT_EQ(instants, reference) << quantum.ns();
  }
  EXPECT_EQ(reference[9] - reference[0], 9'000'000);
}

TEST_P(Link, ACheckpointIsGoneBackTo) {
  LinkedGuest guest(GetParam(), {.guest = "time"});
  Outputs outputs;
  guest.collect(outputs);
  guest->run_until(Instant::at(15_ms), limit);
  guest->checkpoint("branch", limit);
  outputs.clear();
  guest->run_until(Instant::at(40_ms), limit);
  const Outputs first = outputs;
  EXPECT_FALSE(first.empty());
  for (int i = 0; i < 3; ++i) {
    guest->restore("branch", limit);
    EXPECT_EQ(guest->now(), Instant::at(15_ms));
    outputs.clear();
    guest->run_until(Instant::at(40_ms), limit);
    EXPECT_EQ(outputs, first);
  }
}

TEST_P(Link, PowerOffIsToldWithItsStatus) {
  LinkedGuest guest(GetParam(), {.guest = "exit3"});
  const wire::Stop stop = guest->run_until(Instant::at(1_s), limit);
  EXPECT_EQ(stop.reason, wire::StopReason::powered_off);
  EXPECT_EQ(stop.exit_status, 3);
}

TEST(LinkProgram, EndsWithItsSimulatorInEveryState) {
  for (int state = 0; state < 4; ++state) {
    sim::LinkGuest guest = sim::LinkGuest::launch(program_of({.guest = "spin"}), {});
    if (state >= 1) {
      guest.run_until(Instant::at(1_ms), limit);
    }
    if (state == 2) {
      guest.grant(Instant::at(1000_s));
    } else if (state == 3) {
      guest.checkpoint("one", limit);
    }
    EXPECT_EQ(guest.close(limit), host::ExitStatus{}) << state;
  }
}

TEST(LinkProgram, ThatIsKilledIsNoticed) {
  sim::LinkGuest guest = sim::LinkGuest::launch(program_of({.guest = "spin"}), {.name = "board"});
  guest.grant(Instant::at(1000_s));
  ::kill(*guest.pid(), SIGKILL);
  try {
    guest.wait(limit);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::peer_gone);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("board is gone"));
  }
}

TEST(LinkProgram, RefusesLinesThatTheBoardHasItself) {
  const Outcome refused = run_machine({"-bios", "none", "-kernel", guest_path("riscv64", "spin"), "-rtc", "clock=vm",
                                       "-icount", "3,sleep=off", "-link", "fd=0,lines=12"});
  EXPECT_EQ(refused.status, host::ExitStatus{.code = 1});
  EXPECT_THAT(refused.errors, ::testing::HasSubstr("PLIC source from 13 to 95"));
}

TEST(LinkProgram, ASocketThatNobodyListensAtIsNamed) {
  const Outcome refused = run_machine({"-bios", "none", "-kernel", guest_path("riscv64", "spin"), "-rtc", "clock=vm",
                                       "-icount", "3,sleep=off", "-link", "path=/nowhere/at/all"});
  EXPECT_EQ(refused.status, host::ExitStatus{.code = 1});
  EXPECT_THAT(refused.errors, ::testing::HasSubstr("nobody listens at the socket /nowhere/at/all"));
}

}  // namespace
}  // namespace fermata::machine_test
