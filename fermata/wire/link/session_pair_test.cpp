// SPDX-License-Identifier: MIT
//
// Both ends against each other: what docs/protocol.md promises of a session.
#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/wire/link/testing/session_pair.hpp"

namespace fermata::wire::link {
namespace {

using testing::at_ns;
using testing::bytes_of;
using testing::SessionPair;
using Input = testing::RecordingPort::Input;

constexpr std::uint32_t all_but_progress = testing::all_abilities & ~std::uint32_t{ability_progress};

template <typename T>
T take(SimulatorSession& simulator) {
  auto event = simulator.take();
  EXPECT_TRUE(event && std::holds_alternative<T>(*event));
  return event && std::holds_alternative<T>(*event) ? std::get<T>(*event) : T{};
}

void take_all(SimulatorSession& simulator) {
  while (simulator.take()) {
  }
}

class Opened : public ::testing::TestWithParam<std::size_t> {
 protected:
  Opened() : pair(0, GetParam()) { pair.open(); }
  void grant(std::int64_t ns) {
    pair.simulator.grant(at_ns(ns));
    pair.to_guest();
  }
  void stop(std::int64_t ns, StopReason reason = StopReason::horizon, NextEvent next = {}) {
    pair.guest.stopped({.now = at_ns(ns), .reason = reason, .next = next});
    pair.to_simulator();
  }
  SessionPair pair;
};

TEST_P(Opened, TheHandshakeTellsAll) {
  ASSERT_TRUE(pair.simulator.is_open());
  EXPECT_EQ(pair.simulator.guest(), "board");
  EXPECT_EQ(pair.guest.simulator(), "test");
  EXPECT_EQ(pair.simulator.abilities(), testing::all_abilities);
  EXPECT_EQ(pair.simulator.channels(), pair.guest.channels());
  EXPECT_EQ(pair.simulator.channels()[2].number, 3);
  EXPECT_EQ(pair.guest.order(), Order(Hold{}));
}

TEST_P(Opened, AGrantIsReportedWithItsReasonAndNextEvent) {
  grant(1000);
  EXPECT_EQ(pair.guest.order(), Order(RunUntil{at_ns(1000)}));
  EXPECT_TRUE(pair.simulator.is_running());
  stop(1000, StopReason::horizon, {.is_idle = true, .timer = at_ns(5000)});
  EXPECT_EQ(pair.guest.order(), Order(Hold{}));
  EXPECT_EQ(take<Stop>(pair.simulator), (Stop{.now = at_ns(1000), .next = {.is_idle = true, .timer = at_ns(5000)}}));
  EXPECT_FALSE(pair.simulator.is_running());
  grant(2000);
  stop(2007, StopReason::horizon, {.is_idle = true});
  EXPECT_EQ(take<Stop>(pair.simulator), (Stop{.now = at_ns(2007), .next = {.is_idle = true}}));
}

TEST_P(Opened, AHorizonIsRaisedWhileTheGuestRuns) {
  grant(1000);
  grant(3000);
  EXPECT_EQ(pair.guest.order(), Order(RunUntil{at_ns(3000)}));
  pair.guest.stopped({.now = at_ns(1000)});  // the executor had stopped before it knew
  EXPECT_TRUE(pair.guest.outgoing().empty());
  EXPECT_EQ(pair.guest.order(), Order(RunUntil{at_ns(3000)}));
  stop(3000);
  EXPECT_EQ(take<Stop>(pair.simulator).now, at_ns(3000));
  EXPECT_FALSE(pair.simulator.is_running());
}

TEST_P(Opened, ARunningGuestTellsItsProgress) {
  pair.simulator.ask_milestones({at_ns(100), time::Duration::nanoseconds(100)});
  grant(250);
  EXPECT_EQ(pair.guest.milestone(), at_ns(100));
  EXPECT_EQ(pair.guest.output(1, at_ns(80), bytes_of("hi")), GuestSession::After::go_on);
  pair.to_simulator();
  pair.guest.progressed(at_ns(104));  // within an instruction
  pair.to_simulator();
  EXPECT_EQ(take<Output>(pair.simulator).at, at_ns(80));
  EXPECT_EQ(take<Progress>(pair.simulator).now, at_ns(104));
  EXPECT_TRUE(pair.simulator.is_running());
  EXPECT_EQ(pair.simulator.earliest_input(), at_ns(250));
  EXPECT_EQ(pair.guest.milestone(), at_ns(200));
  grant(400);
  EXPECT_EQ(pair.guest.order(), Order(RunUntil{at_ns(400)}));
  pair.guest.progressed(at_ns(200));
  pair.to_simulator();
  EXPECT_EQ(take<Progress>(pair.simulator).now, at_ns(200));
}

TEST_P(Opened, AReportTellsAMilestoneAsWell) {
  pair.simulator.ask_milestones({at_ns(100), time::Duration::nanoseconds(100)});
  grant(200);
  stop(200);
  EXPECT_EQ(take<Stop>(pair.simulator).now, at_ns(200));
  EXPECT_EQ(pair.guest.milestone(), at_ns(300));
  pair.simulator.ask_milestones({});
  grant(1000);
  EXPECT_EQ(pair.guest.milestone(), std::nullopt);
  pair.guest.progressed(at_ns(300));
  EXPECT_TRUE(pair.guest.outgoing().empty());
}

TEST_P(Opened, ProgressMakesRoomForInputsAndTellsDroppedOnes) {
  pair.simulator.ask_milestones({at_ns(100), time::Duration::nanoseconds(100)});
  pair.simulator.input(1, at_ns(100), bytes_of("0123456789012345"));
  grant(150);
  EXPECT_THROW(pair.simulator.input(1, at_ns(300), bytes_of("x")), base::BadArgument);
  pair.guest.dropped(1, 1);
  pair.guest.progressed(at_ns(100));
  pair.to_simulator();
  EXPECT_EQ(take<DroppedInputs>(pair.simulator), (DroppedInputs{.channel = 1, .total = 1}));
  pair.simulator.input(1, at_ns(300), bytes_of("0123456789012345"));
  pair.to_guest();
  EXPECT_EQ(pair.port.inputs.size(), 2U) << "the guest has forgotten them, too";
}

TEST_P(Opened, ARestoreTakesMilestonesBackToItsInstant) {
  pair.simulator.ask_milestones({at_ns(100), time::Duration::nanoseconds(100)});
  grant(350);
  stop(350);
  static_cast<void>(take<Stop>(pair.simulator));
  pair.simulator.restore("one");
  pair.to_guest();
  pair.guest.done(at_ns(150));
  pair.to_simulator();
  static_cast<void>(take<Finished>(pair.simulator));
  grant(1000);
  EXPECT_EQ(pair.guest.milestone(), at_ns(200));
  pair.guest.progressed(at_ns(200));
  pair.to_simulator();
  EXPECT_EQ(take<Progress>(pair.simulator).now, at_ns(200));
}

TEST_P(Opened, AGrantThatCrossesAReportGoesOn) {
  grant(1000);
  pair.guest.stopped({.now = at_ns(1000)});
  pair.simulator.grant(at_ns(2000));  // before the report has arrived
  pair.to_guest();
  EXPECT_EQ(pair.guest.order(), Order(RunUntil{at_ns(2000)}));
  pair.to_simulator();
  EXPECT_EQ(take<Stop>(pair.simulator).now, at_ns(1000));
  EXPECT_TRUE(pair.simulator.is_running());
}

TEST_P(Opened, AGrantOfThePresentInstantRunsOnceMore) {
  grant(1000);
  stop(1000);
  grant(1000);
  EXPECT_EQ(pair.guest.order(), Order(RunUntil{at_ns(1000)}));
  stop(1000);
  EXPECT_EQ(pair.guest.order(), Order(Hold{}));
}

TEST_P(Opened, InputsTravelWithTheirInstants) {
  EXPECT_EQ(pair.simulator.input(1, at_ns(0), bytes_of("a")), 1U);
  EXPECT_EQ(pair.simulator.input(1, at_ns(500), bytes_of("bc")), 2U);
  EXPECT_EQ(pair.simulator.input(2, at_ns(500), bytes_of("fourteen bytes")), 1U);
  grant(1000);
  EXPECT_EQ(pair.port.inputs, (std::vector<Input>{{1, 0, 1, "a"}, {1, 500, 2, "bc"}, {2, 500, 1, "fourteen bytes"}}));
}

TEST_P(Opened, AnInputIsNotInThePast) {
  grant(1000);
  EXPECT_THROW(pair.simulator.input(1, at_ns(999), bytes_of("x")), base::BadArgument);
  pair.simulator.input(1, at_ns(1000), bytes_of("x"));
  stop(800, StopReason::output);
  pair.simulator.input(2, at_ns(800), bytes_of("fourteen bytes"));
  EXPECT_THROW(pair.simulator.input(2, at_ns(799), bytes_of("fourteen bytes")), base::BadArgument);
  EXPECT_THROW(pair.simulator.input(1, at_ns(999), bytes_of("x")), base::BadArgument) << "not before its input before";
}

TEST_P(Opened, TheInputBoundCountsWhatIsOnItsWay) {
  pair.simulator.input(1, at_ns(100), bytes_of("0123456789"));
  EXPECT_THROW(pair.simulator.input(1, at_ns(200), bytes_of("0123456")), base::BadArgument);
  pair.simulator.input(1, at_ns(200), bytes_of("012345"));
  grant(100);
  stop(100);
  pair.simulator.input(1, at_ns(200), bytes_of("0123456789"));
  pair.to_guest();
  EXPECT_EQ(pair.guest.order(), Order(Hold{}));
}

TEST_P(Opened, OutputsComeBeforeTheReport) {
  grant(1000);
  EXPECT_EQ(pair.guest.output(1, at_ns(10), bytes_of("hi")), GuestSession::After::go_on);
  EXPECT_EQ(pair.guest.output(2, at_ns(10), bytes_of("fourteen bytes")), GuestSession::After::go_on);
  stop(1000);
  const auto first = take<Output>(pair.simulator);
  EXPECT_EQ(first.channel, 1);
  EXPECT_EQ(first.at, at_ns(10));
  EXPECT_EQ(first.sequence, 1U);
  EXPECT_EQ(first.payload.size(), 2U);
  EXPECT_EQ(take<Output>(pair.simulator).channel, 2);
  EXPECT_EQ(take<Stop>(pair.simulator).now, at_ns(1000));
}

TEST_P(Opened, AFullChannelStopsTheGuestUntilAGrantThatKnows) {
  grant(1000);
  EXPECT_EQ(pair.guest.output(1, at_ns(10), bytes_of("1234567")), GuestSession::After::go_on);
  EXPECT_EQ(pair.guest.output(1, at_ns(20), bytes_of("8")), GuestSession::After::stop);
  EXPECT_EQ(pair.guest.stop_wanted(), StopReason::full);
  EXPECT_EQ(pair.guest.room_for_output(1), 0U);
  EXPECT_EQ(pair.guest.room_for_output(2), 4096U);
  pair.guest.stopped({.now = at_ns(20), .reason = StopReason::full});
  pair.simulator.grant(at_ns(2000));  // knows nothing of it
  pair.to_guest();
  EXPECT_EQ(pair.guest.order(), Order(Hold{}));
  pair.to_simulator();
  EXPECT_FALSE(pair.simulator.is_running());
  grant(2000);
  EXPECT_EQ(pair.guest.order(), Order(Hold{})) << "it has come, but was not taken";
  take_all(pair.simulator);
  grant(2000);
  EXPECT_EQ(pair.guest.order(), Order(RunUntil{at_ns(2000)}));
  EXPECT_EQ(pair.guest.output(1, at_ns(30), bytes_of("1234567")), GuestSession::After::go_on) << "counted anew";
}

TEST_P(Opened, AReadIsAnsweredAtOrAfterItsInstant) {
  grant(1000);
  const MmioRequest request{.offset = 16, .width = 4};
  static_cast<void>(pair.guest.output(3, at_ns(40), request.bytes()));
  stop(40, StopReason::mmio);
  const auto output = take<Output>(pair.simulator);
  EXPECT_EQ(MmioRequest::from(output.payload).offset, 16U);
  EXPECT_EQ(take<Stop>(pair.simulator).reason, StopReason::mmio);
  pair.simulator.input(3, at_ns(90), MmioAnswer{.value = 5, .request = output.sequence}.bytes());
  grant(1000);
  ASSERT_EQ(pair.port.inputs.size(), 1U);
  EXPECT_EQ(pair.port.inputs[0].at_ns, 90);
  EXPECT_EQ(pair.guest.order(), Order(RunUntil{at_ns(1000)}));
}

TEST_P(Opened, AUsersStopIsToldAndEndsNothing) {
  grant(1000);
  stop(300, StopReason::user);
  EXPECT_EQ(take<Stop>(pair.simulator).reason, StopReason::user);
  EXPECT_TRUE(pair.simulator.is_running());
  EXPECT_EQ(pair.guest.order(), Order(RunUntil{at_ns(1000)}));
  stop(1000);
  EXPECT_EQ(take<Stop>(pair.simulator).reason, StopReason::horizon);
  EXPECT_FALSE(pair.simulator.is_running());
}

TEST_P(Opened, TheEndOfAGuestIsToldWithItsStatus) {
  grant(1000);
  pair.guest.stopped({.now = at_ns(300), .reason = StopReason::powered_off, .exit_status = 3});
  pair.to_simulator();
  EXPECT_EQ(take<Stop>(pair.simulator), (Stop{.now = at_ns(300), .reason = StopReason::powered_off, .exit_status = 3}));
  grant(2000);
  EXPECT_EQ(pair.guest.order(), Order(Hold{}));
}

TEST_P(Opened, DroppedInputsAreToldOnceBeforeTheReport) {
  grant(1000);
  pair.guest.dropped(2, 5);
  stop(1000);
  EXPECT_EQ(take<DroppedInputs>(pair.simulator), (DroppedInputs{.channel = 2, .total = 5}));
  static_cast<void>(take<Stop>(pair.simulator));
  grant(2000);
  pair.guest.dropped(2, 5);
  stop(2000);
  static_cast<void>(take<Stop>(pair.simulator));
}

TEST_P(Opened, ARestoreTakesTimeBack) {
  grant(1000);
  stop(1000);
  static_cast<void>(take<Stop>(pair.simulator));
  pair.simulator.checkpoint("one");
  pair.to_guest();
  pair.guest.done(at_ns(1000));
  pair.to_simulator();
  EXPECT_EQ(take<Finished>(pair.simulator), (Finished{.now = at_ns(1000)}));
  grant(5000);
  stop(5000);
  static_cast<void>(take<Stop>(pair.simulator));
  pair.simulator.restore("one");
  pair.to_guest();
  EXPECT_EQ(pair.port.named, (std::vector<std::string>{"checkpoint one", "restore one"}));
  pair.guest.done(at_ns(1000));
  pair.to_simulator();
  EXPECT_EQ(take<Finished>(pair.simulator), (Finished{.now = at_ns(1000)}));
  EXPECT_EQ(pair.simulator.now(), at_ns(1000));
  pair.simulator.input(1, at_ns(1000), bytes_of("x"));
  grant(2000);
  EXPECT_EQ(pair.guest.order(), Order(RunUntil{at_ns(2000)}));
}

TEST_P(Opened, ARestoreForgetsTheInputsThatWereSentAfterTheCheckpoint) {
  pair.simulator.checkpoint("one");
  pair.to_guest();
  pair.guest.done(at_ns(0));
  pair.to_simulator();
  pair.simulator.input(1, at_ns(3000), bytes_of("0123456789abcdef"));
  pair.simulator.restore("one");
  pair.to_guest();
  pair.guest.done(at_ns(0));
  pair.to_simulator();
  pair.simulator.input(1, at_ns(2000), bytes_of("0123456789abcdef"));
  grant(10);
  EXPECT_EQ(pair.guest.order(), Order(RunUntil{at_ns(10)}));
  EXPECT_EQ(pair.port.inputs.size(), 2U);
}

TEST_P(Opened, AFailedCheckpointChangesNothing) {
  pair.simulator.checkpoint("one");
  pair.to_guest();
  pair.guest.failed("no room");
  pair.to_simulator();
  EXPECT_EQ(take<Finished>(pair.simulator).failure, "no room (failed)");
  grant(10);
  EXPECT_EQ(pair.guest.order(), Order(RunUntil{at_ns(10)}));
}

TEST_P(Opened, GoodbyeIsAnOrderlyEnd) {
  pair.simulator.bye();
  pair.to_guest();
  EXPECT_EQ(pair.guest.order(), Order(Leave{.why = "the simulator said goodbye"}));
}

INSTANTIATE_TEST_SUITE_P(Pieces, Opened, ::testing::Values(1, 7, 64, 100'000));

TEST(Handshake, AMissingAbilityIsNamed) {
  auto who = testing::identity();
  who.abilities = ability_exact;
  SessionPair pair(ability_exact | ability_checkpoints | ability_raise, 1000, who);
  pair.to_guest();
  EXPECT_TRUE(std::holds_alternative<Leave>(pair.guest.order()));
  try {
    pair.to_simulator();
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
    EXPECT_STREQ(error.what(), "the guest refuses: the simulator needs what board cannot do: checkpoints, raise");
  }
}

TEST(Handshake, AReactiveChannelMustBeAnAbility) {
  auto who = testing::identity();
  who.abilities = 0;
  SessionPair pair(0, 1000, who);
  pair.open();
  EXPECT_THROW(pair.simulator.select_reactive(1), base::Error);
  EXPECT_THROW(pair.simulator.checkpoint("x"), base::Error);
}

TEST(Handshake, ProgressMustBeAnAbility) {
  auto who = testing::identity();
  who.abilities = all_but_progress;
  SessionPair pair(0, 1000, who);
  pair.open();
  EXPECT_THROW(pair.simulator.ask_milestones({at_ns(10), time::Duration::nanoseconds(10)}), base::Error);
  EXPECT_EQ(pair.guest.milestone(), std::nullopt);
}

TEST(Handshake, AReactiveOutputStopsTheGuestAndIsAnsweredAtItsOwnInstant) {
  SessionPair pair;
  pair.open();
  pair.simulator.select_reactive(2);
  pair.simulator.grant(at_ns(1000));
  pair.to_guest();
  EXPECT_EQ(pair.guest.output(1, at_ns(10), bytes_of("x")), GuestSession::After::go_on);
  EXPECT_EQ(pair.guest.output(2, at_ns(20), bytes_of("fourteen bytes")), GuestSession::After::stop);
  EXPECT_EQ(pair.guest.stop_wanted(), StopReason::output);
  pair.guest.stopped({.now = at_ns(20), .reason = StopReason::output});
  pair.to_simulator();
  take_all(pair.simulator);
  pair.simulator.input(2, at_ns(20), bytes_of("fourteen bytes"));
  pair.simulator.grant(at_ns(1000));
  pair.to_guest();
  EXPECT_EQ(pair.port.inputs.size(), 1U);
  EXPECT_EQ(pair.guest.order(), Order(RunUntil{at_ns(1000)}));
}

}  // namespace
}  // namespace fermata::wire::link
