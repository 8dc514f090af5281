// SPDX-License-Identifier: MIT
#include "fermata/device/tick_timer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "fermata/base/error.hpp"
#include "fermata/device/testing/workbench.hpp"

namespace fermata::device {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Workbench;

constexpr bus::Address control = 0x00;
constexpr bus::Address scale = 0x04;
constexpr bus::Address status = 0x08;
constexpr bus::Address counter = 0x0c;
constexpr bus::Address reload = 0x10;

struct TickTimerTest : ::testing::Test {
  explicit TickTimerTest(TickTimer::Config config = {}) : timer(std::move(config), bench.ports()) {}

  std::uint64_t read(bus::Address at) { return timer.read(at, 4); }
  void write(bus::Address at, std::uint32_t value) { timer.write(at, 4, value); }
  /// The instants in ns at which the interrupt comes until `end_ns`; each is acknowledged.
  std::vector<std::int64_t> expiries(std::int64_t end_ns) {
    std::vector<std::int64_t> instants;
    bench.irq.connect([&](bool level) {
      if (level) {
        instants.push_back(bench.now_ns());
      }
    });
    while (bench.now_ns() < end_ns) {
      bench.run_until(std::min(end_ns, bench.timers.earliest().value_or(time::Instant::max()).since_origin().ns()));
      write(status, 1);
    }
    bench.irq.connect({});
    return instants;
  }

  Workbench bench;
  TickTimer timer;
};

TEST_F(TickTimerTest, ResetValues) {
  EXPECT_EQ(read(control), 0b101U);
  EXPECT_EQ(read(scale), 1U);
  EXPECT_EQ(read(status), 0U);
  EXPECT_EQ(read(counter), 0U);
  EXPECT_EQ(read(reload), 0U);
  EXPECT_FALSE(bench.irq.level());
  EXPECT_THAT(bench.errors.lines, ElementsAre());
}

TEST_F(TickTimerTest, CountsDownAndInterruptsAtZero) {
  bench.run_until(500);
  write(counter, 3);  // 3 us
  EXPECT_EQ(read(reload), 3U);
  EXPECT_EQ(read(status), 0b10U);
  bench.run_until(1'499);
  EXPECT_EQ(read(counter), 3U);
  bench.run_until(1'500);
  EXPECT_EQ(read(counter), 2U);
  bench.run_until(3'499);
  EXPECT_EQ(read(counter), 1U);
  EXPECT_FALSE(bench.irq.level());
  bench.run_until(3'500);
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(read(counter), 0U);
  EXPECT_EQ(read(status), 0b01U);
  bench.run_until(1'000'000);
  EXPECT_EQ(read(counter), 0U);
  write(status, 1);
  EXPECT_FALSE(bench.irq.level());
  EXPECT_EQ(read(status), 0U);
}

TEST_F(TickTimerTest, AWriteOfZeroExpiresAtOnce) {
  write(counter, 7);
  write(counter, 0);
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(read(status), 0b01U);
  EXPECT_EQ(read(reload), 0U);
  EXPECT_FALSE(bench.timers.has_timers());
}

TEST_F(TickTimerTest, AWriteDuringACountStartsItAnew) {
  write(counter, 10);
  bench.run_until(5'500);
  write(counter, 10);
  EXPECT_EQ(read(counter), 10U);
  EXPECT_THAT(expiries(100'000), ElementsAre(15'500));
}

TEST_F(TickTimerTest, TheExpiryIsSeenByAReadBeforeTheTimerHasRun) {
  write(counter, 2);
  bench.pass(2'000);  // the accessing instruction itself reaches the expiry
  EXPECT_EQ(read(counter), 0U);
  EXPECT_EQ(read(status), 0b01U);
  EXPECT_TRUE(bench.irq.level());
  EXPECT_FALSE(bench.timers.has_timers());
}

TEST_F(TickTimerTest, APollingGuestSeesNoDrift) {
  write(counter, 1'000);
  std::uint64_t last = 1'000;
  for (int i = 1; i <= 3'000; ++i) {
    bench.run_for(333);  // less than a tick: nothing of it may be lost
    const std::uint64_t left = read(counter);
    EXPECT_EQ(left, i * 333 >= 1'000'000 ? 0 : 1'000 - static_cast<std::uint64_t>(i) * 333 / 1'000);
    EXPECT_LE(left, last);
    last = left;
  }
  bench.run_until(999'999);
  EXPECT_FALSE(bench.irq.level());
  bench.run_until(1'000'000);
  EXPECT_TRUE(bench.irq.level());
}

TEST_F(TickTimerTest, ScaleTakesEffectAtTheNextStart) {
  write(counter, 2);
  write(scale, 65'535);
  EXPECT_EQ(read(scale), 65'535U);
  EXPECT_THAT(expiries(1'000'000'000), ElementsAre(2'000));
  write(counter, 2);
  EXPECT_THAT(expiries(2'000'000'000), ElementsAre(1'000'000'000 + 2 * 65'535'000));
}

TEST_F(TickTimerTest, RefusesScalesOutOfRange) {
  write(scale, 9);
  write(scale, 0);
  write(scale, 65'536);
  EXPECT_EQ(read(scale), 9U);
  EXPECT_THAT(bench.errors.lines, ElementsAre("tick_timer: write of 0 to SCALE, which takes 1 to 65535: ignored",
                                              "tick_timer: write of 65536 to SCALE, which takes 1 to 65535: ignored"));
}

TEST_F(TickTimerTest, InterruptEnableGatesTheLineOnly) {
  write(control, 0b100);
  write(counter, 1);
  bench.run_until(5'000);
  EXPECT_EQ(read(status), 0b01U);
  EXPECT_FALSE(bench.irq.level());
  write(control, 0b101);
  EXPECT_TRUE(bench.irq.level());
  write(control, 0b100);
  EXPECT_FALSE(bench.irq.level());
}

TEST_F(TickTimerTest, InactiveIgnoresCountsAndFreezesTheOneUnderWay) {
  write(counter, 10);
  bench.run_until(3'700);
  write(control, 0b001);
  EXPECT_EQ(read(counter), 7U);
  EXPECT_EQ(read(status), 0U);
  write(counter, 55);
  EXPECT_EQ(read(reload), 10U);
  bench.run_until(1'000'000);
  EXPECT_EQ(read(counter), 7U);
  EXPECT_FALSE(bench.irq.level());
  write(control, 0b101);
  EXPECT_EQ(read(status), 0b10U);
  EXPECT_THAT(expiries(2'000'000), ElementsAre(1'000'000 + 10'000 - 3'700));  // to the ns
}

TEST_F(TickTimerTest, PeriodicGoesOnFromReload) {
  write(control, 0b111);
  write(counter, 3);
  write(reload, 2);  // from the second period on
  EXPECT_THAT(expiries(10'000), ElementsAre(3'000, 5'000, 7'000, 9'000));
  EXPECT_EQ(read(status), 0b10U);
  EXPECT_EQ(read(counter), 1U);
  write(control, 0b101);  // one-shot again: the period under way is the last
  EXPECT_THAT(expiries(100'000), ElementsAre(11'000));
  EXPECT_FALSE(bench.timers.has_timers());
}

TEST_F(TickTimerTest, PeriodicWithReloadZeroEnds) {
  write(control, 0b111);
  write(counter, 3);
  write(reload, 0);
  EXPECT_THAT(expiries(100'000), ElementsAre(3'000));
  EXPECT_EQ(read(status), 0U);
}

TEST_F(TickTimerTest, PeriodsMissedAtOnceAreCaughtUpWith) {
  write(control, 0b111);
  write(counter, 3);
  bench.pass(1'000'000'000'001);  // 333333333 periods and 1001 ns
  EXPECT_EQ(read(counter), 2U);
  EXPECT_EQ(bench.timers.earliest(), time::Instant::at(time::Duration::nanoseconds(1'000'000'002'000)));
}

struct ThirdOfAMegahertz : TickTimerTest {
  ThirdOfAMegahertz() : TickTimerTest({.frequency = time::Frequency(7'000'000, 3), .speed = {}}) {}
};

TEST_F(ThirdOfAMegahertz, PeriodicExpiriesLoseNothing) {
  write(control, 0b111);
  write(scale, 5);
  write(counter, 11);
  std::vector<std::int64_t> expected;
  for (std::int64_t k = 1; k * 11 * 5 * 3'000 / 7 <= 1'000'000; ++k) {
    expected.push_back(k * 11 * 5 * 3'000 / 7);
  }
  EXPECT_EQ(expiries(1'000'000), expected);
}

TEST_F(ThirdOfAMegahertz, ReadsAreZeroFromTheRoundedExpiryOn) {
  write(counter, 1);  // 428.57 ns
  bench.pass(427);
  EXPECT_EQ(read(counter), 1U);
  bench.pass(1);
  EXPECT_EQ(read(counter), 0U);
  write(control, 0b111);
  write(counter, 2);  // from 428 on: 857.14 ns
  bench.pass(857);
  EXPECT_EQ(read(counter), 2U);
  bench.pass(857);  // two periods are 1714.28 ns: not yet three ticks shown as left
  EXPECT_EQ(read(counter), 2U);
}

struct HalfSpeed : TickTimerTest {
  HalfSpeed() : TickTimerTest({.speed = {.numerator = 1, .denominator = 2}}) {}
};

TEST_F(HalfSpeed, StretchesExpiryAndReadings) {
  write(counter, 4);
  bench.run_until(7'999);
  EXPECT_EQ(read(counter), 1U);
  EXPECT_THAT(expiries(100'000), ElementsAre(8'000));
}

struct Gigahertz : TickTimerTest {
  Gigahertz() : TickTimerTest({.frequency = time::Frequency(7'000'000'000), .speed = {}}) {}
};

TEST_F(Gigahertz, TicksShorterThanANanosecond) {
  write(control, 0b111);
  write(counter, 1);
  bench.run_until(3);
  EXPECT_EQ(read(counter), 1U);
  write(control, 0b101);
  write(status, 1);
  write(counter, 0xffff'ffff);
  EXPECT_THAT(expiries(10'000'000'000), ElementsAre(3 + 4'294'967'295 / 7));
}

TEST_F(TickTimerTest, TheLongestCount) {
  write(scale, 65'535);
  write(counter, 0xffff'ffff);
  EXPECT_EQ(bench.timers.earliest(),
            time::Instant::at(time::Duration::nanoseconds(std::int64_t{4'294'967'295} * 65'535'000)));
  EXPECT_EQ(read(counter), 0xffff'ffffU);
}

TEST(TickTimerConfig, ALongerCountThanTimeNeverExpires) {
  Workbench bench;
  TickTimer timer({.frequency = time::Frequency(1, 1'000), .speed = {}}, bench.ports());
  timer.write(scale, 4, 65'535);
  timer.write(counter, 4, 1);
  timer.write(counter, 4, 0xffff'ffff);
  EXPECT_FALSE(bench.timers.has_timers());
  EXPECT_EQ(timer.read(counter, 4), 0xffff'ffffU);
  bench.run_until(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(timer.read(counter, 4), 0xffff'ffffU - 140);  // 2^63 ns are 140.7 ticks of 65'535'000 s
  EXPECT_FALSE(bench.irq.level());
}

TEST(TickTimerConfig, ACountThatIsFrozenAfterCenturiesIsRestored) {
  Workbench bench;
  TickTimer timer({.frequency = time::Frequency(1, 1'000), .speed = {}}, bench.ports());
  timer.write(scale, 4, 65'535);
  timer.write(counter, 4, 1'000);
  bench.run_until(std::numeric_limits<std::int64_t>::max() - 1'000);
  timer.write(control, 4, 0b001);
  EXPECT_EQ(timer.read(counter, 4), 860U);
  const auto bytes = testing::saved_with_timers(bench, timer);
  bench.run_until(std::numeric_limits<std::int64_t>::max());
  testing::load_with_timers(bench, timer, bytes);
  timer.write(control, 4, 0b101);
  EXPECT_EQ(timer.read(counter, 4), 860U);
}

TEST(TickTimerConfig, RefusesWhatCannotBeComputed) {
  Workbench bench;
  EXPECT_THROW(TickTimer({.speed = {.numerator = 0, .denominator = 1}}, bench.ports()), base::BadArgument);
  EXPECT_THROW(TickTimer({.speed = {.numerator = 1, .denominator = 0}}, bench.ports()), base::BadArgument);
  try {
    TickTimer timer({.name = "t", .frequency = time::Frequency(7, 18'446'744'073), .speed = {}}, bench.ports());
    FAIL();
  } catch (const base::BadArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("`t`: 7/18446744073 Hz"));
  }
}

TEST_F(TickTimerTest, MisuseIsAGuestError) {
  EXPECT_EQ(timer.read(0x14, 4), 0U);
  timer.write(0xffc, 4, 1);
  EXPECT_THAT(bench.errors.lines, ElementsAre("tick_timer: read of 4 bytes at offset 0x14: no register there",
                                              "tick_timer: write of 4 bytes at offset 0xffc: no register there"));
  EXPECT_EQ(timer.rules().min_size, 4U);
  EXPECT_EQ(timer.rules().max_size, 4U);
  EXPECT_FALSE(timer.rules().is_misaligned_allowed);
}

TEST_F(TickTimerTest, SavedInTheMiddleGoesOnTheSame) {
  write(control, 0b111);
  write(counter, 9);
  bench.run_until(5'400);
  write(reload, 4);
  const auto bytes = testing::saved_with_timers(bench, timer);
  Workbench other_bench;
  TickTimer other({}, other_bench.ports());
  other_bench.run_until(5'400);
  testing::load_with_timers(other_bench, other, bytes);
  EXPECT_EQ(testing::saved_with_timers(other_bench, other), bytes);
  for (int i = 0; i < 200; ++i) {
    bench.run_for(123);
    other_bench.run_for(123);
    EXPECT_EQ(other.read(counter, 4), read(counter));
    EXPECT_EQ(other.read(status, 4), read(status));
    EXPECT_EQ(other_bench.irq.level(), bench.irq.level());
  }
  EXPECT_EQ(testing::saved(other), testing::saved(timer));
}

TEST_F(TickTimerTest, SavedFrozenAndResetAsBuilt) {
  write(counter, 9);
  bench.run_until(2'500);
  write(control, 0);
  const auto bytes = testing::saved_with_timers(bench, timer);
  bench.run_until(90'000);
  timer.reset();
  Workbench fresh_bench;
  EXPECT_EQ(testing::saved(timer), testing::saved(TickTimer({}, fresh_bench.ports())));
  testing::load_with_timers(bench, timer, bytes);
  EXPECT_EQ(read(counter), 7U);
  write(control, 0b101);
  EXPECT_THAT(expiries(200'000), ElementsAre(90'000 + 6'500));
}

TEST(TickTimerRegisters, AreDeclared) {
  EXPECT_THAT(TickTimer::describe_registers(), HasSubstr("0x008 STATUS 4 bytes, write one to clear, reset 0x0\n"));
}

}  // namespace
}  // namespace fermata::device
