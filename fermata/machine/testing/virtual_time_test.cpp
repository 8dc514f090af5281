// SPDX-License-Identifier: MIT
//
// How a machine's virtual time meets other threads, other timer lists, a speed factor, and its end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "fermata/clock/timer.hpp"
#include "fermata/machine/machine.hpp"
#include "fermata/machine/testing/programs.hpp"

namespace fermata::machine::testing {
namespace {

using namespace time::literals;
using ::testing::ElementsAre;
using time::Instant;

Config config_of(const Program& program) { return {.boot = plan_of(program)}; }

TEST(VirtualTime, TellsThatTimeHasEnded) {
  for (const unsigned shift : {0U, 1U, 3U, 10U}) {
    Config config = config_of(endless_loop());
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

TEST(VirtualTime, IdleTimeAndItsDeadlinesReachTheEndOfTime) {
  Machine machine(config_of(wait_for_ever()));
  int runs = 0;
  clock::Timer timer(machine.timers().virtual_time(), [&] {
    ++runs;
    EXPECT_EQ(machine.now(), Instant::max());
  });
  timer.arm(Instant::max());
  EXPECT_EQ(machine.run_until(Instant::max()), (Stop{.now = Instant::max()}));
  EXPECT_EQ(runs, 1);
}

constexpr std::uint64_t plenty = 50'000'000;  // instructions: if as many are executed, nobody has been heard

TEST(VirtualTime, NoLeaveFromAnotherThreadIsLost) {
  Machine machine(config_of(endless_loop()));
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

TEST(VirtualTime, NoTimerThatAnotherThreadArmsIsPassed) {
  Machine machine(config_of(endless_loop()));
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

TEST(VirtualTime, StopsWhereATimerOfAnotherListIsDueUntilItHasRun) {
  for (const Program& program : {wait_for_ever(), endless_loop(), tick_every(300_us)}) {
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
    EXPECT_THAT(ran, ElementsAre(Instant::at(1_ms)));
  }
}

TEST(VirtualTime, AnotherListMayBeRunWhenItIsNotified) {
  Machine machine(config_of(tick_every(500_us)));
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
  EXPECT_THAT(ran, ElementsAre(Instant::at(1_ms)));
}

TEST(VirtualTime, AnEarlierTimerOfAnotherThreadsListIsHeardOf) {
  Machine machine(config_of(endless_loop()));
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
  Machine machine(config_of(tick_every(500_us)));
  machine.clocks().set_speed_factor(factor);
  std::vector<std::int64_t> instants;
  machine.serial().set_receiver([&](Instant at, std::span<const std::byte> bytes) {
    EXPECT_EQ(at, machine.now());
    instants.insert(instants.end(), bytes.size(), at.since_origin().ns());
  });
  while (machine.now() < Instant::at(20_ms)) {
    EXPECT_EQ(machine.run_until(std::min(machine.now() + quantum, Instant::at(20_ms))).reason, StopReason::horizon);
  }
  return instants;
}

TEST(VirtualTime, AWholeMachineRunsAtASpeedFactor) {
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

TEST(VirtualTime, AFactorChangesWithTheGuestIdleAndIsSavedWithIt) {
  Machine machine(config_of(tick_every(1_ms)));
  machine.run_until(Instant::at(500_us));
  const Instant first = *machine.next_deadline();
  machine.clocks().set_speed_factor(clock::SpeedFactor(1, 4));
  const Instant later = Instant::at(500_us) + (first - Instant::at(500_us)) * 4;
  EXPECT_EQ(machine.next_deadline(), later);
  const auto snapshot = machine.save();
  Machine other(config_of(tick_every(1_ms)));
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

TEST(VirtualTime, ADeadlineBeyondTheEndOfDilatedTimeIsNone) {
  Machine machine(config_of(wait_for_ever()));
  clock::Timer timer(machine.timers().virtual_time(), [] {});
  timer.arm(Instant::max());
  EXPECT_EQ(machine.next_deadline(), Instant::max());
  machine.clocks().set_speed_factor(clock::SpeedFactor(1, 2));
  EXPECT_EQ(machine.next_deadline(), std::nullopt);
}

TEST(VirtualTime, ATimerThatIsArmedAgainForEverIsBoundedByTheWorkLimit) {
  Machine machine(config_of(wait_for_ever()));
  clock::Timer again(machine.timers().virtual_time(), [&again] { again.arm(Instant::origin()); });
  again.arm(Instant::origin());
  EXPECT_EQ(machine.run_until(Instant::at(1_ms), {.work = 10'000}).reason, StopReason::work_limit);
}

TEST(VirtualTime, APassThatFindsNothingIsWork) {
  Machine machine(config_of(wait_for_ever()));
  clock::Timer* to_cancel = nullptr;
  clock::TimerList list(machine.clocks().virtual_time(), [&] {
    if (to_cancel != nullptr) {
      to_cancel->cancel();
    }
  });
  clock::Timer timer(list, [] {});
  timer.arm(Instant::origin());
  to_cancel = &timer;
  EXPECT_EQ(machine.run_until(Instant::at(1_ms), {.work = 1}),
            (Stop{.now = Instant::origin(), .reason = StopReason::work_limit}));
  EXPECT_EQ(machine.run_until(Instant::at(1_ms)), (Stop{.now = Instant::at(1_ms)}));
}

}  // namespace
}  // namespace fermata::machine::testing
