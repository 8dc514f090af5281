// SPDX-License-Identifier: MIT
#include "fermata/machine/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/machine/testing/programs.hpp"

namespace fermata::machine {
namespace {

using namespace time::literals;
using testing::Program;
using time::Instant;

// What a machine sent, with the instants.
std::string transcript(const trace::MemorySink& trace) {
  std::string text;
  for (const trace::Record& record : trace.records()) {
    text += to_line(record) + "\n";
  }
  return text;
}

Config config_of(const Program& program, trace::Sink* trace = nullptr, unsigned harts = 1) {
  Config config;
  config.boot = testing::plan_of(program, harts);
  config.trace = trace;
  return config;
}

TEST(Machine, StandsAtTheHorizonToTheInstruction) {
  Machine machine(config_of(testing::endless_loop()));
  EXPECT_EQ(machine.now(), Instant::origin());
  EXPECT_EQ(machine.run_until(Instant::at(1_ms)), (Stop{.now = Instant::at(1_ms)}));
  EXPECT_EQ(machine.instruction_time().executed(), 125'000U);
  EXPECT_EQ(machine.run_until(Instant::at(1_ms)).now, Instant::at(1_ms)) << "no way to go";
  EXPECT_EQ(machine.run_until(Instant::at(1'000'001_ns)).now, Instant::at(1'000'008_ns)) << "a whole instruction";
}

TEST(Machine, IdleTimeIsSkipped) {
  Machine machine(config_of(testing::wait_for_ever()));
  EXPECT_EQ(machine.run_until(Instant::at(3600_s)), (Stop{.now = Instant::at(3600_s)}));
  EXPECT_LT(machine.instruction_time().executed(), 20U);
  EXPECT_TRUE(machine.is_idle());
}

TEST(Machine, AWorkLimitBoundsOneCall) {
  Machine machine(config_of(testing::endless_loop()));
  const Stop stop = machine.run_until(Instant::at(1_s), {.work = 1000});
  EXPECT_EQ(stop.reason, StopReason::work_limit);
  EXPECT_EQ(stop.now, Instant::at(8_us));
  EXPECT_EQ(machine.run_until(Instant::at(1_ms)).reason, StopReason::horizon);
}

TEST(Machine, OneInstructionAtATimeWhicheverClockTheChipReads) {
  for (const clock::ClockKind kind : {clock::ClockKind::virtual_time, clock::ClockKind::host}) {
    Config config = config_of(testing::endless_loop());
    config.rtc_clock = kind;
    Machine machine(std::move(config));
    for (std::uint64_t i = 1; i <= 10; ++i) {
      EXPECT_EQ(machine.run_until(Instant::at(1_s), {.work = 1}).reason, StopReason::work_limit);
      EXPECT_EQ(machine.instruction_time().executed(), i);
    }
  }
}

TEST(Machine, IdleTimeCanBeLeftToTheCaller) {
  Machine machine(config_of(testing::tick_every(500_us)));
  const Stop stop = machine.run_until(Instant::at(1_s), {.idle = IdleTime::stop});
  EXPECT_EQ(stop.reason, StopReason::idle);
  EXPECT_LT(stop.now, Instant::at(1_us));
  ASSERT_TRUE(machine.next_deadline());
  EXPECT_EQ(machine.run_until(*machine.next_deadline()).reason, StopReason::horizon);
  EXPECT_FALSE(machine.is_idle()) << "the timer has woken it";
}

TEST(Machine, ATrapLoopIsToldAndDoesNotHang) {
  Machine machine(config_of(testing::trap_for_ever()));
  const Stop first = machine.run_until(Instant::at(1_s));
  EXPECT_EQ(first.reason, StopReason::stuck);
  EXPECT_LT(first.now, Instant::at(1_us));
  EXPECT_EQ(machine.run_until(Instant::at(1_s)), first) << "and again";
}

TEST(Machine, ATimerThatIsSwitchedOffIsNoDeadline) {
  Program program;
  testing::load_immediate(program, testing::t0, testing::mtimecmp);
  program.push_back(testing::addi(testing::t1, testing::zero, -1));
  program.push_back(testing::sd(testing::t1, testing::t0, 0));
  testing::wait_in_loop(program);
  Machine machine(config_of(program));
  EXPECT_EQ(machine.run_until(Instant::at(1_s), {.idle = IdleTime::stop}).reason, StopReason::idle);
  EXPECT_EQ(machine.next_deadline(), std::nullopt);
}

TEST(Machine, PowersOffWithTheGuestsStatus) {
  trace::MemorySink trace;
  Machine machine(config_of(testing::finish(0x5555), &trace));
  const Stop stop = machine.run_until(Instant::at(1_s));
  EXPECT_EQ(stop.reason, StopReason::powered_off);
  EXPECT_EQ(stop.exit_status, 0);
  EXPECT_EQ(machine.run_until(Instant::at(2_s)), stop) << "for good";
  EXPECT_THAT(transcript(trace), ::testing::EndsWith(" guest_powered_off\n"));

  Machine failing(config_of(testing::finish(0x33333)));
  EXPECT_EQ(failing.run_until(Instant::at(1_s)).exit_status, 3);
}

TEST(Machine, ResetsUnlessItDoesNotReboot) {
  trace::MemorySink trace;
  Machine machine(config_of(testing::finish(0x7777), &trace));
  EXPECT_EQ(machine.run_until(Instant::at(1_us)).reason, StopReason::horizon);
  EXPECT_GT(trace.records().size(), 3U);
  EXPECT_EQ(trace.records()[0].kind, trace::RecordKind::guest_reset);
  EXPECT_EQ((trace.records()[2].at - trace.records()[1].at).ns(), (trace.records()[1].at - trace.records()[0].at).ns());

  Config config = config_of(testing::finish(0x7777));
  config.does_reboot = false;
  Machine once(std::move(config));
  EXPECT_EQ(once.run_until(Instant::at(1_us)).reason, StopReason::powered_off);
}

TEST(Machine, TellsEachByteWithItsInstant) {
  trace::MemorySink trace;
  Machine machine(config_of(testing::print("ok"), &trace));
  std::string received;
  machine.serial().set_receiver([&received, &machine](Instant at, std::span<const std::byte> bytes) {
    EXPECT_EQ(at, machine.now());
    received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  EXPECT_EQ(machine.run_until(Instant::at(1_ms)).reason, StopReason::horizon);
  EXPECT_EQ(received, "ok");
  EXPECT_THAT(transcript(trace), ::testing::HasSubstr(" output serial0 o\n"));
}

TEST(Machine, LeavesFromWithinACallback) {
  Machine machine(config_of(testing::print("ab")));
  machine.serial().set_receiver([&machine](Instant, std::span<const std::byte>) { machine.leave(); });
  const Stop first = machine.run_until(Instant::at(1_ms));
  EXPECT_EQ(first.reason, StopReason::left);
  const Stop second = machine.run_until(Instant::at(1_ms));
  EXPECT_EQ(second.reason, StopReason::left);
  EXPECT_GT(second.now, first.now);
  EXPECT_EQ(machine.run_until(Instant::at(1_ms)).reason, StopReason::horizon);
}

TEST(Machine, GuestErrorsAreRecordsNotFailures) {
  trace::MemorySink trace;
  Machine machine(config_of(testing::store_word(0x10200004, 0), &trace));  // tick timer: SCALE = 0
  EXPECT_EQ(machine.run_until(Instant::at(1_ms)).reason, StopReason::horizon);
  ASSERT_EQ(trace.records().size(), 1U);
  EXPECT_EQ(trace.records()[0].kind, trace::RecordKind::guest_error);
  EXPECT_THAT(trace.records()[0].text, ::testing::StartsWith("tick_timer: "));
}

TEST(Machine, WakesAtTheDeadlineExactlyAndTheQuantumChangesNothing) {
  std::string first;
  for (const time::Duration quantum : {10_us, 77_us, 1_ms, 10_ms, 50_ms}) {
    trace::MemorySink trace;
    Machine machine(config_of(testing::tick_every(500_us), &trace));
    while (machine.now() < Instant::at(50_ms)) {
      ASSERT_EQ(machine.run_until(std::min(machine.now() + quantum, Instant::at(50_ms))).reason, StopReason::horizon);
    }
    const std::string text = transcript(trace);
    EXPECT_EQ(std::ranges::count(text, '\n'), 99) << text;
    if (first.empty()) {
      first = text;
    }
    EXPECT_EQ(text, first) << quantum.ns();
  }
}

TEST(MachineDeathTest, AHorizonInThePastIsAProgrammingError) {
  Machine machine(config_of(testing::wait_for_ever()));
  machine.run_until(Instant::at(1_ms));
  EXPECT_DEATH(machine.run_until(Instant::at(1_us)), "not in the past");
}

TEST(Machine, ABadShiftAndTooManyDisksAreNamed) {
  Config config = config_of(testing::wait_for_ever());
  config.shift = 11;
  EXPECT_THROW(Machine{std::move(config)}, base::BadArgument);
}

TEST(Machine, ThousandMachinesLiveInOneProcess) {
  const auto boot = testing::plan_of(testing::tick_every(1_ms), 1, 64 * 1024);
  std::vector<std::unique_ptr<Machine>> machines;
  for (int i = 0; i < 1000; ++i) {
    machines.push_back(std::make_unique<Machine>(Config{.boot = boot}));
  }
  for (const time::Instant horizon : {Instant::at(1_ms), Instant::at(5_ms)}) {
    for (const auto& machine : machines) {
      ASSERT_EQ(machine->run_until(horizon).now, horizon);
    }
  }
}

}  // namespace
}  // namespace fermata::machine
