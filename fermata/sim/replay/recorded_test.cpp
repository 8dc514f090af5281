// SPDX-License-Identifier: MIT
// What a replay knows of a recording. How it uses it: replay_test.cpp.
#include "fermata/sim/replay/recorded.hpp"

#include <gtest/gtest.h>

#include "fermata/record/testing/messages.hpp"
#include "fermata/record/testing/recordings.hpp"
#include "fermata/wire/link/testing/session_pair.hpp"

namespace fermata::sim {
namespace {

using namespace record::testing;
using wire::link::testing::at_ns;

TEST(Recorded, KnowsHowFarTheGuestHadCome) {
  Recorded recorded;
  recorded.take(welcome(1, 5));
  EXPECT_EQ(recorded.progress().now, at_ns(5));
  recorded.take(grant(100, 0));
  EXPECT_TRUE(recorded.progress().is_running);
  recorded.take(output(1, 40, 1, "a"));
  recorded.take(report(40, 1, 2));
  EXPECT_EQ(recorded.progress().now, at_ns(40));
  EXPECT_EQ(recorded.progress().stops, 1U);
  EXPECT_EQ(recorded.progress().outputs, 1U);
  EXPECT_FALSE(recorded.progress().is_running);
  recorded.take(grant(100, 0));
  EXPECT_FALSE(recorded.progress().is_running) << "it does not answer the stop";
  recorded.take(grant(100, 1));
  EXPECT_TRUE(recorded.progress().is_running);
}

TEST(Progress, IsReachedByWhoHasComeAsFar) {
  const Progress there{.now = at_ns(40), .stops = 1, .outputs = 1, .is_running = false};
  EXPECT_TRUE(there.has_reached(there));
  EXPECT_FALSE((Progress{.now = at_ns(39), .stops = 1}.has_reached(there)));
  EXPECT_FALSE((Progress{.now = at_ns(50), .stops = 0}.has_reached(there)));
  EXPECT_FALSE((Progress{.now = at_ns(50), .stops = 1, .is_running = true}.has_reached(there)));
}

TEST(InputsAhead, AreThoseThatWereNotSaidYet) {
  const TempFile file("inputs_ahead");
  file.write({hello(), welcome(1), grant(100, 0), input(1, 30, 1, "a"), output(1, 35, 1, "b"), input(1, 40, 2, "c"),
              report(100, 1)});
  InputsAhead inputs(file.path());
  EXPECT_EQ(inputs.earliest_from(0), at_ns(30));
  EXPECT_EQ(inputs.earliest_from(0), at_ns(30));
  EXPECT_EQ(inputs.earliest_from(1), at_ns(40));
  EXPECT_EQ(inputs.earliest_from(2), std::nullopt);
  EXPECT_EQ(InputsAhead(file.path()).earliest_from(1), at_ns(40)) << "from anywhere";
}

// On two channels, over cables of two lengths.
TEST(InputsAhead, AreNotRecordedInTheOrderOfTime) {
  const TempFile file("inputs_ahead_order");
  file.write({hello(), welcome(2), grant(2000, 0), input(1, 1000, 1, "a"), input(2, 150, 1, "b"),
              output(1, 160, 1, "c"), input(2, 170, 2, "d"), report(2000, 1)});
  InputsAhead inputs(file.path());
  EXPECT_EQ(inputs.earliest_from(0), at_ns(150));
  EXPECT_EQ(inputs.earliest_from(1), at_ns(150));
  EXPECT_EQ(inputs.earliest_from(2), at_ns(170));
  EXPECT_EQ(inputs.earliest_from(3), std::nullopt);
}

TEST(InputsAhead, OfTheTimeAfterARestoreAreNotSeenBefore) {
  const TempFile file("inputs_ahead_restore");
  file.write({hello(), welcome(1), grant(2000, 0), report(2000, 1), named(wire::link::MessageType::restore, "one"),
              done(1000), input(1, 1500, 1, "a"), grant(2000, 1), report(2000, 2)});
  InputsAhead inputs(file.path());
  EXPECT_EQ(inputs.earliest_from(0), std::nullopt);
  inputs.pass_restore();
  EXPECT_EQ(inputs.earliest_from(0), at_ns(1500));
  InputsAhead late(file.path());
  late.pass_restore();
  EXPECT_EQ(late.earliest_from(0), at_ns(1500));
}

}  // namespace
}  // namespace fermata::sim
