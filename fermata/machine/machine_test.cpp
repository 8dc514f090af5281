// SPDX-License-Identifier: MIT
#include "fermata/machine/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/clock/timer.hpp"
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

TEST(Machine, TellsThatTimeHasEnded) {
  for (const unsigned shift : {0U, 1U, 3U, 10U}) {
    Config config = config_of(testing::endless_loop());
    config.shift = shift;
    Machine machine(std::move(config));
    machine.instruction_time().warp_to(Instant::max() - 10'001_ns);
    const Stop stop = machine.run_until(Instant::max());
    EXPECT_EQ(stop.reason, shift == 0 ? StopReason::horizon : StopReason::end_of_time) << shift;
    EXPECT_LT((Instant::max() - stop.now).ns(), 1 << shift);
    EXPECT_EQ(machine.instruction_time().executed(), 10'001U >> shift);
    EXPECT_EQ(machine.run_until(Instant::max()), stop) << "for good";
  }
}

TEST(Machine, IdleTimeAndItsDeadlinesReachTheEndOfTime) {
  Machine machine(config_of(testing::wait_for_ever()));
  int runs = 0;
  clock::Timer timer(machine.timers().virtual_time(), [&] {
    ++runs;
    EXPECT_EQ(machine.now(), Instant::max());
  });
  timer.arm(Instant::max());
  EXPECT_EQ(machine.run_until(Instant::max()), (Stop{.now = Instant::max()}));
  EXPECT_EQ(runs, 1);
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

constexpr std::uint64_t plenty = 50'000'000;  // instructions: if as many are executed, nobody has been heard

TEST(Machine, NoLeaveFromAnotherThreadIsLost) {
  Machine machine(config_of(testing::endless_loop()));
  constexpr int rounds = 3'000;
  std::atomic<int> round = 0;
  std::thread other([&] {
    for (int i = 1; i <= rounds; ++i) {
      while (round.load() < i) {
      }
      for (int delay = i * 7 % 300; delay > 0; --delay) {  // so that it comes to where the run is about to begin
        round.load();
      }
      machine.leave();
    }
  });
  int heard = 0;
  for (int i = 1; i <= rounds; ++i) {
    round = i;
    heard += machine.run_until(Instant::max(), {.work = plenty}).reason == StopReason::left ? 1 : 0;
  }
  other.join();
  EXPECT_EQ(heard, rounds);
}

TEST(Machine, NoTimerThatAnotherThreadArmsIsPassed) {
  Machine machine(config_of(testing::endless_loop()));
  constexpr int rounds = 3'000;
  std::atomic<int> round = 0;
  clock::Timer timer(machine.timers().virtual_time(), [&machine] { machine.leave(); });
  std::thread other([&] {
    for (int i = 1; i <= rounds; ++i) {
      while (round.load() < i) {
      }
      for (int delay = i * 7 % 300; delay > 0; --delay) {
        round.load();
      }
      timer.arm(Instant::origin());
    }
  });
  int heard = 0;
  for (int i = 1; i <= rounds; ++i) {
    round = i;
    heard += machine.run_until(Instant::max(), {.work = plenty}).reason == StopReason::left ? 1 : 0;
  }
  other.join();
  EXPECT_EQ(heard, rounds);
}

TEST(Machine, StopsWhereATimerOfAnotherListIsDueUntilItHasRun) {
  for (const Program& program : {testing::wait_for_ever(), testing::endless_loop(), testing::tick_every(300_us)}) {
    Machine machine(config_of(program));
    clock::TimerList list(machine.clocks().virtual_time());
    std::vector<Instant> ran;
    clock::Timer timer(list, [&] { ran.push_back(machine.now()); });
    timer.arm(Instant::at(1_ms));
    const Stop stop = machine.run_until(Instant::at(10_ms));
    EXPECT_EQ(stop, (Stop{.now = Instant::at(1_ms), .reason = StopReason::timer_due}));
    EXPECT_EQ(machine.next_deadline(), Instant::at(1_ms));
    EXPECT_EQ(machine.run_until(Instant::at(10_ms)), stop) << "time waits for it";
    EXPECT_EQ(machine.run_until(Instant::at(10_ms), {.work = 1}), stop);
    list.run_due();
    EXPECT_EQ(machine.run_until(Instant::at(10_ms)), (Stop{.now = Instant::at(10_ms)}));
    EXPECT_THAT(ran, ::testing::ElementsAre(Instant::at(1_ms)));
  }
}

TEST(Machine, AnotherListMayBeRunWhenItIsNotified) {
  Machine machine(config_of(testing::tick_every(500_us)));
  std::vector<Instant> ran;
  clock::TimerList* to_run = nullptr;
  clock::TimerList list(machine.clocks().virtual_time(), [&] {
    if (to_run != nullptr) {
      to_run->run_due();
    }
  });
  clock::Timer timer(list, [&] { ran.push_back(machine.now()); });
  timer.arm(Instant::at(1_ms));
  to_run = &list;
  EXPECT_EQ(machine.run_until(Instant::at(10_ms)), (Stop{.now = Instant::at(10_ms)}));
  EXPECT_THAT(ran, ::testing::ElementsAre(Instant::at(1_ms)));
}

TEST(Machine, AnEarlierTimerOfAnotherThreadsListIsHeardOf) {
  Machine machine(config_of(testing::endless_loop()));
  std::atomic<int> handled = 0;
  machine.set_deadline_handler([&handled] { ++handled; });
  clock::TimerList list(machine.clocks().virtual_time(), [] {});
  clock::Timer timer(list, [] {});
  std::thread other([&] { timer.arm(Instant::origin()); });
  const Stop stop = machine.run_until(Instant::max(), {.work = 1'000'000'000});
  other.join();
  EXPECT_EQ(stop.reason, StopReason::timer_due);
  EXPECT_GE(handled, 1);
}

// The instants, in the machine's time, at which a guest that ticks every 500 us of its own time was heard.
std::vector<std::int64_t> ticks_at(clock::SpeedFactor factor, time::Duration quantum) {
  Machine machine(config_of(testing::tick_every(500_us)));
  machine.clocks().set_speed_factor(factor);
  std::vector<std::int64_t> instants;
  machine.serial().set_receiver([&](Instant, std::span<const std::byte> bytes) {
    instants.insert(instants.end(), bytes.size(), machine.now().since_origin().ns());
  });
  while (machine.now() < Instant::at(20_ms)) {
    EXPECT_EQ(machine.run_until(std::min(machine.now() + quantum, Instant::at(20_ms))).reason, StopReason::horizon);
  }
  return instants;
}

TEST(Machine, AWholeMachineRunsAtASpeedFactor) {
  for (const auto& [factor, period] : {std::pair{clock::SpeedFactor(1), 500'000.0},
                                       {clock::SpeedFactor(1, 2), 1'000'000.0},
                                       {clock::SpeedFactor(3), 500'000.0 / 3}}) {
    const auto ticks = ticks_at(factor, 20_ms);
    ASSERT_EQ(ticks.size(), static_cast<std::size_t>(20'000'000 / period - 0.1));
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(ticks[i]), static_cast<double>(i + 1) * period, 500.0) << i;
    }
    EXPECT_EQ(ticks_at(factor, 77_us), ticks) << "however it is cut";
  }
}

TEST(Machine, AFactorChangesWithTheGuestIdleAndIsSavedWithIt) {
  Machine machine(config_of(testing::tick_every(1_ms)));
  machine.run_until(Instant::at(500_us));
  const Instant first = *machine.next_deadline();
  machine.clocks().set_speed_factor(clock::SpeedFactor(1, 4));
  const Instant later = Instant::at(500_us) + (first - Instant::at(500_us)) * 4;
  EXPECT_EQ(machine.next_deadline(), later);
  const auto snapshot = machine.save();
  Machine other(config_of(testing::tick_every(1_ms)));
  other.load(snapshot);
  EXPECT_EQ(other.next_deadline(), later);
  for (Machine* const each : {&machine, &other}) {
    EXPECT_EQ(each->run_until(later - 1_ns, {.idle = IdleTime::stop}).reason, StopReason::idle);
    each->run_until(later);
    EXPECT_FALSE(each->is_idle());
    each->run_until(Instant::at(30_ms));
  }
  EXPECT_EQ(machine.save(), other.save());
}

TEST(Machine, ADeadlineBeyondTheEndOfDilatedTimeIsNone) {
  Machine machine(config_of(testing::wait_for_ever()));
  clock::Timer timer(machine.timers().virtual_time(), [] {});
  timer.arm(Instant::max());
  EXPECT_EQ(machine.next_deadline(), Instant::max());
  machine.clocks().set_speed_factor(clock::SpeedFactor(1, 2));
  EXPECT_EQ(machine.next_deadline(), std::nullopt);
}

TEST(Machine, PassesThatFindNothingAreBoundedByTheWorkLimit) {
  Machine machine(config_of(testing::wait_for_ever()));
  clock::Timer again(machine.timers().virtual_time(), [&again] { again.arm(Instant::origin()); });
  again.arm(Instant::origin());
  EXPECT_EQ(machine.run_until(Instant::at(1_ms), {.work = 10'000}).reason, StopReason::work_limit);
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
