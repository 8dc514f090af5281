// SPDX-License-Identifier: MIT
#include "bench/quantum_table.hpp"

#include <gmock/gmock.h>

namespace fermata::bench {
namespace {

using namespace time::literals;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PairedRun run(host::HostDuration work_alone, host::HostDuration in_lockstep) {
  return {.start_up = 60ms, .alone = 60ms + work_alone, .in_lockstep = in_lockstep};
}

TEST(Median, IsTheMiddleOrTheMeanOfTheTwoThere) {
  EXPECT_EQ(median({5, 1, 3}), 3);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(median({7}), 7);
}

TEST(Summary, TakesStartUpOffAndMediansOverTheRuns) {
  const Summary summary({.guest = "busy",
                         .quantum = 1_ms,
                         .span = 1_s,
                         .runs = {run(500ms, 520ms), run(400ms, 480ms), run(800ms, 2800ms)}});
  EXPECT_DOUBLE_EQ(summary.alone_s, 0.5);
  EXPECT_DOUBLE_EQ(summary.lockstep_s, 0.52);
  EXPECT_DOUBLE_EQ(summary.ratio.value(), 1.2);
  EXPECT_NEAR(summary.cost_us, 80, 1e-9);
  EXPECT_NEAR(summary.cost_low_us, 20, 1e-9);
  EXPECT_NEAR(summary.cost_high_us, 2000, 1e-9);
}

TEST(Summary, HasNoRatioToWorkThatTakesNoTime) {
  const Measurement idle{.guest = "idle", .quantum = 1_ms, .span = 1_s, .runs = {run(1ms, 20ms)}};
  EXPECT_FALSE(Summary(idle).ratio);
  EXPECT_THAT(table_row(idle, Layout::markdown), HasSubstr("| - |"));
}

TEST(Judge, KnowsTheTargets) {
  const auto verdict_of = [](const char* guest, time::Duration quantum, host::HostDuration in_lockstep) {
    std::vector<bool> met;
    for (const Verdict& verdict :
         judge({.guest = guest, .quantum = quantum, .span = 1_s, .runs = {run(500ms, in_lockstep)}})) {
      met.push_back(verdict.is_met);
    }
    return met;
  };
  EXPECT_THAT(verdict_of("busy", 1_ms, 570ms), ElementsAre(true));
  EXPECT_THAT(verdict_of("busy", 1_ms, 580ms), ElementsAre(false));
  EXPECT_THAT(verdict_of("busy", 100_us, 790ms), ElementsAre(true));
  EXPECT_THAT(verdict_of("busy", 100_us, 810ms), ElementsAre(false));
  EXPECT_THAT(verdict_of("idle", 10_us, 2490ms), ElementsAre(true));
  EXPECT_THAT(verdict_of("tick", 10_us, 2510ms), ElementsAre(false));
  EXPECT_THAT(verdict_of("idle", 1_ms, 9s), IsEmpty());
}

}  // namespace
}  // namespace fermata::bench
