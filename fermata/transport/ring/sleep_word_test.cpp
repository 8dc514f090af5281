// SPDX-License-Identifier: MIT
#include "fermata/transport/ring/sleep_word.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace fermata::transport::ring {
namespace {

using namespace std::chrono_literals;

constexpr auto long_enough = 30s;  // a limit for what must come, not a delay

TEST(SleepWord, SaysWhatItsOwnerWaitsFor) {
  std::atomic<std::uint32_t> value = 0;
  SleepWord word(value);
  word.announce(WaitsFor::bytes);
  EXPECT_EQ(value.load(), 1U);
  word.announce(WaitsFor::room);
  EXPECT_EQ(value.load(), 2U);
  word.withdraw();
  EXPECT_EQ(value.load(), 0U);
}

TEST(SleepWord, IsAnsweredOnlyByWhatItsOwnerWaitsFor) {
  std::atomic<std::uint32_t> value = 0;
  SleepWord word(value);
  word.announce(WaitsFor::bytes);
  word.wake(WaitsFor::room);
  EXPECT_EQ(value.load(), 1U);
  word.wake(WaitsFor::bytes);
  EXPECT_EQ(value.load(), 0U);
  word.announce(WaitsFor::room);
  word.wake_always();
  EXPECT_EQ(value.load(), 0U);
}

TEST(SleepWord, AnAnswerBeforeTheWaitMakesItNoWait) {
  std::atomic<std::uint32_t> value = 0;
  SleepWord word(value);
  word.announce(WaitsFor::bytes);
  word.wake(WaitsFor::bytes);
  const host::Deadline deadline(host::HostClock::monotonic(), long_enough);
  word.wait(WaitsFor::bytes, long_enough);
  EXPECT_FALSE(deadline.has_passed());
}

TEST(SleepWord, AWaitEndsAtItsLength) {
  std::atomic<std::uint32_t> value = 0;
  SleepWord word(value);
  word.announce(WaitsFor::room);
  word.wait(WaitsFor::room, 1ms);
  word.wait(WaitsFor::room, 0s);
  EXPECT_EQ(value.load(), 2U);
}

// Two sides take turns, asleep in between or about to be: a wake-up that is lost shows as a wait of its whole length.
TEST(SleepWord, NoWakeUpIsLostInManyTurns) {
  constexpr int turns = 20'000;
  std::atomic<std::uint32_t> asleep_a = 0;
  std::atomic<std::uint32_t> asleep_b = 0;
  std::atomic<int> turn = 0;  // even: a's
  std::atomic<int> lost = 0;
  const auto play = [&](SleepWord ours, SleepWord theirs, int first) {
    for (int mine = first; mine < turns; mine += 2) {
      const host::Deadline deadline(host::HostClock::monotonic(), long_enough);
      while (turn.load() != mine && !deadline.has_passed()) {
        ours.announce(WaitsFor::bytes);
        if (turn.load() != mine) {
          ours.wait(WaitsFor::bytes, long_enough);
        }
        ours.withdraw();
      }
      lost += deadline.has_passed() ? 1 : 0;
      turn.store(mine + 1);
      theirs.wake(WaitsFor::bytes);
    }
  };
  std::thread b(play, SleepWord(asleep_b), SleepWord(asleep_a), 1);
  play(SleepWord(asleep_a), SleepWord(asleep_b), 0);
  b.join();
  EXPECT_EQ(lost.load(), 0);
  EXPECT_EQ(turn.load(), turns);
}

}  // namespace
}  // namespace fermata::transport::ring
