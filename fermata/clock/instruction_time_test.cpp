// SPDX-License-Identifier: MIT
#include "fermata/clock/instruction_time.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "fermata/base/error.hpp"
#include "fermata/clock/testing/set_time.hpp"

namespace fermata::clock {
namespace {

using testing::at_ns;

constexpr std::int64_t latest_ns = std::numeric_limits<std::int64_t>::max();

TEST(InstructionTime, IsInstructionsShifted) {
  InstructionTime time(3);
  EXPECT_EQ(time.now(), at_ns(0));
  time.set_executed(5);
  EXPECT_EQ(time.now(), at_ns(40));
  EXPECT_EQ(time.executed(), 5U);
  EXPECT_EQ(time.shift(), 3U);
}

TEST(InstructionTime, RefusesAShiftBeyondTen) {
  EXPECT_NO_THROW(InstructionTime(0));
  EXPECT_NO_THROW(InstructionTime(10));
  EXPECT_THROW(InstructionTime(11), base::BadArgument);
  InstructionTime time(3);
  EXPECT_THROW(time.set_shift(11), base::BadArgument);
  EXPECT_EQ(time.shift(), 3U);
}

TEST(InstructionTime, AWarpSkipsTimeWithoutInstructions) {
  InstructionTime time(3);
  time.set_executed(5);
  time.warp_to(at_ns(1'001));
  EXPECT_EQ(time.now(), at_ns(1'001));
  EXPECT_EQ(time.executed(), 5U);
  time.set_executed(6);
  EXPECT_EQ(time.now(), at_ns(1'009));
  time.warp_to(time.now());
  EXPECT_EQ(time.now(), at_ns(1'009));
}

TEST(InstructionTime, InstructionsUntilRoundsUp) {
  InstructionTime time(3);
  time.set_executed(1);
  EXPECT_EQ(time.instructions_until(at_ns(0)), 0U);
  EXPECT_EQ(time.instructions_until(at_ns(8)), 0U);
  EXPECT_EQ(time.instructions_until(at_ns(9)), 1U);
  EXPECT_EQ(time.instructions_until(at_ns(16)), 1U);
  EXPECT_EQ(time.instructions_until(at_ns(17)), 2U);
}

TEST(InstructionTime, InstructionsUntilIsTheLeastCountThatReachesTheInstant) {
  for (const unsigned shift : {0U, 1U, 3U, 10U}) {
    for (const std::int64_t bias : {0, 1, 777}) {
      for (const std::int64_t ahead : {1, 7, 8, 9, 1023, 1024, 1025, 99'999}) {
        InstructionTime time(shift);
        time.warp_to(at_ns(bias));
        const time::Instant at = at_ns(bias + ahead);
        const std::uint64_t count = time.instructions_until(at);
        time.set_executed(count - 1);
        EXPECT_LT(time.now(), at);
        time.set_executed(count);
        EXPECT_GE(time.now(), at);
      }
    }
  }
}

TEST(InstructionTime, FarDeadlinesDoNotOverflow) {
  InstructionTime finest(0);
  EXPECT_EQ(finest.instructions_until(time::Instant::max()), static_cast<std::uint64_t>(latest_ns));
  InstructionTime coarsest(10);
  EXPECT_EQ(coarsest.instructions_until(time::Instant::max()), (std::uint64_t{1} << 53) - 1) << "one more is too many";
  coarsest.warp_to(time::Instant::max());
  EXPECT_EQ(coarsest.instructions_until(time::Instant::max()), 0U);
}

TEST(InstructionTime, InstructionsUntilStaysWithinTheRange) {
  for (const unsigned shift : {0U, 1U, 3U, 10U}) {
    for (const std::int64_t left : {0, 1, 7, 8, 9, 1023, 1024, 1025}) {
      InstructionTime time(shift);
      time.warp_to(at_ns(latest_ns - left));
      const std::uint64_t count = time.instructions_until(time::Instant::max());
      EXPECT_EQ(count, static_cast<std::uint64_t>(left) >> shift);
      time.set_executed(count);
      EXPECT_EQ(time.instructions_until(time::Instant::max()), 0U);
    }
  }
}

TEST(InstructionTime, AnotherShiftIsNoJump) {
  InstructionTime time(3);
  time.set_executed(100);
  time.set_shift(0);
  EXPECT_EQ(time.now(), at_ns(800));
  time.set_executed(101);
  EXPECT_EQ(time.now(), at_ns(801));
  time.set_shift(10);  // the count shifted by this is more than now: the bias is negative
  EXPECT_EQ(time.now(), at_ns(801));
  time.set_executed(102);
  EXPECT_EQ(time.now(), at_ns(801 + 1'024));
  EXPECT_EQ(time.instructions_until(at_ns(801 + 1'025)), 1U);
}

TEST(InstructionTime, SavedAndLoadedItGoesOnTheSame) {
  InstructionTime time(3);
  time.set_executed(100);
  time.set_shift(10);
  time.warp_to(at_ns(12'345));
  state::Writer writer;
  time.save(writer);
  const auto bytes = writer.take();
  InstructionTime restored(0);
  restored.set_executed(1'000'000);
  state::Reader reader(bytes);
  restored.load(reader);
  EXPECT_EQ(restored.now(), at_ns(12'345));
  EXPECT_EQ(restored.executed(), 100U);
  EXPECT_EQ(restored.shift(), 10U);
  restored.set_executed(101);
  EXPECT_EQ(restored.now(), at_ns(13'369));
}

TEST(InstructionTime, LoadRefusesWhatCannotBe) {
  const auto load = [](std::uint64_t executed, std::uint8_t shift, std::int64_t now_ns) {
    state::Writer writer;
    writer.u64(executed);
    writer.u8(shift);
    writer.instant(at_ns(now_ns));
    const auto bytes = writer.take();
    state::Reader reader(bytes);
    InstructionTime(0).load(reader);
  };
  EXPECT_NO_THROW(load(5, 10, 0));
  EXPECT_THROW(load(5, 11, 0), base::Error);
  EXPECT_THROW(load(5, 3, -1), base::Error);
  EXPECT_THROW(load(std::numeric_limits<std::uint64_t>::max(), 10, 0), base::Error);
}

TEST(InstructionTime, AReaderInAnotherThreadNeverSeesItGoBackwards) {
  InstructionTime time(3);
  std::atomic<bool> is_done = false;
  std::thread reader([&] {
    time::Instant last = time.now();
    while (!is_done) {
      const time::Instant now = time.now();
      ASSERT_GE(now, last);
      last = now;
    }
  });
  for (std::uint64_t i = 1; i < 30'000; ++i) {
    time.set_executed(i);
    if (i % 7 == 0) {
      time.set_shift(static_cast<unsigned>(i / 7 % 11));
    }
    if (i % 11 == 0) {
      time.warp_to(time.now() + time::Duration::nanoseconds(3));
    }
  }
  is_done = true;
  reader.join();
}

TEST(InstructionTimeDeathTest, TheCountAndTheTimeDoNotRunBackwards) {
  InstructionTime time(3);
  time.set_executed(5);
  EXPECT_DEATH(time.set_executed(4), "broken precondition in set_executed.*does not run backwards");
  EXPECT_DEATH(time.warp_to(at_ns(39)), "broken precondition in warp_to.*does not go backwards");
}

TEST(InstructionTimeDeathTest, TheTimeStaysInRange) {
  InstructionTime time(10);
  time.set_executed(std::uint64_t{1} << 52);
  EXPECT_DEATH(time.set_executed(std::uint64_t{1} << 53), "broken precondition in set_executed");
}

}  // namespace
}  // namespace fermata::clock
