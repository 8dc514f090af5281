// SPDX-License-Identifier: MIT
#include "fermata/device/plic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/device/testing/workbench.hpp"

namespace fermata::device {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Workbench;

constexpr bus::Address priority(unsigned source) { return 4 * source; }
constexpr bus::Address pending(unsigned word) { return 0x1000 + 4 * word; }
constexpr bus::Address enable(unsigned context, unsigned word) { return 0x2000 + 0x80 * context + 4 * word; }
constexpr bus::Address threshold(unsigned context) { return 0x20'0000 + 0x1000 * context; }
constexpr bus::Address claim(unsigned context) { return 0x20'0004 + 0x1000 * context; }

struct TwoHarts {
  Workbench bench;
  bus::IrqLine lines[4];  // by context: M0 S0 M1 S1
  Plic plic{{}, bench.ports(), {{&lines[0], &lines[1]}, {&lines[2], &lines[3]}}};

  std::uint32_t read(bus::Address at) { return static_cast<std::uint32_t>(plic.read(at, 4)); }
  void write(bus::Address at, std::uint32_t value) { plic.write(at, 4, value); }
  void enable_source(unsigned context, unsigned source, std::uint32_t its_priority = 1) {
    write(priority(source), its_priority);
    write(enable(context, source / 32), read(enable(context, source / 32)) | 1U << (source % 32));
  }
};

struct PlicTest : ::testing::Test, TwoHarts {};

TEST_F(PlicTest, EverythingIsZeroAfterReset) {
  for (const bus::Address at : {priority(1), priority(95), pending(0), pending(2), enable(0, 0), enable(3, 2),
                                threshold(0), threshold(3), claim(0), claim(3)}) {
    EXPECT_EQ(read(at), 0U) << at;
  }
  EXPECT_THAT(bench.errors.lines, ElementsAre());
}

TEST_F(PlicTest, ClaimAndComplete) {
  enable_source(1, 10);
  plic.set_source(10, true);
  EXPECT_TRUE(lines[1].level());
  EXPECT_FALSE(lines[0].level());
  EXPECT_EQ(read(pending(0)), 1U << 10);
  EXPECT_EQ(read(claim(0)), 0U);  // not for this context
  EXPECT_EQ(read(claim(1)), 10U);
  EXPECT_FALSE(lines[1].level());
  EXPECT_EQ(read(pending(0)), 0U);
  EXPECT_EQ(read(claim(1)), 0U);
  plic.set_source(10, false);
  write(claim(1), 10);
  EXPECT_FALSE(lines[1].level());
}

TEST_F(PlicTest, ALevelThatIsStillHighIsPendingAgainOnCompletion) {
  enable_source(0, 95);
  plic.set_source(95, true);
  EXPECT_EQ(read(claim(0)), 95U);
  EXPECT_FALSE(lines[0].level());
  write(claim(0), 95);
  EXPECT_TRUE(lines[0].level());
  EXPECT_EQ(read(pending(2)), 1U << 31);
  EXPECT_EQ(read(claim(0)), 95U);
}

TEST_F(PlicTest, WhatHappensWhileClaimedIsJudgedAtCompletion) {
  enable_source(0, 5);
  plic.set_source(5, true);
  EXPECT_EQ(read(claim(0)), 5U);
  plic.set_source(5, false);
  plic.set_source(5, true);  // the gateway passes on nothing
  EXPECT_EQ(read(pending(0)), 0U);
  plic.set_source(5, false);
  write(claim(0), 5);
  EXPECT_FALSE(lines[0].level());
}

TEST_F(PlicTest, PendingStaysWhenTheLevelFalls) {
  enable_source(0, 5);
  plic.set_source(5, true);
  plic.set_source(5, false);
  EXPECT_TRUE(lines[0].level());
  EXPECT_EQ(read(claim(0)), 5U);
  write(claim(0), 5);
  EXPECT_FALSE(lines[0].level());
}

TEST_F(PlicTest, PendingWithoutEnableOrPriorityDoesNotInterrupt) {
  plic.set_source(40, true);
  EXPECT_EQ(read(pending(1)), 1U << 8);
  write(enable(2, 1), 1U << 8);
  EXPECT_FALSE(lines[2].level());  // priority 0 never interrupts
  write(priority(40), 1);
  EXPECT_TRUE(lines[2].level());
  write(enable(2, 1), 0);
  EXPECT_FALSE(lines[2].level());
}

TEST_F(PlicTest, HighestPriorityFirstThenLowestNumber) {
  enable_source(0, 3, 2);
  enable_source(0, 70, 7);
  enable_source(0, 33, 7);
  enable_source(0, 9, 2);
  for (const unsigned source : {3U, 70U, 33U, 9U}) {
    plic.set_source(source, true);
  }
  for (const unsigned source : {33U, 70U, 3U, 9U, 0U}) {
    EXPECT_EQ(read(claim(0)), source);
  }
}

TEST_F(PlicTest, ThresholdMasksUpToItself) {
  enable_source(0, 1, 3);
  plic.set_source(1, true);
  write(threshold(0), 3);
  EXPECT_FALSE(lines[0].level());
  EXPECT_EQ(read(claim(0)), 0U);
  write(threshold(0), 2);
  EXPECT_TRUE(lines[0].level());
  write(threshold(0), 0xffff'ffff);
  EXPECT_EQ(read(threshold(0)), 7U);
  write(priority(1), 0xffff'fffd);
  EXPECT_EQ(read(priority(1)), 5U);
}

TEST_F(PlicTest, OneClaimForAllContexts) {
  enable_source(1, 8);
  enable_source(3, 8);
  plic.set_source(8, true);
  EXPECT_TRUE(lines[1].level());
  EXPECT_TRUE(lines[3].level());
  EXPECT_EQ(read(claim(3)), 8U);
  EXPECT_FALSE(lines[1].level());
  EXPECT_EQ(read(claim(1)), 0U);
}

TEST_F(PlicTest, SourceZeroDoesNotExist) {
  write(enable(0, 0), 0xffff'ffff);
  EXPECT_EQ(read(enable(0, 0)), 0xffff'fffeU);
  bus::IrqLine line;
  EXPECT_THROW(plic.connect(0, line), base::BadArgument);
  EXPECT_THROW(plic.connect(96, line), base::BadArgument);
}

TEST_F(PlicTest, ConnectsALineWithItsLevel) {
  enable_source(0, 2);
  bus::IrqLine line;
  line.set(true);
  plic.connect(2, line);
  EXPECT_TRUE(lines[0].level());
  EXPECT_EQ(read(claim(0)), 2U);
  line.set(false);
  write(claim(0), 2);
  EXPECT_FALSE(lines[0].level());
  line.set(true);
  EXPECT_TRUE(lines[0].level());
}

TEST_F(PlicTest, MisuseIsAGuestError) {
  EXPECT_EQ(read(0), 0U);
  write(pending(0), 1);
  EXPECT_EQ(read(enable(4, 0)), 0U);
  write(threshold(4), 1);
  EXPECT_EQ(read(claim(4)), 0U);
  write(claim(0), 0);
  write(claim(0), 96);
  write(claim(0), 10);
  EXPECT_EQ(read(0x200c), 0U);
  EXPECT_THAT(bench.errors.lines, ElementsAre("plic: read of 4 bytes at offset 0x0: no register there",
                                              "plic: write of 4 bytes at offset 0x1000: pending is read-only",
                                              "plic: access to enable of context 4; there are 4",
                                              "plic: access to threshold of context 4; there are 4",
                                              "plic: access to claim of context 4; there are 4",
                                              "plic: completion of 0, which nobody has claimed: ignored",
                                              "plic: completion of 96, which nobody has claimed: ignored",
                                              "plic: completion of 10, which nobody has claimed: ignored",
                                              "plic: read of 4 bytes at offset 0x200c: no register there"));
}

TEST_F(PlicTest, ResetKeepsTheLevelsOfTheSources) {
  enable_source(0, 4);
  plic.set_source(4, true);
  EXPECT_EQ(read(claim(0)), 4U);
  plic.set_source(6, true);
  plic.set_source(6, false);
  plic.reset();
  EXPECT_FALSE(lines[0].level());
  EXPECT_EQ(read(pending(0)), 1U << 4);
  EXPECT_EQ(read(enable(0, 0)), 0U);
  plic.set_source(4, false);
  plic.reset();
  TwoHarts fresh;
  EXPECT_EQ(testing::saved(plic), testing::saved(fresh.plic));
}

TEST_F(PlicTest, SavedInTheMiddleGoesOnTheSame) {
  enable_source(0, 4, 3);
  enable_source(1, 50, 2);
  enable_source(1, 51, 2);
  write(threshold(1), 1);
  for (const unsigned source : {4U, 50U, 51U}) {
    plic.set_source(source, true);
  }
  EXPECT_EQ(read(claim(1)), 50U);
  const auto bytes = testing::saved(plic);
  TwoHarts other;
  state::Reader reader(bytes);
  other.plic.load(reader);
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(testing::saved(other.plic), bytes);
  for (TwoHarts* const each : {static_cast<TwoHarts*>(this), &other}) {
    EXPECT_TRUE(each->lines[0].level());
    EXPECT_EQ(each->read(claim(1)), 51U);
    EXPECT_FALSE(each->lines[1].level());
    each->write(claim(1), 50);
    EXPECT_TRUE(each->lines[1].level());
    EXPECT_EQ(each->read(claim(1)), 50U);
  }
  EXPECT_EQ(testing::saved(other.plic), testing::saved(plic));
}

TEST(PlicConfig, NeedsHarts) {
  Workbench bench;
  EXPECT_THROW(Plic({}, bench.ports(), {}), base::BadArgument);
  EXPECT_THROW(Plic({}, bench.ports(), std::vector<Plic::HartLines>(513)), base::BadArgument);
  EXPECT_THAT(Plic::describe_registers(), HasSubstr("0x200004 claim/complete"));
}

}  // namespace
}  // namespace fermata::device
