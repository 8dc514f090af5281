// SPDX-License-Identifier: MIT
#include "fermata/clock/revocable.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

namespace fermata::clock {
namespace {

TEST(Revocable, IsCalledUntilRevoked) {
  int sum = 0;
  Revocable<int> call([&](int by) { sum += by; });
  EXPECT_TRUE(call.call(3));
  EXPECT_TRUE(call.call(4));
  call.revoke();
  EXPECT_FALSE(call.call(5));
  EXPECT_EQ(sum, 7);
}

TEST(Revocable, MayBeRevokedFromWithin) {
  int calls = 0;
  Revocable<>* itself = nullptr;
  Revocable<> call([&] {
    ++calls;
    itself->revoke();
  });
  itself = &call;
  EXPECT_TRUE(call.call());
  EXPECT_FALSE(call.call());
  EXPECT_EQ(calls, 1);
}

TEST(Revocable, RevokingWaitsForACallInAnotherThread) {
  std::latch is_running(1);
  std::latch may_end(1);
  std::atomic<bool> has_ended = false;
  Revocable<> call([&] {
    is_running.count_down();
    may_end.wait();
    has_ended = true;
  });
  std::thread caller([&] { call.call(); });
  is_running.wait();
  std::thread revoker([&] {
    call.revoke();
    EXPECT_TRUE(has_ended);
  });
  may_end.count_down();
  revoker.join();
  caller.join();
}

}  // namespace
}  // namespace fermata::clock
