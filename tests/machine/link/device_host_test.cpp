// SPDX-License-Identifier: MIT
//
// One device in two hosts: the tick timer on the machine's board and in the simulator's process, across the link, with
// one guest program.
#include <gmock/gmock.h>

#include "fermata/device/tick_timer.hpp"
#include "fermata/sim/device_host/device_host.hpp"
#include "tests/machine/link/linked_guest.hpp"

namespace fermata::machine_test {
namespace {

using time::Duration;
using time::Instant;

constexpr Instant long_after = Instant::at(200_ms);

class TickTimerHosts : public EachKind {};
INSTANTIATE_TEST_SUITE_P(EachKind, TickTimerHosts, each_kind(), kind_name);

// What the guest prints that has the timer on its board.
Outputs inside(Kind kind) {
  LinkedGuest guest(kind, {.guest = "tick_anywhere", .parameters = {0x1020'0000, 12}});
  Outputs outputs;
  guest.collect(outputs);
  EXPECT_EQ(guest->run_until(long_after, limit).reason, wire::StopReason::powered_off);
  return outputs;
}

LinkedOptions with_timer_outside(unsigned harts = 1) {
  return {.guest = "tick_anywhere",
          .link = {.reactive = {"tick"}},
          .lines = {20},
          .windows = {{.name = "tick", .range = {.begin = 0x1001'0000, .size = 0x1000}}},
          .harts = harts,
          .parameters = {0x1001'0000, 20}};
}

// And of the one whose timer is here.
Outputs outside(Kind kind, Duration latency, Duration quantum, unsigned harts = 1) {
  LinkedGuest guest(kind, with_timer_outside(harts));
  sim::DeviceHost host(*guest);
  device::TickTimer timer({}, host.ports("tick", "line20"));
  host.connect("tick", timer, {.latency = latency, .reaction = 1_us});
  Outputs outputs;
  guest.collect(outputs);
  wire::Stop stop;
  while (guest->now() < long_after && stop.reason != wire::StopReason::powered_off) {
    stop = host.run_until(guest->now() + quantum, limit);
  }
  EXPECT_EQ(stop.reason, wire::StopReason::powered_off) << joined(outputs);
  return outputs;
}

TEST_P(TickTimerHosts, WithoutLatencyTheGuestCannotTellWhereItIs) {
  const Outputs reference = inside(Kind::in_process);
  EXPECT_THAT(joined(reference), ::testing::HasSubstr("wrong=0\n"));
  EXPECT_GT(reference.size(), 400U);
  EXPECT_EQ(inside(GetParam()), reference);
  for (const Duration quantum : {10_ms, 1_ms, 37_us, 1_us}) {
    EXPECT_EQ(outside(GetParam(), 0_ns, quantum), reference) << quantum.ns();
  }
}

TEST_P(TickTimerHosts, WithLatencyItIsTheSameWhateverTheQuantum) {
  const Outputs at_once = outside(Kind::in_process, 0_ns, 10_ms);
  for (const Duration latency : {8_ns, 700_ns, 2'500_ns}) {
    const Outputs reference = outside(Kind::in_process, latency, 10_ms);
    // The first thing that it does with the timer is to read CONTROL, which is 5; then it prints that.
    EXPECT_EQ(reference.front().first, at_once.front().first + latency.ns());
    EXPECT_EQ(reference.front().second, at_once.front().second);
    for (const Duration quantum : {1_ms, 33_us, 1_us}) {
      EXPECT_EQ(outside(GetParam(), latency, quantum), reference) << latency.ns() << ' ' << quantum.ns();
    }
  }
}

TEST_P(TickTimerHosts, AlsoWithASecondHartThatIsParked) {
  EXPECT_EQ(outside(GetParam(), 0_ns, 1_ms, 2), outside(GetParam(), 0_ns, 33_us, 2));
}

TEST_P(TickTimerHosts, ACheckpointHoldsTheTimerToo) {
  LinkedGuest guest(GetParam(), with_timer_outside());
  sim::DeviceHost host(*guest);
  device::TickTimer timer({}, host.ports("tick", "line20"));
  host.connect("tick", timer, {.latency = 300_ns, .reaction = 1_us});
  Outputs outputs;
  guest.collect(outputs);
  host.run_until(Instant::at(6_ms), limit);  // the periodic count is under way
  host.checkpoint("branch", limit);
  std::vector<Outputs> runs;
  for (const Duration quantum : {10_ms, 100_us, 10_us}) {
    outputs.clear();
    while (guest->now() < Instant::at(12_ms)) {
      host.run_until(std::min(guest->now() + quantum, Instant::at(12_ms)), limit);
    }
    runs.push_back(outputs);
    host.restore("branch", limit);
    EXPECT_EQ(guest->now(), Instant::at(6_ms));
  }
  EXPECT_THAT(joined(runs[0]), ::testing::HasSubstr("periodic="));
  EXPECT_EQ(runs[1], runs[0]);
  EXPECT_EQ(runs[2], runs[0]);
}

// The answers and the line's changes are in the recording, so that the guest runs again without the device.
TEST(TickTimerRecorded, IsReplayedWithoutTheDevice) {
  const TempFolder folder;
  for (const Duration quantum : {10_ms, 300_us}) {
    LinkedOptions options = with_timer_outside();
    options.link.record = folder.path(quantum == 10_ms ? "a" : "b");
    LinkedGuest guest(Kind::program, options);
    sim::DeviceHost host(*guest);
    device::TickTimer timer({}, host.ports("tick", "line20"));
    host.connect("tick", timer, {.latency = 700_ns, .reaction = 1_us});
    while (guest->now() < Instant::at(8_ms)) {
      host.run_until(std::min(guest->now() + quantum, Instant::at(8_ms)), limit);
    }
    guest->close(limit);
  }
  const Outcome diff = run({built_program("fermata"), "diff", folder.path("a"), folder.path("b")});
  EXPECT_EQ(diff.status, host::ExitStatus{}) << diff.output << diff.errors;
  const auto machine = program_of(with_timer_outside()).arguments;
  for (const char* quantum : {"1s", "100us", "7us"}) {
    std::vector<std::string> arguments{
        built_program("fermata"),     "replay",         "--quantum", quantum, "--link", "lines=20", "--link",
        "windows=tick@0x10010000+4K", folder.path("a"), "--"};
    arguments.insert(arguments.end(), machine.begin(), machine.end());
    const Outcome same = run(arguments);
    EXPECT_EQ(same.status, host::ExitStatus{}) << quantum << same.output << same.errors;
  }
}

}  // namespace
}  // namespace fermata::machine_test
