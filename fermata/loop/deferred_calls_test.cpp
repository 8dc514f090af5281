// SPDX-License-Identifier: MIT
#include "fermata/loop/deferred_calls.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "fermata/base/error.hpp"

namespace fermata::loop {
namespace {

class DeferredCallsTest : public ::testing::Test {
 protected:
  std::function<void()> note(int what) {
    return [this, what] { ran.push_back(what); };
  }

  Wakeup wakeup;
  DeferredCalls calls{wakeup};
  std::vector<int> ran;
};

TEST_F(DeferredCallsTest, MakesEachOnceInOrder) {
  EXPECT_FALSE(calls.run());
  calls.defer(note(1));
  calls.defer(note(2));
  EXPECT_FALSE(wakeup.begin_sleep());  // the loop is woken
  EXPECT_TRUE(calls.run());
  EXPECT_FALSE(calls.run());
  EXPECT_EQ(ran, (std::vector{1, 2}));
}

TEST_F(DeferredCallsTest, WhatDefersItselfRunsTheNextTime) {
  std::function<void()> again = [&] {
    ran.push_back(1);
    calls.defer(again);
  };
  calls.defer(again);
  EXPECT_TRUE(calls.run());
  EXPECT_EQ(ran.size(), 1U);
  EXPECT_TRUE(calls.run());
  EXPECT_EQ(ran.size(), 2U);
}

TEST_F(DeferredCallsTest, ADeferredCallIsMadeOnceForAllThatAsked) {
  DeferredCall call(calls, note(1));
  EXPECT_FALSE(call.is_scheduled());
  call.schedule();
  call.schedule();
  EXPECT_TRUE(call.is_scheduled());
  EXPECT_TRUE(calls.run());
  EXPECT_FALSE(call.is_scheduled());
  EXPECT_FALSE(calls.run());
  call.schedule();
  EXPECT_TRUE(calls.run());
  EXPECT_EQ(ran, (std::vector{1, 1}));
}

TEST_F(DeferredCallsTest, AskedForFromWithinItIsMadeTheNextTime) {
  DeferredCall* itself = nullptr;
  DeferredCall call(calls, [&] {
    ran.push_back(1);
    itself->schedule();
  });
  itself = &call;
  call.schedule();
  EXPECT_TRUE(calls.run());
  EXPECT_EQ(ran.size(), 1U);
  EXPECT_TRUE(call.is_scheduled());
}

TEST_F(DeferredCallsTest, CancelledItIsNotMadeAndCanBeAskedForAgainOnce) {
  DeferredCall call(calls, note(1));
  call.schedule();
  call.cancel();
  EXPECT_FALSE(calls.run());
  call.schedule();
  call.cancel();
  call.schedule();  // is in the queue twice now
  EXPECT_TRUE(calls.run());
  EXPECT_EQ(ran, std::vector{1});
}

TEST_F(DeferredCallsTest, MayBeDestroyedWhileItWaitsAndFromWithin) {
  auto waiting = std::make_unique<DeferredCall>(calls, note(1));
  std::unique_ptr<DeferredCall> own;
  own = std::make_unique<DeferredCall>(calls, [&, kept = std::make_shared<int>(7)] {
    own.reset();
    ran.push_back(*kept);
  });
  waiting->schedule();
  own->schedule();
  waiting.reset();
  calls.run();
  EXPECT_EQ(ran, std::vector{7});
}

TEST_F(DeferredCallsTest, RefusesEmptyFunctions) {
  EXPECT_THROW(calls.defer(nullptr), base::BadArgument);
  EXPECT_THROW(DeferredCall(calls, nullptr), base::BadArgument);
}

TEST_F(DeferredCallsTest, DestructionInAnotherThreadWaitsForItsEnd) {
  std::latch is_running(1);
  std::latch may_end(1);
  std::atomic<bool> has_ended = false;
  auto call = std::make_unique<DeferredCall>(calls, [&] {
    is_running.count_down();
    may_end.wait();
    has_ended = true;
  });
  call->schedule();
  std::thread runner([&] { calls.run(); });
  is_running.wait();
  std::thread destroyer([&] {
    call.reset();
    EXPECT_TRUE(has_ended);
  });
  may_end.count_down();
  destroyer.join();
  runner.join();
}

TEST_F(DeferredCallsTest, NoneFromManyThreadsIsLost) {
  constexpr int thread_count = 3;
  constexpr int rounds = 3'000;
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        calls.defer([&] { ++made; });
      }
    });
  }
  while (made < thread_count * rounds) {
    calls.run();
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_FALSE(calls.run());
}

}  // namespace
}  // namespace fermata::loop
