// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "tests/recording/recordings.hpp"

namespace fermata::recording_test {
namespace {

using ::testing::HasSubstr;

Outcome replayed(const std::string& recording, const std::vector<std::string>& command,
                 std::vector<std::string> options = {}) {
  options.insert(options.begin(), "replay");
  options.push_back(recording);
  options.emplace_back("--");
  options.insert(options.end(), command.begin(), command.end());
  return fermata(options);
}

TEST(ReplayProgram, WhatAMachineInProcessDidTheProgramDoes) {
  const TempFolder folder;
  for (const Duration quantum : {20_ms, 1_ms, 37_us}) {
    record_in_process(folder.path("r"), "echo", Instant::at(20_ms), quantum, letters("abcdef"));
    for (const std::vector<std::string>& options :
         {std::vector<std::string>(), std::vector<std::string>{"--quantum", "90us"}}) {
      const Outcome equal = replayed(folder.path("r"), machine_with("echo"), options);
      EXPECT_EQ(equal.status, host::ExitStatus{}) << equal.output << equal.errors;
      EXPECT_THAT(equal.output, HasSubstr("events of the guest trace are equal, up to 0.020000000 s\n"));
    }
  }
}

TEST(ReplayProgram, AReplayCanBeRecorded) {
  const TempFolder folder;
  record_in_process(folder.path("r"), "echo", Instant::at(20_ms), 1_ms, letters("abcdef"));
  EXPECT_EQ(replayed(folder.path("r"), machine_with("echo"), {"--record", folder.path("again")}).status,
            host::ExitStatus{});
  EXPECT_EQ(fermata({"diff", folder.path("r"), folder.path("again")}).status, host::ExitStatus{});
}

TEST(ReplayProgram, ReactiveOutputsAndFramesAreReplayed) {
  const TempFolder folder;
  record_in_process(
      folder.path("net"), "netecho", Instant::at(40_ms), 100_us,
      [](sim::LinkGuest& guest) {
        for (int i = 0; i < 10; ++i) {
          guest.ethernet("ethernet0").send(Instant::at(10_ms + i * 1_ms), echo_frame(64U + static_cast<unsigned>(i)));
        }
      },
      1);
  const Outcome net = replayed(folder.path("net"), machine_with("netecho", 1));
  EXPECT_EQ(net.status, host::ExitStatus{}) << net.output << net.errors;

  {
    sim::LinkGuest guest = sim::LinkGuest::launch({.arguments = machine_with("time")},
                                                  {.reactive = {"serial0"}, .record = folder.path("reactive")});
    while (guest.now() < Instant::at(30_ms)) {
      if (guest.run_until_output(Instant::at(30_ms), limit).reason == wire::StopReason::output) {
        guest.serial("serial0").send(guest.now(), "x");
      }
    }
  }
  for (const std::vector<std::string>& options :
       {std::vector<std::string>(), std::vector<std::string>{"--quantum", "1ms"}}) {
    const Outcome reactive = replayed(folder.path("reactive"), machine_with("time"), options);
    EXPECT_EQ(reactive.status, host::ExitStatus{}) << reactive.output << reactive.errors;
  }
}

TEST(ReplayProgram, CheckpointsAndPowerOffAreReplayed) {
  const TempFolder folder;
  {
    sim::LinkGuest guest =
        sim::LinkGuest::launch({.arguments = machine_with("time")}, {.record = folder.path("branch")});
    run_in_quanta(guest, Instant::at(15_ms), 1_ms);
    guest.checkpoint("one", limit);
    run_in_quanta(guest, Instant::at(40_ms), 1_ms);
    guest.restore("one", limit);
    run_in_quanta(guest, Instant::at(40_ms), 300_us);
    guest.close(limit);
  }
  const Outcome branch = replayed(folder.path("branch"), machine_with("time"));
  EXPECT_EQ(branch.status, host::ExitStatus{}) << branch.output << branch.errors;
  {
    sim::LinkGuest guest =
        sim::LinkGuest::launch({.arguments = machine_with("exit3")}, {.record = folder.path("exit")});
    EXPECT_EQ(guest.run_until(Instant::at(1_s), limit).reason, wire::StopReason::powered_off);
  }
  const Outcome ended = replayed(folder.path("exit"), machine_with("exit3"));
  EXPECT_EQ(ended.status, host::ExitStatus{}) << ended.output << ended.errors;
  EXPECT_THAT(fermata({"trace", "print", folder.path("exit")}).output,
              HasSubstr("report reason=powered_off next=busy grants=1 exit_status=3\n"));
  const Outcome other = replayed(folder.path("exit"), machine_with("poweroff"));
  EXPECT_EQ(other.status, host::ExitStatus{.code = 1}) << other.errors;
}

TEST(ReplayProgram, AnotherGuestDiffers) {
  const TempFolder folder;
  record_in_process(folder.path("r"), "echo", Instant::at(20_ms), 1_ms, letters("abcdef"));
  const Outcome other = replayed(folder.path("r"), machine_with("time"));
  EXPECT_EQ(other.status, host::ExitStatus{.code = 1}) << other.errors;
  EXPECT_THAT(other.output, HasSubstr("+++ the replay\n"));
  const Outcome channels = replayed(folder.path("r"), machine_with("echo", 1));
  EXPECT_EQ(channels.status, host::ExitStatus{.code = 1}) << channels.errors;
  EXPECT_THAT(channels.output, HasSubstr("+ 0.000000000 channel 2 ethernet0 ethernet in out"));
}

TEST(ReplayProgram, WhatDoesNotRunIsTrouble) {
  const TempFolder folder;
  record_in_process(folder.path("r"), "echo", Instant::at(20_ms), 1_ms, letters("abcdef"));
  EXPECT_EQ(replayed(folder.path("r"), {"false"}).status, host::ExitStatus{.code = 2});
  EXPECT_EQ(replayed(folder.path("r"), {"/nowhere/at/all"}).status, host::ExitStatus{.code = 2});
  EXPECT_EQ(replayed("/nowhere/at/all", machine_with("echo")).status, host::ExitStatus{.code = 2});
  const Outcome silent = replayed(folder.path("r"), {"sh", "-c", "exec tail -f /dev/null"}, {"--limit", "50ms"});
  EXPECT_EQ(silent.status, host::ExitStatus{.code = 2});
  EXPECT_NE(silent.errors.find("did not introduce itself"), std::string::npos) << silent.errors;
}

}  // namespace
}  // namespace fermata::recording_test
