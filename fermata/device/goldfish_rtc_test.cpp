// SPDX-License-Identifier: MIT
#include "fermata/device/goldfish_rtc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "fermata/device/testing/workbench.hpp"

namespace fermata::device {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Workbench;

constexpr bus::Address time_low = 0x00;
constexpr bus::Address time_high = 0x04;
constexpr bus::Address alarm_low = 0x08;
constexpr bus::Address alarm_high = 0x0c;
constexpr bus::Address irq_enabled = 0x10;
constexpr bus::Address clear_alarm = 0x14;
constexpr bus::Address alarm_status = 0x18;
constexpr bus::Address clear_interrupt = 0x1c;

constexpr std::uint64_t base_ns = 1'700'000'000'000'000'000;  // 2023-11-14

struct Chip {
  Workbench bench;
  GoldfishRtc rtc{{.offset_ns = base_ns}, bench.ports()};

  std::uint32_t read(bus::Address at) { return static_cast<std::uint32_t>(rtc.read(at, 4)); }
  void write(bus::Address at, std::uint64_t value) { rtc.write(at, 4, value & 0xffff'ffff); }
  std::uint64_t time() {
    const std::uint64_t low = read(time_low);
    return std::uint64_t{read(time_high)} << 32 | low;
  }
  void set_alarm(std::uint64_t ns) {
    write(alarm_high, ns >> 32);
    write(alarm_low, ns);
  }
};

struct GoldfishRtcTest : ::testing::Test, Chip {};

TEST_F(GoldfishRtcTest, TellsTheTimeOfItsClock) {
  EXPECT_EQ(time(), base_ns);
  bench.run_until(123'456'789'012);
  EXPECT_EQ(time(), base_ns + 123'456'789'012);
}

TEST_F(GoldfishRtcTest, ReadingTheLowHalfLatchesTheHigh) {
  const std::uint64_t until_carry = 0x1'0000'0000 - (base_ns & 0xffff'ffff);
  bench.run_until(static_cast<std::int64_t>(until_carry) - 1);
  EXPECT_EQ(read(time_low), 0xffff'ffffU);
  bench.run_for(1);
  EXPECT_EQ(read(time_high), base_ns >> 32);
  EXPECT_EQ(read(time_low), 0U);
  EXPECT_EQ(read(time_high), (base_ns >> 32) + 1);
}

TEST_F(GoldfishRtcTest, TheTimeCanBeSet) {
  bench.run_until(1'000);
  write(time_high, 2);
  write(time_low, 3);
  EXPECT_EQ(time(), 0x2'0000'0003U);
  bench.run_for(10);
  EXPECT_EQ(time(), 0x2'0000'000dU);
  rtc.reset();  // a battery keeps it
  EXPECT_EQ(time(), 0x2'0000'000dU);
}

TEST_F(GoldfishRtcTest, AlarmRingsAtItsNanosecond) {
  bench.run_until(500);
  write(irq_enabled, 1);
  set_alarm(base_ns + 2'000);
  EXPECT_EQ(read(alarm_status), 1U);
  EXPECT_EQ(read(alarm_low), static_cast<std::uint32_t>(base_ns + 2'000));
  bench.run_until(1'999);
  EXPECT_FALSE(bench.irq.level());
  bench.run_until(2'000);
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(read(alarm_status), 0U);
  write(clear_interrupt, 1);
  EXPECT_FALSE(bench.irq.level());
}

TEST_F(GoldfishRtcTest, AnAlarmInThePastRingsAtOnce) {
  write(irq_enabled, 1);
  set_alarm(base_ns);
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(read(alarm_status), 0U);
}

TEST_F(GoldfishRtcTest, AClearedAlarmDoesNotRing) {
  write(irq_enabled, 1);
  set_alarm(base_ns + 100);
  write(clear_alarm, 1);
  EXPECT_EQ(read(alarm_status), 0U);
  bench.run_until(1'000);
  EXPECT_FALSE(bench.irq.level());
}

TEST_F(GoldfishRtcTest, TheInterruptIsGated) {
  set_alarm(base_ns + 100);
  bench.run_until(1'000);
  EXPECT_FALSE(bench.irq.level());
  write(irq_enabled, 0xffff'ffff);
  EXPECT_EQ(read(irq_enabled), 1U);
  EXPECT_TRUE(bench.irq.level());
  write(irq_enabled, 2);
  EXPECT_FALSE(bench.irq.level());
}

TEST_F(GoldfishRtcTest, AnAlarmThatTimeNeverReachesIsSetButNoDeadline) {
  bench.run_until(10);
  write(irq_enabled, 1);
  set_alarm(base_ns + 100);
  set_alarm(~std::uint64_t{0});
  EXPECT_FALSE(bench.timers.has_timers());
  EXPECT_EQ(read(alarm_status), 1U);
  const auto bytes = testing::saved_with_timers(bench, rtc);
  Chip other;
  testing::load_with_timers(other.bench, other.rtc, bytes);
  EXPECT_EQ(other.read(alarm_status), 1U);
  bench.run_until(std::numeric_limits<std::int64_t>::max());
  EXPECT_FALSE(bench.irq.level());
  write(clear_alarm, 1);
  EXPECT_EQ(read(alarm_status), 0U);
}

TEST_F(GoldfishRtcTest, MisuseIsAGuestError) {
  EXPECT_EQ(read(clear_alarm), 0U);
  write(alarm_status, 1);
  EXPECT_EQ(read(0x20), 0U);
  EXPECT_THAT(bench.errors.lines, ElementsAre("rtc: read of 4 bytes at offset 0x14: CLEAR_ALARM is write-only",
                                              "rtc: write of 4 bytes at offset 0x18: ALARM_STATUS is read-only",
                                              "rtc: read of 4 bytes at offset 0x20: no register there"));
}

TEST_F(GoldfishRtcTest, ResetIsAsBuilt) {
  write(irq_enabled, 1);
  set_alarm(base_ns + 100);
  static_cast<void>(time());
  rtc.reset();
  EXPECT_FALSE(bench.timers.has_timers());
  EXPECT_EQ(testing::saved(rtc), testing::saved(Chip().rtc));
}

TEST_F(GoldfishRtcTest, SavedWithAnAlarmGoesOnTheSame) {
  bench.run_until(50);
  write(time_high, 7);
  write(irq_enabled, 1);
  set_alarm(time() + 950);
  const auto bytes = testing::saved_with_timers(bench, rtc);
  Chip other;
  other.bench.run_until(50);
  testing::load_with_timers(other.bench, other.rtc, bytes);
  EXPECT_EQ(testing::saved_with_timers(other.bench, other.rtc), bytes);
  EXPECT_EQ(other.time(), time());
  for (Chip* const each : {static_cast<Chip*>(this), &other}) {
    each->bench.run_until(999);
    EXPECT_FALSE(each->bench.irq.level());
    each->bench.run_until(1'000);
    EXPECT_TRUE(each->bench.irq.level());
  }
}

TEST(GoldfishRtcRegisters, AreDeclared) {
  EXPECT_THAT(GoldfishRtc::describe_registers(), HasSubstr("0x01c CLEAR_INTERRUPT 4 bytes, write only, reset 0x0\n"));
}

}  // namespace
}  // namespace fermata::device
