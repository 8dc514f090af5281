// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/stock_vcpus.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "fermata/base/error.hpp"
#include "guests/qemu/stock/time/testing/stock_vcpus_fixture.hpp"

namespace fermata::qemu {
namespace {

using Reading = time::Duration;

TEST_F(StockVcpusTest, AreAsManyAsQemuHas) { EXPECT_EQ(vcpus_.count(), 3); }

TEST_F(StockVcpusTest, PauseResumeAndRunTimersAreQemusOwn) {
  vcpus_.pause();
  vcpus_.run_timers();
  vcpus_.resume();
  EXPECT_EQ(qemu_.calls, "pause timers of 1 resume ");
}

TEST_F(StockVcpusTest, EachVcpuWaitsOnceWhereItIsBarred) {
  int waits = 0;
  vcpus_.bar([&waits] { ++waits; });
  ASSERT_EQ(qemu_.queue.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(qemu_.queue.front().cpu, i);
    qemu_.run_one();
    EXPECT_EQ(waits, static_cast<int>(i) + 1);
  }
  EXPECT_TRUE(qemu_.queue.empty());
  int others = 0;
  vcpus_.bar([&others] { ++others; });
  qemu_.run_one();
  EXPECT_EQ(others, 1);
  EXPECT_EQ(waits, 3);
}

TEST_F(StockVcpusTest, IsToldWhenQemuTurnsTheClockOn) {
  vcpus_.listen(listener_);
  EXPECT_EQ(listener_.let_go, 0) << "the proof itself is nobody's business";
  EXPECT_TRUE(qemu_.is_clock_on);
  vcpus_.turn_clock_off();
  EXPECT_FALSE(qemu_.is_clock_on);
  EXPECT_EQ(listener_.let_go, 0);
  qemu_.enable(true);
  EXPECT_EQ(listener_.let_go, 1);
  qemu_.enable(true);
  EXPECT_EQ(listener_.let_go, 1) << "it was on";
}

TEST_F(StockVcpusTest, AQemuThatDoesNotTellIsRefused) {
  TimeSymbols s = time_symbols();
  s.timerlist_new = [](int, void (*)(void*, int), void*) -> void* { return nullptr; };
  StockVcpus deaf(symbols(), s);
  EXPECT_THROW(deaf.listen(listener_), base::Error);
  s = time_symbols();
  s.cpus_get_accel = []() -> void* { return nullptr; };
  StockVcpus without(symbols(), s);
  EXPECT_THROW(without.listen(listener_), base::Error);
}

TEST_F(StockVcpusTest, AResetIsDueUntilTheVcpusAreLetGoAfterIt) {
  vcpus_.listen(listener_);
  EXPECT_FALSE(vcpus_.is_reset_due());
  qemu_.ask_for_reset();
  EXPECT_TRUE(vcpus_.is_reset_due());
  qemu_.enable(false);
  qemu_.enable(true);  // a start before it
  EXPECT_TRUE(vcpus_.is_reset_due());
  qemu_.reset_requested = 0;  // the main thread begins
  EXPECT_TRUE(vcpus_.is_reset_due());
  qemu_.enable(false);
  EXPECT_TRUE(vcpus_.is_reset_due());
  qemu_.enable(true);
  EXPECT_FALSE(vcpus_.is_reset_due());
}

TEST_F(StockVcpusTest, IsToldOfALoadedStateWhileTheMachineIsStopped) {
  vcpus_.listen(listener_);
  EXPECT_EQ(listener_.loaded, 0);
  qemu_.load_state();
  EXPECT_GT(listener_.loaded, 0);
  listener_.loaded = 0;
  qemu_.is_running = true;
  qemu_.load_state();
  EXPECT_EQ(listener_.loaded, 0) << "a vCPU was plugged in";
}

TEST_F(StockVcpusTest, TheProcessorTimeOfAVcpuIsThatOfItsThread) {
  EXPECT_EQ(vcpus_.cpu_time(0), host::HostDuration::zero());
  vcpus_.bar([] {});
  std::thread vcpu([this] {
    qemu_.run_one();  // in which it is found out who runs it
    const host::HostDuration before = vcpus_.cpu_time(0);
    EXPECT_GT(before, host::HostDuration::zero());
    while (vcpus_.cpu_time(0) == before) {  // each look costs some
    }
    EXPECT_GT(vcpus_.cpu_time(0), before);
    EXPECT_EQ(vcpus_.cpu_time(1), host::HostDuration::zero());
  });
  vcpu.join();
}

// It takes QEMU's lock as the first thing; what its thread does then is not the guest's.
TEST_F(StockVcpusTest, WhatAVcpuHadWhenItLeftGuestCodeIsNotedOnce) {
  static int locks = 0;
  locks = 0;
  LockFunction lock = [](void*, const char*, int) { ++locks; };
  Symbols with_lock = symbols();
  with_lock.bql_mutex_lock_func = &lock;
  StockVcpus vcpus(with_lock, time_symbols());
  vcpus.bar([] {});
  const auto burn = [&vcpus] {
    const host::HostDuration before = vcpus.cpu_time(0);
    while (vcpus.cpu_time(0) == before) {
    }
  };
  lock(nullptr, "", 0);  // a thread that is no vCPU's
  std::thread vcpu([&] {
    qemu_.run_one();
    lock(nullptr, "", 0);
    burn();
    EXPECT_GE(vcpus.cpu_time_at_exit(0), vcpus.cpu_time(0) / 2) << "nobody has watched";
    vcpus.watch_exits();
    burn();
    const host::HostDuration before = vcpus.cpu_time(0);
    lock(nullptr, "", 0);
    const host::HostDuration after = vcpus.cpu_time(0);
    burn();
    lock(nullptr, "", 0);
    EXPECT_GE(vcpus.cpu_time_at_exit(0), before);
    EXPECT_LE(vcpus.cpu_time_at_exit(0), after);
    EXPECT_EQ(vcpus.cpu_time_at_exit(0), vcpus.cpu_time_at_exit(0));
    vcpus.watch_exits();
    EXPECT_GT(vcpus.cpu_time_at_exit(0), after) << "it has not left guest code since";
  });
  vcpu.join();
  EXPECT_EQ(locks, 4);
}

TEST_F(StockVcpusTest, TheRunningClockIsQemus) {
  EXPECT_EQ(vcpus_.running_clock(), Reading::nanoseconds(1009));
  qemu_.running_ns = 500;
  EXPECT_EQ(vcpus_.running_clock(), Reading::nanoseconds(1509));
}

TEST_F(StockVcpusTest, AStoppedClockIsSetInItsWordAndNowhereElse) {
  EXPECT_TRUE(vcpus_.set_running_clock(Reading::nanoseconds(77)));
  EXPECT_EQ(vcpus_.running_clock(), Reading::nanoseconds(77));
  for (std::size_t i = 0; i < qemu_.timers_state.size(); ++i) {
    EXPECT_EQ(qemu_.timers_state.at(i), i == 9 ? 77 : 1000 + static_cast<std::int64_t>(i));
  }
  qemu_.timers_state.at(3) = 77;  // once it is known which word it is, an equal one does not matter
  EXPECT_TRUE(vcpus_.set_running_clock(Reading::nanoseconds(78)));
  EXPECT_EQ(qemu_.timers_state.at(9), 78);
  EXPECT_EQ(qemu_.timers_state.at(3), 77);
}

TEST_F(StockVcpusTest, AClockThatIsThereAlreadyNeedsNothing) {
  const auto before = qemu_.timers_state;
  qemu_.running_ns = 1;  // no word shows it
  EXPECT_TRUE(vcpus_.set_running_clock(Reading::nanoseconds(1010)));
  EXPECT_EQ(qemu_.timers_state, before);
}

TEST_F(StockVcpusTest, WordsThatCannotBeToldApartAreLeftAlone) {
  qemu_.timers_state.at(3) = qemu_.timers_state.at(9);
  const auto before = qemu_.timers_state;
  EXPECT_FALSE(vcpus_.set_running_clock(Reading::nanoseconds(77)));
  EXPECT_EQ(qemu_.timers_state, before);
  qemu_.timers_state.at(3) = 0;  // at another reading they can be
  EXPECT_TRUE(vcpus_.set_running_clock(Reading::nanoseconds(77)));
}

TEST_F(StockVcpusTest, AWordThatIsNotTheClockIsPutBack) {
  TimeSymbols s = time_symbols();
  s.cpu_get_clock = [] { return std::int64_t{1005}; };  // equal by chance
  StockVcpus vcpus(symbols(), s);
  const auto before = qemu_.timers_state;
  EXPECT_FALSE(vcpus.set_running_clock(Reading::nanoseconds(77)));
  EXPECT_EQ(qemu_.timers_state, before);
}

// It goes on from there all the same; a snapshot has what QEMU's own clock shows.
TEST_F(StockVcpusTest, AClockThatCannotBeSetShowsWhatItIsToShowUntilAnotherIsLoaded) {
  qemu_.timers_state.at(3) = qemu_.timers_state.at(9);
  vcpus_.listen(listener_);
  EXPECT_FALSE(vcpus_.set_running_clock(Reading::nanoseconds(77)));
  EXPECT_EQ(vcpus_.running_clock(), Reading::nanoseconds(77));
  qemu_.running_ns = 5;
  EXPECT_EQ(vcpus_.running_clock(), Reading::nanoseconds(82));
  qemu_.running_ns = 0;
  EXPECT_FALSE(vcpus_.set_running_clock(Reading::nanoseconds(82)));
  EXPECT_EQ(vcpus_.running_clock(), Reading::nanoseconds(82));
  qemu_.timers_state.at(9) = 4000;
  qemu_.load_state();
  EXPECT_EQ(vcpus_.running_clock(), Reading::nanoseconds(4000));
}

TEST_F(StockVcpusTest, ARunningClockCannotBeSet) {
  EXPECT_TRUE(vcpus_.set_running_clock(Reading::nanoseconds(77)));
  qemu_.running_ns = 5;
  EXPECT_FALSE(vcpus_.set_running_clock(Reading::nanoseconds(90)));
  EXPECT_EQ(qemu_.timers_state.at(9), 77);
}

}  // namespace
}  // namespace fermata::qemu
