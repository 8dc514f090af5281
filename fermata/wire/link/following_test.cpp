// SPDX-License-Identifier: MIT
//
// A guest that keeps to the clocks of others, between the two sessions.
#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/wire/link/testing/session_pair.hpp"

namespace fermata::wire::link {
namespace {

using testing::at_ns;
using testing::bytes_of;

GuestSession::Identity sharing() {
  GuestSession::Identity who = testing::identity();
  who.clocks = 3;
  who.clock = 1;
  return who;
}

Order run_until(std::int64_t ns) { return RunUntil{at_ns(ns)}; }

class Following : public ::testing::Test {
 protected:
  Following() : pair(0, 1000, sharing()) { pair.open(); }

  void follow(std::uint32_t clock, std::int64_t distance_ns) {
    pair.simulator.follow(clock, time::Duration::nanoseconds(distance_ns));
    pair.to_guest();
  }
  void grant(std::int64_t ns) {
    const bool is_running = pair.simulator.is_running();
    pair.simulator.grant(at_ns(ns));
    pair.to_guest();
    if (!is_running) {
      pair.guest.allow(time::Instant::max());  // by who looked before
    }
  }
  void stop_at(std::int64_t ns, StopReason reason = StopReason::horizon) {
    pair.guest.stopped({.now = at_ns(ns), .reason = reason});
    pair.to_simulator();
  }
  void input(std::int64_t at) {
    pair.simulator.input(1, at_ns(at), bytes_of("x"));
    pair.to_guest();
  }
  const Order& order() { return pair.guest.order(); }

  testing::SessionPair pair;
};

TEST_F(Following, AGuestRunsAsFarAsTheClocksLetIt) {
  follow(0, 500);
  EXPECT_EQ(pair.guest.followed().size(), 1U);
  EXPECT_EQ(pair.guest.followed()[0], (Followed{.clock = 0, .distance = time::Duration::nanoseconds(500)}));
  grant(2000);
  pair.guest.allow(at_ns(500));
  EXPECT_EQ(order(), run_until(500));
  EXPECT_EQ(pair.guest.granted(), at_ns(2000));
  pair.guest.allow(at_ns(800));
  EXPECT_EQ(order(), run_until(800)) << "while it runs";
  stop_at(800);
  EXPECT_EQ(order(), Order(Hold{}));
  EXPECT_TRUE(pair.guest.waits_for_clocks());
  EXPECT_TRUE(pair.simulator.is_running()) << "nobody is told";
  pair.guest.allow(at_ns(800));
  EXPECT_EQ(order(), Order(Hold{}));
  pair.guest.allow(at_ns(5000));
  EXPECT_EQ(order(), run_until(2000)) << "no further than the horizon";
  stop_at(2000);
  EXPECT_FALSE(pair.guest.waits_for_clocks());
  EXPECT_FALSE(pair.simulator.is_running());
  EXPECT_EQ(pair.simulator.now(), at_ns(2000));
}

TEST_F(Following, BeforeTheClocksWereLookedAtItStands) {
  follow(0, 500);
  grant(2000);
  EXPECT_EQ(order(), Order(Hold{}));
  EXPECT_TRUE(pair.guest.waits_for_clocks());
  pair.guest.allow(at_ns(100));
  EXPECT_EQ(order(), run_until(100));
}

TEST_F(Following, WhoLookedBeforeItWasToldWhomToFollowHasNotSeenThose) {
  pair.simulator.follow(0, time::Duration::nanoseconds(500));
  pair.simulator.grant(at_ns(2000));
  pair.to_guest();
  pair.guest.allow(time::Instant::max());
  EXPECT_EQ(order(), Order(Hold{}));
  pair.guest.allow(at_ns(500));
  EXPECT_EQ(order(), run_until(500));
}

// As a machine is that stands at its first instruction boundary.
TEST_F(Following, ALimitThatItIsBeyondIsNoneToGoOnTo) {
  follow(0, 500);
  grant(2000);
  pair.guest.allow(at_ns(500));
  stop_at(503);
  pair.guest.allow(at_ns(502));
  EXPECT_EQ(order(), Order(Hold{}));
  pair.guest.allow(at_ns(504));
  EXPECT_EQ(order(), run_until(504));
}

TEST_F(Following, AHorizonIsRaisedForOneThatWaitsForClocks) {
  follow(0, 500);
  grant(2000);
  pair.guest.allow(at_ns(500));
  stop_at(500);
  grant(3000);
  EXPECT_TRUE(pair.guest.waits_for_clocks());
  pair.guest.allow(at_ns(4000));
  EXPECT_EQ(order(), run_until(3000));
}

TEST_F(Following, WhatOthersDoToItMeanwhileIsTold) {
  follow(0, 500);
  grant(2000);
  pair.guest.allow(at_ns(500));
  stop_at(500);
  stop_at(500, StopReason::user);
  EXPECT_EQ(std::get<Stop>(*pair.simulator.take()).reason, StopReason::user);
  EXPECT_TRUE(pair.guest.waits_for_clocks());
  stop_at(500, StopReason::powered_off);
  EXPECT_EQ(std::get<Stop>(*pair.simulator.take()).reason, StopReason::powered_off);
  EXPECT_FALSE(pair.guest.waits_for_clocks());
}

TEST_F(Following, AnOutputStopsItAndTheClocksThenHaveNoSay) {
  follow(0, 500);
  grant(2000);
  pair.guest.allow(at_ns(500));
  ASSERT_EQ(pair.guest.output(1, at_ns(300), bytes_of("12345678")), GuestSession::After::stop) << "its bound";
  stop_at(300, pair.guest.stop_wanted());
  EXPECT_FALSE(pair.guest.waits_for_clocks());
  pair.guest.allow(at_ns(900));
  EXPECT_EQ(order(), Order(Hold{})) << "the simulator has to answer";
  while (pair.simulator.take()) {
  }
  grant(2000);
  EXPECT_EQ(order(), Order(Hold{})) << "it looks anew";
  pair.guest.allow(at_ns(900));
  EXPECT_EQ(order(), run_until(900));
}

// Of a card that sends in QEMU's main thread, say: it is told where the guest stands next, be that for clocks.
TEST_F(Following, AnOutputThatIsToldWhereItWaitsForClocksIsReported) {
  follow(0, 500);
  grant(2000);
  pair.guest.allow(at_ns(500));
  ASSERT_EQ(pair.guest.output(1, at_ns(500), bytes_of("12345678")), GuestSession::After::stop) << "its bound";
  stop_at(500);
  EXPECT_FALSE(pair.guest.waits_for_clocks());
  EXPECT_FALSE(pair.simulator.is_running());
  EXPECT_TRUE(std::holds_alternative<Output>(*pair.simulator.take()));
  EXPECT_EQ(std::get<Stop>(*pair.simulator.take()).reason, StopReason::full);
  pair.guest.allow(at_ns(900));
  EXPECT_EQ(order(), Order(Hold{}));
  grant(2000);
  pair.guest.allow(at_ns(900));
  EXPECT_EQ(order(), run_until(900));
  stop_at(900);
  EXPECT_TRUE(pair.guest.waits_for_clocks()) << "it was reported once";
}

TEST_F(Following, AStopByItsUserDoesNotAnswerForAnOutput) {
  follow(0, 500);
  grant(2000);
  pair.guest.allow(at_ns(500));
  ASSERT_EQ(pair.guest.output(1, at_ns(500), bytes_of("12345678")), GuestSession::After::stop);
  stop_at(500, StopReason::user);
  stop_at(500);
  EXPECT_FALSE(pair.simulator.is_running());
  EXPECT_EQ(pair.guest.stop_wanted(), StopReason::full);
  EXPECT_FALSE(pair.guest.waits_for_clocks());
}

// What is sent to it for its horizon it has got when it reports that.
TEST_F(Following, TheHorizonIsReportedOnceNothingForItCanComeAnyMore) {
  follow(0, 500);
  grant(500);
  pair.guest.allow(at_ns(500));
  EXPECT_EQ(order(), run_until(500));
  stop_at(500);
  EXPECT_TRUE(pair.guest.waits_for_clocks());
  pair.simulator.look_at_clocks(at_ns(500), at_ns(500));
  input(500);
  pair.guest.allow(at_ns(900));
  EXPECT_EQ(order(), run_until(500)) << "it does what is due there";
  stop_at(500);
  EXPECT_FALSE(pair.simulator.is_running());
}

// It stood a part of an instruction beyond its horizon before the simulator knew.
TEST(HorizonTest, AnInputForItThatCrossesTheReportIsInTime) {
  testing::SessionPair pair;
  pair.open();
  pair.simulator.grant(at_ns(500));
  pair.to_guest();
  pair.guest.stopped({.now = at_ns(503)});
  pair.simulator.input(1, at_ns(500), bytes_of("x"));
  pair.to_guest();
  EXPECT_EQ(pair.port.inputs.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<Hold>(pair.guest.order()));
}

TEST_F(Following, WhoFollowsNobodyAnyMoreIsAtItsHorizonAgain) {
  follow(0, 500);
  grant(2000);
  pair.guest.allow(at_ns(3000));
  stop_at(2000);
  static_cast<void>(pair.simulator.take());
  pair.simulator.look_at_clocks(at_ns(2000), at_ns(2500));
  follow(0, 0);
  grant(4000);
  EXPECT_EQ(pair.simulator.earliest_input(), at_ns(4000));
  EXPECT_THROW(input(2600), base::BadArgument);
}

// It stands at the first boundary from the limit on, and that is where it takes what is for between.
TEST_F(Following, AnInputForTheLimitIsInTimeForOneThatStandsBeyondIt) {
  follow(0, 500);
  grant(2000);
  pair.guest.allow(at_ns(500));
  stop_at(503);
  pair.guest.allow(at_ns(500));
  pair.simulator.look_at_clocks(at_ns(503), at_ns(500));
  input(500);
  EXPECT_EQ(order(), Order(Hold{}));
  EXPECT_EQ(pair.port.inputs.size(), 1U);
}

// Which the simulator knows from the clocks, as the guest does.
TEST_F(Following, InputsAreForWhereTheClocksDoNotLetItBeYet) {
  follow(0, 500);
  grant(2000);
  pair.guest.allow(at_ns(500));
  EXPECT_THROW(input(1999), base::BadArgument) << "nobody has looked";
  pair.simulator.look_at_clocks(at_ns(0), at_ns(500));
  EXPECT_EQ(pair.simulator.earliest_input(), at_ns(500));
  EXPECT_THROW(input(499), base::BadArgument);
  input(500);
  EXPECT_EQ(pair.port.inputs.back().at_ns, 500);
  pair.guest.allow(at_ns(700));
  pair.simulator.look_at_clocks(at_ns(0), at_ns(600));
  input(600);
  EXPECT_TRUE(std::holds_alternative<Leave>(order())) << "these were not the clocks";
}

TEST_F(Following, OneThatWaitsTakesInputsForWhereItStands) {
  follow(0, 500);
  grant(2000);
  pair.guest.allow(at_ns(500));
  stop_at(500);
  pair.guest.allow(at_ns(500));
  pair.simulator.look_at_clocks(at_ns(500), at_ns(500));
  input(500);
  EXPECT_EQ(order(), Order(Hold{}));
  EXPECT_EQ(pair.port.inputs.size(), 1U);
}

// 16 bytes of input may be on their way.
TEST_F(Following, InputsThatTheClockHasPassedAreNotOnTheirWay) {
  follow(0, 500);
  grant(2000);
  pair.guest.allow(at_ns(1000));
  pair.simulator.look_at_clocks(at_ns(0), at_ns(1000));
  for (int i = 0; i < 16; ++i) {
    input(1000);
  }
  EXPECT_THROW(input(1000), base::BadArgument);
  stop_at(1000);
  pair.guest.allow(at_ns(1000));
  pair.simulator.look_at_clocks(at_ns(1000), at_ns(1000));
  input(1000);
  EXPECT_EQ(pair.port.inputs.size(), 17U);
}

TEST_F(Following, SeveralAreFollowedAndLeftAgain) {
  follow(0, 500);
  follow(2, 700);
  follow(0, 600);
  ASSERT_EQ(pair.guest.followed().size(), 2U);
  EXPECT_EQ(pair.guest.followed()[1], (Followed{.clock = 0, .distance = time::Duration::nanoseconds(600)}));
  follow(0, 0);
  follow(2, 0);
  EXPECT_TRUE(pair.guest.followed().empty());
  EXPECT_EQ(pair.guest.granted(), std::nullopt);
  grant(2000);
  EXPECT_EQ(order(), run_until(2000));
}

TEST_F(Following, AfterARestoreTheClocksAreThoseOfThen) {
  follow(0, 500);
  grant(1000);
  pair.guest.allow(at_ns(1400));
  stop_at(1000);
  static_cast<void>(pair.simulator.take());
  pair.simulator.restore("one");
  pair.to_guest();
  pair.guest.done(at_ns(100));
  pair.to_simulator();
  grant(2000);
  pair.guest.allow(at_ns(600));
  EXPECT_EQ(order(), run_until(600));
}

TEST_F(Following, WhatCannotBeFollowedIsABreach) {
  for (const auto& [clock, distance] : {std::pair{1U, 500}, std::pair{3U, 500}}) {
    testing::SessionPair other(0, 1000, sharing());
    other.open();
    other.simulator.follow(clock, time::Duration::nanoseconds(distance));
    other.to_guest();
    EXPECT_NE(std::get<Leave>(other.guest.order()).why.find("of a guest that runs or has clock 1 of 3"),
              std::string::npos);
  }
  EXPECT_THROW(follow(0, -1), base::BadArgument);
}

TEST_F(Following, WithoutClocksNobodyIsFollowed) {
  testing::SessionPair alone;
  alone.open();
  EXPECT_THROW(alone.simulator.follow(0, time::Duration::nanoseconds(1)), base::Error);
  alone.guest.allow(at_ns(1));
  alone.simulator.grant(at_ns(50));
  alone.to_guest();
  EXPECT_EQ(alone.guest.order(), run_until(50));
}

}  // namespace
}  // namespace fermata::wire::link
