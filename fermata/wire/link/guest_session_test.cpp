// SPDX-License-Identifier: MIT
//
// What a guest does about a simulator that breaks the protocol: REFUSE with a reason, and leave.
#include "fermata/wire/link/guest_session.hpp"

#include <gtest/gtest.h>

#include "fermata/wire/link/testing/session_pair.hpp"

namespace fermata::wire::link {
namespace {

using testing::at_ns;
using testing::bytes_of;

class Guest : public ::testing::Test {
 protected:
  Guest() : session(testing::identity(), port) {}

  void hello() {
    std::vector<std::byte> bytes;
    append(bytes, Hello{}, "raw");
    session.receive(bytes);
    session.sent(session.outgoing().size());
  }
  void give(const std::vector<std::byte>& bytes) { session.receive(bytes); }
  void give_input(std::uint16_t channel, std::int64_t ns, std::uint64_t sequence, std::string_view payload) {
    std::vector<std::byte> bytes;
    append(bytes, MessageType::input, channel, Data{.header = {}, .at_ns = ns, .sequence = sequence},
           bytes_of(payload));
    give(bytes);
  }
  void give_grant(std::int64_t ns, std::uint64_t reports = 0) {
    std::vector<std::byte> bytes;
    append(bytes, Grant{.header = {}, .horizon_ns = ns, .reports = reports});
    give(bytes);
  }
  // The reason, which stands in the REFUSE as well.
  std::string refusal() {
    const auto* leave = std::get_if<Leave>(&session.order());
    if (leave == nullptr || !leave->is_fault) {
      return "";
    }
    std::string sent(session.outgoing().size(), '\0');
    std::transform(session.outgoing().begin(), session.outgoing().end(), sent.begin(),
                   [](std::byte byte) { return static_cast<char>(byte); });
    EXPECT_NE(sent.find(leave->why.substr(0, 200)), std::string::npos);
    return leave->why;
  }
  void expect_refusal(const std::string& part) { EXPECT_NE(refusal().find(part), std::string::npos) << refusal(); }

  testing::RecordingPort port;
  GuestSession session;
};

TEST_F(Guest, AnUnknownVersionIsRefusedWithBothNamed) {
  std::vector<std::byte> bytes;
  append(bytes, Hello{.header = {}, .major = 2, .minor = 7}, "raw");
  give(bytes);
  expect_refusal("the simulator speaks link 2.7, this guest 1.3");
}

TEST_F(Guest, SomethingElseThanHelloIsRefused) {
  give_grant(10);
  expect_refusal("did not begin with HELLO");
}

TEST_F(Guest, AWrongMagicIsRefused) {
  std::vector<std::byte> bytes;
  append(bytes, Hello{.header = {}, .magic = 1}, "raw");
  give(bytes);
  expect_refusal("FERMATA");
}

TEST_F(Guest, AQqqSimulatorIsRefused) {
  give({std::byte{0}, std::byte{0}, std::byte{3}, std::byte{232}, std::byte{0}, std::byte{0}, std::byte{3},
        std::byte{232}});
  expect_refusal("a message of type");
}

TEST_F(Guest, AnInputInThePastNamesBothInstants) {
  hello();
  give_grant(1'000'000);
  give_input(1, 999'999, 1, "x");
  expect_refusal("0.000999999 s, where the guest may be at 0.001000000 s already");
}

TEST_F(Guest, AHorizonNeverDecreases) {
  hello();
  give_grant(1000);
  give_grant(999);
  expect_refusal("a horizon of");
}

TEST_F(Guest, NegativeInstantsAreRefused) {
  hello();
  give_grant(-1);
  expect_refusal("-1 ns");
}

TEST_F(Guest, UnknownChannelsAreRefused) {
  hello();
  give_input(4, 0, 1, "x");
  expect_refusal("channel 4: there are 1 to 3");
}

TEST_F(Guest, ChannelNoughtIsRefused) {
  hello();
  give_input(0, 0, 1, "x");
  expect_refusal("channel 0");
}

TEST_F(Guest, SequencesHaveNoGaps) {
  hello();
  give_input(1, 0, 1, "x");
  give_input(1, 0, 3, "x");
  expect_refusal("input 3 of console after input 1");
}

TEST_F(Guest, InstantsOfAChannelRise) {
  hello();
  give_input(1, 500, 1, "x");
  give_input(1, 400, 2, "x");
  expect_refusal("out of order in time");
}

TEST_F(Guest, MoreThanTheBoundOnTheWayIsRefused) {
  hello();
  give_input(1, 500, 1, "0123456789");
  give_input(1, 500, 2, "0123456789");
  expect_refusal("more than 16 bytes on their way to console");
  EXPECT_EQ(port.inputs.size(), 1U);
}

TEST_F(Guest, PayloadsThatTheKindDoesNotCarryAreRefused) {
  hello();
  give_input(2, 0, 1, "short");
  expect_refusal("the frame has 5 bytes");
}

TEST_F(Guest, AGrantCannotCountReportsThatWereNotMade) {
  hello();
  give_grant(10, 1);
  expect_refusal("counts 1 reports of 0");
}

TEST_F(Guest, SelectingEndsWithTheFirstGrant) {
  hello();
  give_grant(10);
  std::vector<std::byte> bytes;
  append(bytes, Select{.header = {}, .flags = 1}, 1);
  give(bytes);
  expect_refusal("SELECT after the hand-shake");
}

TEST_F(Guest, ACheckpointOfARunningGuestIsRefused) {
  hello();
  give_grant(10);
  std::vector<std::byte> bytes;
  append(bytes, MessageType::checkpoint, 0, Named{}, bytes_of("one"));
  give(bytes);
  expect_refusal("\"one\"");
}

TEST_F(Guest, CheckpointNamesAreNoPaths) {
  hello();
  std::vector<std::byte> bytes;
  append(bytes, MessageType::checkpoint, 0, Named{}, bytes_of("../etc"));
  give(bytes);
  expect_refusal("../etc");
  EXPECT_TRUE(port.named.empty());
}

TEST_F(Guest, MilestonesOfARunningGuestAreRefused) {
  hello();
  give_grant(10);
  std::vector<std::byte> bytes;
  append(bytes, AskMilestones{.header = {}, .first_ns = 5, .interval_ns = 5});
  give(bytes);
  expect_refusal("milestones every 5 ns");
}

TEST_F(Guest, MilestonesAreNotApartByLessThanNothing) {
  hello();
  std::vector<std::byte> bytes;
  append(bytes, AskMilestones{.header = {}, .first_ns = 5, .interval_ns = -5});
  give(bytes);
  expect_refusal("milestones every -5 ns");
}

TEST_F(Guest, ProgressIsLeftOutWhileWhatWasSaidBeforeIsUnsent) {
  hello();
  std::vector<std::byte> bytes;
  append(bytes, AskMilestones{.header = {}, .first_ns = 100, .interval_ns = 100});
  give(bytes);
  give_grant(1000);
  EXPECT_EQ(session.milestone(), at_ns(100));
  session.progressed(at_ns(100));
  session.progressed(at_ns(200));
  EXPECT_EQ(session.outgoing().size(), sizeof(TellProgress));
  EXPECT_EQ(session.milestone(), at_ns(300));
  session.sent(session.outgoing().size());
  session.progressed(at_ns(305));
  EXPECT_EQ(session.outgoing().size(), sizeof(TellProgress));
}

TEST_F(Guest, NothingMayComeBeforeDone) {
  hello();
  std::vector<std::byte> bytes;
  append(bytes, MessageType::checkpoint, 0, Named{}, bytes_of("one"));
  give(bytes);
  give_grant(10);
  expect_refusal("wait for DONE");
}

TEST_F(Guest, UnknownMessagesAreRefused) {
  hello();
  give({std::byte{8}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{99}, std::byte{0}, std::byte{0},
        std::byte{0}});
  expect_refusal("a message of type 99");
}

TEST_F(Guest, FillingIsZero) {
  hello();
  std::vector<std::byte> bytes;
  append(bytes, MessageType::input, 1, Data{.header = {}, .at_ns = 0, .sequence = 1}, bytes_of("x"));
  bytes.back() = std::byte{1};
  give(bytes);
  expect_refusal("filled up with something else");
}

TEST_F(Guest, AGrantIsAboutNoChannel) {
  hello();
  std::vector<std::byte> bytes;
  append(bytes, Grant{.header = {}, .horizon_ns = 10}, 1);
  give(bytes);
  expect_refusal("a message of type 18 with channel 1");
}

TEST_F(Guest, AfterARefusalNothingCounts) {
  hello();
  give_grant(-1);
  give_grant(10);
  EXPECT_TRUE(std::holds_alternative<Leave>(session.order()));
  session.stopped({.now = at_ns(10)});
  session.receive_end();
  expect_refusal("-1 ns");
}

TEST_F(Guest, TheEndOfTheStreamIsAnEnd) {
  hello();
  session.receive_end();
  EXPECT_EQ(session.order(), Order(Leave{.why = "the simulator closed the connection"}));
}

TEST_F(Guest, AnEndWithinAMessageIsAFault) {
  hello();
  give({std::byte{8}, std::byte{0}});
  session.receive_end();
  EXPECT_EQ(session.order(),
            Order(Leave{.why = "the simulator closed the connection 2 bytes into a message", .is_fault = true}));
}

TEST_F(Guest, ASimulatorsRefusalIsPassedOn) {
  hello();
  std::vector<std::byte> bytes;
  append(bytes, Refuse{}, "I cannot");
  give(bytes);
  EXPECT_EQ(session.order(), Order(Leave{.why = "the simulator refused: I cannot", .is_fault = true}));
}

}  // namespace
}  // namespace fermata::wire::link
