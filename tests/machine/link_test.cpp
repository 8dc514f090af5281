// SPDX-License-Identifier: MIT
//
// The embedded machine over link v1 with guests compiled from C: in this process, and as the program fermata-machine.
// Whichever it is and however a run is cut, inputs and outputs have the same instants.
#include <gmock/gmock.h>

#include <csignal>

#include "fermata/base/error.hpp"
#include "fermata/machine/in_process_guest.hpp"
#include "fermata/sim/link_guest.hpp"
#include "tests/machine/program_fixture.hpp"

namespace fermata::machine_test {
namespace {

using time::Duration;
using time::Instant;

host::Command program(const std::string& guest, const std::vector<std::string>& more = {}) {
  host::Command command{.arguments = {built_program("fermata-machine"), "-bios", "none", "-nodefaults", "-m", "2",
                                      "-kernel", guest_path("riscv64", guest), "-rtc", "clock=vm", "-icount",
                                      "shift=3,sleep=off"}};
  command.arguments.insert(command.arguments.end(), more.begin(), more.end());
  return command;
}

machine::Config config_of(const std::string& guest, unsigned networks) {
  machine::Config config;
  config.boot =
      machine::boot::plan_boot({.kernel = machine::boot::read_named(guest_path("riscv64", guest))}, 2 << 20, 1);
  for (unsigned i = 0; i < networks; ++i) {
    config.networks.push_back(device::MacAddress::default_of(i));
  }
  return config;
}

enum class Kind : std::uint8_t { in_process, program };

// A guest of either kind.
class LinkedGuest {
 public:
  LinkedGuest(Kind kind, const std::string& guest, const sim::LinkOptions& options = {}, unsigned networks = 0)
      : in_process_(kind == Kind::in_process
                        ? std::make_unique<machine::InProcessGuest>(config_of(guest, networks),
                                                                    guest::Follower::Options{}, machine::Protocol::link)
                        : nullptr),
        guest_(in_process_ != nullptr
                   ? sim::LinkGuest::attach(in_process_->connect(), options)
                   : sim::LinkGuest::launch(
                         program(guest, networks > 0 ? std::vector<std::string>{"-device", "virtio-net-device"}
                                                     : std::vector<std::string>{}),
                         options)) {}
  sim::LinkGuest* operator->() { return &guest_; }

 private:
  std::unique_ptr<machine::InProcessGuest> in_process_;
  sim::LinkGuest guest_;
};

void run_in_quanta(LinkedGuest& guest, Instant end, Duration quantum) {
  while (guest->now() < end) {
    guest->run_until(std::min(end, guest->now() + quantum), limit);
  }
}

using Outputs = std::vector<std::pair<std::int64_t, std::string>>;

Outputs outputs_of(Kind kind, const std::string& name, Instant end, Duration quantum) {
  LinkedGuest guest(kind, name);
  Outputs outputs;
  guest->serial("serial0").on_output(
      [&](Instant at, std::string_view text) { outputs.emplace_back(at.since_origin().ns(), std::string(text)); });
  run_in_quanta(guest, end, quantum);
  return outputs;
}

class EachKind : public ::testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Link, EachKind, ::testing::Values(Kind::in_process, Kind::program),
                         [](const auto& kind) { return kind.param == Kind::in_process ? "in_process" : "program"; });

TEST_P(EachKind, OutputsHaveTheSameInstantsWhateverTheQuantum) {
  const Outputs reference = outputs_of(Kind::in_process, "time", Instant::at(40_ms), 40_ms);
  std::string text;
  for (const auto& [at, piece] : reference) {
    text += piece;
  }
  EXPECT_EQ(text, "t=10005200\nt=20002000\nt=30000800\n");
  for (const Duration quantum : {10_us, 37_us, 1_ms, 10_ms}) {
    EXPECT_EQ(outputs_of(GetParam(), "time", Instant::at(40_ms), quantum), reference) << quantum.ns();
  }
}

TEST_P(EachKind, AnInputIsSeenAtItsInstantWhateverTheQuantum) {
  Outputs reference;
  for (const Duration quantum : {50_ms, 10_us, 37_us, 1_ms}) {
    LinkedGuest guest(GetParam(), "echo");
    Outputs outputs;
    guest->serial("serial0").on_output(
        [&](Instant at, std::string_view text) { outputs.emplace_back(at.since_origin().ns(), std::string(text)); });
    guest->serial("serial0").send(Instant::at(5'003_us), "a");
    guest->serial("serial0").send(Instant::at(12'345'678_ns), "b");
    run_in_quanta(guest, Instant::at(50_ms), quantum);
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

TEST_P(EachKind, AReactiveOutputIsAnsweredAtItsOwnInstant) {
  LinkedGuest guest(GetParam(), "time", {.reactive = {"serial0"}});
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

TEST_P(EachKind, FramesGoOverASimulatedCable) {
  // From 02:00:00:00:00:01 to the guest, EtherType 0x88b5; netecho sends it back.
  std::vector<std::byte> frame(64);
  const unsigned header[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
  std::transform(std::begin(header), std::end(header), frame.begin(), [](unsigned byte) { return std::byte(byte); });
  std::vector<std::int64_t> reference;
  for (const Duration quantum : {100_ms, 10_us, 1_ms}) {
    LinkedGuest guest(GetParam(), "netecho", {}, 1);
    std::vector<std::int64_t> instants;
    auto cable = guest->ethernet("ethernet0");
    cable.on_output([&](Instant at, std::span<const std::byte> echo) {
      EXPECT_EQ(echo.size(), frame.size());
      instants.push_back(at.since_origin().ns());
    });
    for (int i = 0; i < 10; ++i) {
      cable.send(Instant::at(10_ms + i * 1_ms), frame);
    }
    run_in_quanta(guest, Instant::at(100_ms), quantum);
    ASSERT_EQ(instants.size(), 10U);
    if (quantum == 100_ms) {
      reference = instants;
    }
    EXPECT_EQ(instants, reference) << quantum.ns();
  }
  EXPECT_EQ(reference[9] - reference[0], 9'000'000);
}

TEST_P(EachKind, ACheckpointIsGoneBackTo) {
  LinkedGuest guest(GetParam(), "time");
  Outputs outputs;
  guest->serial("serial0").on_output(
      [&](Instant at, std::string_view text) { outputs.emplace_back(at.since_origin().ns(), std::string(text)); });
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

TEST_P(EachKind, PowerOffIsToldWithItsStatus) {
  LinkedGuest guest(GetParam(), "exit3");
  const wire::Stop stop = guest->run_until(Instant::at(1_s), limit);
  EXPECT_EQ(stop.reason, wire::StopReason::powered_off);
  EXPECT_EQ(stop.exit_status, 3);
}

TEST(LinkProgram, EndsWithItsSimulatorInEveryState) {
  for (int state = 0; state < 4; ++state) {
    sim::LinkGuest guest = sim::LinkGuest::launch(program("spin"), {});
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
  sim::LinkGuest guest = sim::LinkGuest::launch(program("spin"), {.name = "board"});
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
