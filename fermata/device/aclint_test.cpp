// SPDX-License-Identifier: MIT
#include "fermata/device/aclint.hpp"

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

constexpr bus::Address mtime = 0xbff8;
constexpr bus::Address mtimecmp(unsigned hart) { return 0x4000 + 8 * hart; }
constexpr std::uint64_t never = ~std::uint64_t{0};

struct TwoHarts {
  Workbench bench;
  bus::IrqLine software[2];
  bus::IrqLine timer[2];
  Aclint aclint{{}, bench.ports(), {{&software[0], &timer[0]}, {&software[1], &timer[1]}}};
};

struct AclintTest : ::testing::Test, TwoHarts {};

TEST_F(AclintTest, TimerInterruptsArePendingAfterReset) {
  EXPECT_TRUE(timer[0].level());  // 0 <= 0, as in QEMU
  EXPECT_TRUE(timer[1].level());
  EXPECT_FALSE(software[0].level());
  EXPECT_EQ(aclint.read(mtimecmp(0), 8), 0U);
  EXPECT_EQ(aclint.read(mtime, 8), 0U);
}

TEST_F(AclintTest, TimeIsWholeTicksOfVirtualTime) {
  bench.run_until(99);
  EXPECT_EQ(aclint.read_mtime(), 0U);
  bench.run_until(100);
  EXPECT_EQ(aclint.read_mtime(), 1U);
  bench.run_until(0x1'2345'6789 * 100 + 42);
  EXPECT_EQ(aclint.read(mtime, 8), 0x1'2345'6789U);
  EXPECT_EQ(aclint.read(mtime, 4), 0x2345'6789U);
  EXPECT_EQ(aclint.read(mtime + 4, 4), 1U);
}

TEST_F(AclintTest, ArmsFromTheInstantOfTheWrite) {
  bench.run_until(1'050);  // mtime is 10
  aclint.write(mtimecmp(0), 8, 12);
  EXPECT_FALSE(timer[0].level());
  EXPECT_TRUE(timer[1].level());
  bench.run_until(1'249);  // mtime has been 12 for 49 ns: QEMU counts whole ticks from the write
  EXPECT_EQ(aclint.read_mtime(), 12U);
  EXPECT_FALSE(timer[0].level());
  bench.run_until(1'250);
  EXPECT_TRUE(timer[0].level());
  aclint.write(mtimecmp(0), 8, 13);
  EXPECT_FALSE(timer[0].level());
}

TEST_F(AclintTest, ACompareThatHasComeRaisesAtOnce) {
  bench.run_until(1'000);
  aclint.write(mtimecmp(1), 8, 100);
  EXPECT_FALSE(timer[1].level());
  aclint.write(mtimecmp(1), 8, 10);
  EXPECT_TRUE(timer[1].level());
  EXPECT_FALSE(bench.timers.has_timers());
}

TEST_F(AclintTest, HalvesReplaceOnlyThemselves) {
  aclint.write(mtimecmp(0), 8, never);
  aclint.write(mtimecmp(0), 4, 0x1111'2222);
  EXPECT_EQ(aclint.read(mtimecmp(0), 8), 0xffff'ffff'1111'2222U);
  aclint.write(mtimecmp(0) + 4, 4, 0x3333'4444);
  EXPECT_EQ(aclint.read(mtimecmp(0), 8), 0x3333'4444'1111'2222U);
  EXPECT_EQ(aclint.read(mtimecmp(0) + 4, 4), 0x3333'4444U);
  EXPECT_EQ(aclint.read(mtimecmp(1), 8), 0U);
}

TEST_F(AclintTest, ACompareThatTimeNeverReachesIsNoDeadline) {
  bench.run_until(1'000);
  aclint.write(mtimecmp(0), 8, 100);
  aclint.write(mtimecmp(0), 8, never);
  EXPECT_FALSE(bench.timers.has_timers());
  EXPECT_FALSE(timer[0].level());
  bench.run_until(std::numeric_limits<std::int64_t>::max());
  EXPECT_FALSE(timer[0].level()) << "mtime is below it still";
}

TEST_F(AclintTest, TheLastTickOfTimeIsADeadline) {
  bench.run_until(1'000);
  aclint.write(mtimecmp(0), 8, 92'233'720'368'547'758);  // the last tick within int64 ns, less what has passed
  EXPECT_EQ(bench.timers.earliest(), time::Instant::at(time::Duration::nanoseconds(9'223'372'036'854'775'800)));
}

TEST_F(AclintTest, SettingTheTimeLooksAtEveryCompare) {
  bench.run_until(5'000);
  aclint.write(mtimecmp(0), 8, 1'000);
  aclint.write(mtimecmp(1), 8, 2'000);
  aclint.write(mtime, 8, 1'500);
  EXPECT_EQ(aclint.read_mtime(), 1'500U);
  EXPECT_TRUE(timer[0].level());
  EXPECT_FALSE(timer[1].level());
  bench.run_until(5'000 + 49'999);
  EXPECT_FALSE(timer[1].level());
  bench.run_until(5'000 + 50'000);
  EXPECT_TRUE(timer[1].level());
  aclint.write(mtime + 4, 4, 1);
  EXPECT_EQ(aclint.read_mtime(), 0x1'0000'07d0U);
  aclint.write(mtime, 4, 5);
  EXPECT_EQ(aclint.read_mtime(), 0x1'0000'0005U);
}

TEST_F(AclintTest, SoftwareInterrupts) {
  aclint.write(4, 4, 0xffff'ffff);
  EXPECT_TRUE(software[1].level());
  EXPECT_FALSE(software[0].level());
  EXPECT_EQ(aclint.read(4, 4), 1U);
  EXPECT_EQ(aclint.read(0, 4), 0U);
  aclint.write(4, 4, 0xffff'fffe);
  EXPECT_FALSE(software[1].level());
}

TEST_F(AclintTest, MisuseIsAGuestError) {
  EXPECT_EQ(aclint.read(0, 8), 0U);  // two registers at once
  aclint.write(8, 4, 1);             // hart 2
  EXPECT_EQ(aclint.read(mtimecmp(2), 8), 0U);
  EXPECT_EQ(aclint.read(0xc000, 4), 0U);
  aclint.write(mtimecmp(0) + 4, 8, 1);  // beyond the register
  EXPECT_THAT(bench.errors.lines, ElementsAre("aclint: read of 8 bytes at offset 0x0: no register there",
                                              "aclint: access to msip of hart 2; there are 2",
                                              "aclint: access to mtimecmp of hart 2; there are 2",
                                              "aclint: read of 4 bytes at offset 0xc000: no register there",
                                              "aclint: write of 8 bytes at offset 0x4004: no register there"));
}

TEST_F(AclintTest, AnUnusualTimebase) {
  Aclint slow({.timebase = time::Frequency(32'768)}, bench.ports(), {{&software[0], &timer[0]}});
  bench.run_until(1'000'000'000);
  EXPECT_EQ(slow.read_mtime(), 32'768U);
  slow.write(mtimecmp(0), 8, 32'769);
  EXPECT_EQ(bench.timers.earliest(), time::Instant::at(time::Duration::nanoseconds(1'000'030'517)));
}

TEST_F(AclintTest, ResetStartsTheTimeAnew) {
  bench.run_until(7'777);
  aclint.write(mtimecmp(0), 8, never);
  aclint.write(0, 4, 1);
  aclint.reset();
  EXPECT_EQ(aclint.read_mtime(), 0U);
  EXPECT_TRUE(timer[0].level());
  EXPECT_FALSE(software[0].level());
  EXPECT_FALSE(bench.timers.has_timers());
}

TEST_F(AclintTest, SavedInTheMiddleGoesOnTheSame) {
  bench.run_until(1'234);
  aclint.write(mtime, 8, 77);
  aclint.write(mtimecmp(0), 8, 90);
  aclint.write(mtimecmp(1), 8, 90);
  aclint.write(4, 4, 1);
  const auto bytes = testing::saved_with_timers(bench, aclint);
  TwoHarts other;
  other.bench.run_until(1'234);
  testing::load_with_timers(other.bench, other.aclint, bytes);
  EXPECT_EQ(testing::saved_with_timers(other.bench, other.aclint), bytes);
  EXPECT_FALSE(other.timer[0].level());
  EXPECT_TRUE(other.software[1].level());
  for (TwoHarts* const each : {static_cast<TwoHarts*>(this), &other}) {
    each->bench.run_until(1'234 + 1'299);
    EXPECT_FALSE(each->timer[0].level());
    EXPECT_EQ(each->aclint.read_mtime(), 77U + 13 - (1'234 % 100 + 1'299 % 100 < 100 ? 1 : 0));
    each->bench.run_until(1'234 + 1'300);
    EXPECT_TRUE(each->timer[0].level());
    EXPECT_TRUE(each->timer[1].level());
  }
}

TEST_F(AclintTest, LoadsOnlyAMachineOfAsManyHarts) {
  Workbench one_bench;
  bus::IrqLine lines[2];
  Aclint one({}, one_bench.ports(), {{&lines[0], &lines[1]}});
  const auto bytes = testing::saved(one);
  state::Reader reader(bytes);
  EXPECT_THROW(aclint.load(reader), base::Error);
}

TEST(AclintConfig, NeedsHarts) {
  Workbench bench;
  EXPECT_THROW(Aclint({}, bench.ports(), {}), base::BadArgument);
  EXPECT_THROW(Aclint({}, bench.ports(), std::vector<Aclint::HartLines>(4'096)), base::BadArgument);
  EXPECT_THAT(Aclint::describe_registers(),
              HasSubstr("0x4000 mtimecmp 8 bytes, read and write, reset 0x0, 4095 of them"));
}

}  // namespace
}  // namespace fermata::device
