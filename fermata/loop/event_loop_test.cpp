// SPDX-License-Identifier: MIT
#include "fermata/loop/event_loop.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "fermata/clock/testing/set_time.hpp"
#include "fermata/clock/timer.hpp"
#include "fermata/host/unique_fd.hpp"

namespace fermata::loop {
namespace {

using namespace std::chrono_literals;
using clock::ClockKind;
using clock::Timer;
using clock::testing::at_ns;
using clock::testing::SetHost;
using Wait = EventLoop::Wait;

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    out.reset(ends[0]);
    in.reset(ends[1]);
  }
  void send() const { EXPECT_EQ(::write(in.get(), "x", 1), 1); }

  host::UniqueFd out;
  host::UniqueFd in;
};

class EventLoopTest : public ::testing::Test {
 protected:
  SetHost host;  // stands still: what waits for it waits for ever, unless woken
  clock::Clocks clocks{host.sources()};
  EventLoop loop{clocks};
  std::vector<int> ran;
};

TEST_F(EventLoopTest, ATurnThatDoesNotWaitRunsWhatIsThere) {
  EXPECT_FALSE(loop.turn(Wait::no));
  loop.defer([&] { ran.push_back(1); });
  EXPECT_TRUE(loop.turn(Wait::no));
  EXPECT_FALSE(loop.turn(Wait::no));
  EXPECT_EQ(ran, std::vector{1});
}

TEST_F(EventLoopTest, ATurnRunsDescriptorsThenDeferredCallsThenTimersOfAllFourClocks) {
  const Pipe pipe;
  loop.watch(pipe.out.get(), {.readable = [&] { ran.push_back(1); }, .writable = {}});
  loop.defer([&] { ran.push_back(2); });
  std::vector<std::unique_ptr<Timer>> timers;
  for (const ClockKind kind : {ClockKind::realtime, ClockKind::virtual_time, ClockKind::host, ClockKind::virtual_rt}) {
    timers.push_back(std::make_unique<Timer>(loop.timers().list(kind), [&] { ran.push_back(3); }));
    timers.back()->arm(at_ns(0));
  }
  pipe.send();
  EXPECT_TRUE(loop.turn(Wait::no));
  EXPECT_EQ(ran, (std::vector{1, 2, 3, 3, 3, 3}));
}

TEST_F(EventLoopTest, AWaitEndsWithADescriptor) {
  const Pipe pipe;
  pipe.send();
  loop.watch(pipe.out.get(), {.readable = [&] { loop.forget(pipe.out.get()); }, .writable = {}});
  EXPECT_TRUE(loop.turn(Wait::yes));
  EXPECT_FALSE(loop.turn(Wait::no));
}

TEST_F(EventLoopTest, AWaitDoesNotBeginWhereSomethingIsDue) {
  Timer timer(loop.timers().list(ClockKind::realtime), [&] { ran.push_back(1); });
  timer.arm(at_ns(0));
  EXPECT_TRUE(loop.turn(Wait::yes));
  EXPECT_EQ(ran, std::vector{1});
}

TEST_F(EventLoopTest, AWakeEndsTheNextWait) {
  loop.wake();
  EXPECT_FALSE(loop.turn(Wait::yes));
}

TEST_F(EventLoopTest, WhatDefersItselfRunsInTheNextTurnWhichDoesNotWait) {
  std::function<void()> again = [&] {
    ran.push_back(1);
    if (ran.size() < 3) {
      loop.defer(again);
    }
  };
  loop.defer(again);
  EXPECT_TRUE(loop.turn(Wait::yes));
  EXPECT_EQ(ran.size(), 1U);
  EXPECT_TRUE(loop.turn(Wait::yes));
  EXPECT_TRUE(loop.turn(Wait::yes));
  EXPECT_EQ(ran.size(), 3U);
}

TEST_F(EventLoopTest, ATimerThatIsArmedForEverDoesNotKeepOthersFromRunning) {
  Timer* itself = nullptr;
  Timer for_ever(loop.timers().list(ClockKind::realtime), [&] { itself->arm(at_ns(0)); });
  itself = &for_ever;
  for_ever.arm(at_ns(0));
  loop.turn(Wait::yes);
  loop.defer([&] { ran.push_back(1); });
  loop.turn(Wait::yes);
  EXPECT_EQ(ran, std::vector{1});
}

TEST_F(EventLoopTest, RunsUntilStopped) {
  int turns = 0;
  std::function<void()> again = [&] {
    if (++turns == 5) {
      loop.stop();
    }
    loop.defer(again);
  };
  loop.defer(again);
  loop.run();
  EXPECT_EQ(turns, 5);
  loop.stop();
  loop.run();  // at once
  EXPECT_EQ(turns, 5);
}

TEST_F(EventLoopTest, ATurnLooksForAJumpOfTheWallClock) {
  std::optional<time::Duration> jump;
  const auto subscription = clocks.on_host_clock_jump([&](time::Duration by) { jump = by; });
  Timer alarm(loop.timers().list(ClockKind::host), [&] { ran.push_back(1); });
  alarm.arm(at_ns(3'600'000'000'000));
  loop.turn(Wait::no);
  EXPECT_EQ(jump, std::nullopt);
  host.wall.ns += 3'600'000'000'000;
  EXPECT_TRUE(loop.turn(Wait::no));
  EXPECT_EQ(jump, time::Duration::seconds(3'600));
  EXPECT_EQ(ran, std::vector{1});
}

TEST_F(EventLoopTest, InstructionDrivenVirtualTimeIsNotWaitedForButTold) {
  clock::InstructionTime instructions(0);
  clock::Clocks counted(host.sources(), &instructions);
  int told = 0;
  EventLoop main(counted, {.role = EventLoop::Role::main_loop, .virtual_deadline_is_earlier = [&] { ++told; }});
  Timer timer(main.timers().virtual_time(), [&] { ran.push_back(1); });
  timer.arm(at_ns(100));
  EXPECT_EQ(told, 1);
  clock::TimerList nobodys(counted.virtual_time());  // turned over to the main loop
  Timer other(nobodys, [] {});
  other.arm(at_ns(50));
  EXPECT_EQ(told, 2);
  Timer realtime(main.timers().list(ClockKind::realtime), [] {});
  realtime.arm(at_ns(50));
  EXPECT_EQ(told, 2);
  main.wake();
  EXPECT_FALSE(main.turn(Wait::yes));
  instructions.set_executed(100);
  EXPECT_TRUE(main.turn(Wait::no));
  EXPECT_EQ(ran, std::vector{1});
}

TEST_F(EventLoopTest, HostDrivenVirtualTimeTellsNobody) {
  int told = 0;
  EventLoop other(clocks, {.role = EventLoop::Role::io_thread, .virtual_deadline_is_earlier = [&] { ++told; }});
  Timer timer(other.timers().virtual_time(), [] {});
  timer.arm(at_ns(100));
  EXPECT_EQ(told, 0);
}

// The rest has two threads: the loop turns in one of them.

class EventLoopThreadTest : public ::testing::Test {
 protected:
  clock::Clocks clocks{clock::Clocks::HostSources{}};
  EventLoop loop{clocks};
  const host::HostClock& host_clock = host::HostClock::monotonic();
};

TEST_F(EventLoopThreadTest, AWaitEndsAtTheDeadlineAndNotBefore) {
  std::optional<time::Instant> ran_at;
  clock::Clock& realtime = clocks.at(ClockKind::realtime);
  Timer timer(loop.timers().list(ClockKind::realtime), [&] { ran_at = realtime.now(); });
  const time::Instant at = realtime.now() + time::Duration::microseconds(1'500);
  timer.arm(at);
  while (!ran_at) {
    loop.turn(Wait::yes);
  }
  EXPECT_GE(*ran_at, at);
}

TEST_F(EventLoopThreadTest, AnotherThreadsTimerEndsTheWaitWhenItBecomesTheSoonest) {
  std::latch is_over(1);
  clock::Clock& realtime = clocks.at(ClockKind::realtime);
  Timer far(loop.timers().list(ClockKind::realtime), [] {});
  Timer near(loop.timers().list(ClockKind::realtime), [&] {
    is_over.count_down();
    loop.stop();
  });
  far.arm(realtime.now() + time::Duration::seconds(3'600));
  std::thread runner([&] { loop.run(); });
  near.arm(realtime.now() + time::Duration::microseconds(100));
  is_over.wait();
  runner.join();
  EXPECT_TRUE(far.is_pending());
}

TEST_F(EventLoopThreadTest, EnablingAClockAndResumingTheMachineEndTheWait) {
  Timer timer(loop.timers().virtual_time(), [&] { loop.stop(); });
  timer.arm(at_ns(1'000));
  clocks.virtual_time().disable();
  std::thread runner([&] { loop.run(); });
  clocks.resume();
  runner.join();
  EXPECT_FALSE(timer.is_pending());
}

TEST_F(EventLoopThreadTest, DeferredCallsAndStopsFromOtherThreadsAreNeverMissed) {
  constexpr int rounds = 2'000;
  std::atomic<int> made = 0;
  std::thread runner([&] { loop.run(); });
  DeferredCall call(loop.deferred_calls(), [&] { ++made; });
  for (int round = 1; round <= rounds; ++round) {
    call.schedule();
    while (made < round) {  // so that the loop sleeps in between
      std::this_thread::yield();
    }
  }
  loop.stop();
  runner.join();
  EXPECT_EQ(made, rounds);
}

TEST_F(EventLoopThreadTest, TwoLoopsOfOneMachineEachRunTheirOwnTimersAndStopTogether) {
  EventLoop io(clocks, {.role = EventLoop::Role::io_thread, .virtual_deadline_is_earlier = {}});
  clocks.resume();
  std::atomic<int> main_calls = 0;
  std::atomic<int> io_calls = 0;
  std::atomic<bool> is_stopped = false;
  std::atomic<bool> ran_while_stopped = false;
  const auto periodic = [&](EventLoop& owner, std::atomic<int>& calls, Timer*& itself) {
    return std::make_unique<Timer>(owner.timers().virtual_time(), [&] {
      ran_while_stopped = ran_while_stopped || is_stopped;
      ++calls;
      itself->arm(clocks.virtual_time().now() + time::Duration::microseconds(10));
    });
  };
  Timer* main_itself = nullptr;
  Timer* io_itself = nullptr;
  const auto main_timer = periodic(loop, main_calls, main_itself);
  const auto io_timer = periodic(io, io_calls, io_itself);
  main_itself = main_timer.get();
  io_itself = io_timer.get();
  main_timer->arm(at_ns(0));
  io_timer->arm(at_ns(0));
  std::thread main_runner([&] { loop.run(); });
  std::thread io_runner([&] { io.run(); });
  for (int round = 0; round < 50; ++round) {
    clocks.stop();
    is_stopped = true;
    const int main_before = main_calls;
    const int io_before = io_calls;
    is_stopped = false;
    clocks.resume();
    while (main_calls == main_before || io_calls == io_before) {
      std::this_thread::yield();
    }
  }
  loop.stop();
  io.stop();
  main_runner.join();
  io_runner.join();
  EXPECT_FALSE(ran_while_stopped);
}

using EventLoopDeathTest = EventLoopTest;

TEST_F(EventLoopDeathTest, IsNotTurnedFromWithin) {
  loop.defer([&] { loop.turn(Wait::no); });
  EXPECT_DEATH(loop.turn(Wait::no), "broken precondition.*not turned from within");
}

}  // namespace
}  // namespace fermata::loop
