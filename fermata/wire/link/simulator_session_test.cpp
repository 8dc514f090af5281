// SPDX-License-Identifier: MIT
//
// What a simulator does about a guest that lies: an Error that says what was wrong.
#include "fermata/wire/link/simulator_session.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "fermata/base/error.hpp"
#include "fermata/wire/link/testing/session_pair.hpp"

namespace fermata::wire::link {
namespace {

using testing::at_ns;
using testing::bytes_of;

class Simulator : public ::testing::Test {
 protected:
  void open() {
    std::vector<std::byte> bytes;
    append(bytes, Welcome{.header = {}, .abilities = testing::all_abilities, .channels = 1}, "raw");
    append(bytes, ChannelDeclaration{.header = {}, .kind = 1, .directions = 3, .timing = 1, .input_bound = 64}, "tty",
           1);
    session.receive(bytes);
    ASSERT_TRUE(session.is_open());
  }
  template <typename Body>
  void expect_breach(Body body, const std::string& part) {
    std::vector<std::byte> bytes;
    append(bytes, body);
    expect_breach_of(bytes, part);
  }
  void expect_breach_of(const std::vector<std::byte>& bytes, const std::string& part) {
    try {
      session.receive(bytes);
      FAIL() << part;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::protocol_violation);
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
  void expect_bad_output(std::uint16_t channel, std::int64_t ns, std::uint64_t sequence, const std::string& part) {
    std::vector<std::byte> bytes;
    append(bytes, MessageType::output, channel, Data{.header = {}, .at_ns = ns, .sequence = sequence}, bytes_of("x"));
    expect_breach_of(bytes, part);
  }

  SimulatorSession session;
};

TEST_F(Simulator, AWelcomeOfAnotherVersion) {
  std::vector<std::byte> bytes;
  append(bytes, Welcome{.header = {}, .major = 3, .minor = 0}, "raw");
  expect_breach_of(bytes, "version 3.0");
}

TEST_F(Simulator, NoWelcome) { expect_breach(Report{}, "did not answer HELLO"); }

TEST_F(Simulator, TooManyChannels) {
  std::vector<std::byte> bytes;
  append(bytes, Welcome{.header = {}, .channels = 257}, "raw");
  expect_breach_of(bytes, "257 channels");
}

TEST_F(Simulator, FewerChannelsThanSaid) {
  std::vector<std::byte> bytes;
  append(bytes, Welcome{.header = {}, .channels = 2}, "raw");
  append(bytes, ChannelDeclaration{.header = {}, .kind = 1, .directions = 3, .timing = 1}, "tty", 1);
  session.receive(bytes);
  EXPECT_FALSE(session.is_open());
  expect_breach(Report{}, "fewer channels");
}

TEST_F(Simulator, BadDeclarations) {
  for (const ChannelDeclaration& bad : {ChannelDeclaration{.header = {}, .kind = 6, .directions = 3, .timing = 1},
                                        ChannelDeclaration{.header = {}, .kind = 1, .directions = 4, .timing = 1},
                                        ChannelDeclaration{.header = {}, .kind = 1, .directions = 3, .timing = 3}}) {
    session = SimulatorSession();
    std::vector<std::byte> bytes;
    append(bytes, Welcome{.header = {}, .channels = 1}, "raw");
    append(bytes, bad, "tty", 1);
    expect_breach_of(bytes, "declared badly");
  }
}

TEST_F(Simulator, AReportWithoutAGrant) {
  open();
  expect_breach(Report{.header = {}, .reason = 1, .grants = 1}, "of 1 grants out of 0");
}

TEST_F(Simulator, AReportThatStopsShort) {
  open();
  session.grant(at_ns(1000));
  expect_breach(Report{.header = {}, .now_ns = 999, .reason = 1, .grants = 1}, "it stopped at");
}

TEST_F(Simulator, AReportOfNoKnownReason) {
  open();
  session.grant(at_ns(1000));
  expect_breach(Report{.header = {}, .now_ns = 1000, .reason = 10, .grants = 1}, "for reason 10");
}

TEST_F(Simulator, TimeThatRunsBackwards) {
  open();
  session.grant(at_ns(1000));
  std::vector<std::byte> bytes;
  append(bytes, Report{.header = {}, .now_ns = 1000, .reason = 1, .grants = 1});
  session.receive(bytes);
  expect_breach(Report{.header = {}, .now_ns = 900, .reason = 5, .grants = 1}, "a report of");
}

TEST_F(Simulator, OutputsOutOfOrder) {
  open();
  expect_bad_output(1, 10, 2, "output 2 of tty");
}

TEST_F(Simulator, OutputsOfUnknownChannels) {
  open();
  expect_bad_output(2, 10, 1, "channel 2: it declared 1 to 1");
}

TEST_F(Simulator, OutputsBackwardsInTime) {
  open();
  std::vector<std::byte> bytes;
  append(bytes, MessageType::output, 1, Data{.header = {}, .at_ns = 10, .sequence = 1}, bytes_of("x"));
  session.receive(bytes);
  expect_bad_output(1, 9, 2, "out of order");
}

TEST_F(Simulator, DoneWithoutARequest) {
  open();
  std::vector<std::byte> bytes;
  append(bytes, Done{}, "");
  expect_breach_of(bytes, "DONE without a request");
}

TEST_F(Simulator, ARefusalIsPassedOn) {
  std::vector<std::byte> bytes;
  append(bytes, Refuse{}, "no such thing");
  try {
    session.receive(bytes);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
    EXPECT_STREQ(error.what(), "the guest refuses: no such thing");
  }
}

class ProgressOf : public Simulator {
 protected:
  void SetUp() override {
    open();
    session.ask_milestones({at_ns(100), time::Duration::nanoseconds(50)});
  }
  void run() { session.grant(at_ns(1000)); }
  void tell(std::int64_t ns) {
    std::vector<std::byte> bytes;
    append(bytes, TellProgress{.header = {}, .now_ns = ns});
    session.receive(bytes);
  }
};

TEST_F(ProgressOf, AGuestIsToldOnceForEachMilestone) {
  run();
  tell(100);
  tell(207);  // the one between was left out
  EXPECT_EQ(session.reached(), at_ns(207));
  EXPECT_EQ(session.now(), at_ns(0)) << "where it stood last";
  expect_breach(TellProgress{.header = {}, .now_ns = 249}, "it tells that it has come to 0.000000249 s");
}

TEST_F(ProgressOf, AGuestThatStandsIsNone) {
  expect_breach(TellProgress{.header = {}, .now_ns = 100}, "it tells that it has come to");
}

TEST_F(ProgressOf, AGuestComesAfterItsOutputs) {
  run();
  std::vector<std::byte> bytes;
  append(bytes, MessageType::output, 1, Data{.header = {}, .at_ns = 101, .sequence = 1}, bytes_of("x"));
  session.receive(bytes);
  expect_breach(TellProgress{.header = {}, .now_ns = 100}, "after an output at 0.000000101 s");
}

TEST_F(ProgressOf, AGuestComesBeforeItsOutputs) {
  run();
  tell(100);
  expect_bad_output(1, 99, 1, "out of order");
}

TEST_F(ProgressOf, AGuestIsNotTakenBackByItsReport) {
  run();
  tell(100);
  expect_breach(Report{.header = {}, .now_ns = 99, .reason = 5, .grants = 1}, "a report of");
}

// It has come, but who grants has not heard of it, and would let the guest go on without an answer.
TEST_F(Simulator, AGrantDoesNotCountAReportThatWasNotTaken) {
  open();
  session.grant(at_ns(1000));
  std::vector<std::byte> bytes;
  append(bytes,
         Report{.header = {}, .now_ns = 100, .reason = static_cast<std::uint8_t>(StopReason::mmio), .grants = 1});
  session.receive(bytes);
  const auto counted_by_next_grant = [this] {
    session.sent(session.outgoing().size());
    session.grant(at_ns(1000));
    std::uint64_t reports = 0;
    std::memcpy(&reports, session.outgoing().last(sizeof reports).data(), sizeof reports);
    return reports;
  };
  EXPECT_EQ(counted_by_next_grant(), 0U);
  EXPECT_EQ(session.earliest_input(), at_ns(100));
  EXPECT_TRUE(session.take().has_value());
  EXPECT_EQ(counted_by_next_grant(), 1U);
  EXPECT_EQ(session.earliest_input(), at_ns(1000));
}

TEST_F(Simulator, ProgressIsNotWantedUnasked) {
  open();
  session.grant(at_ns(1000));
  expect_breach(TellProgress{.header = {}, .now_ns = 100}, "where it was not asked to");
}

TEST_F(Simulator, BadArgumentsAreRefusedBeforeTheyAreSent) {
  open();
  session.sent(session.outgoing().size());
  EXPECT_THROW(session.input(2, at_ns(0), bytes_of("x")), base::BadArgument);
  EXPECT_THROW(session.input(1, at_ns(0), {}), base::BadArgument);
  EXPECT_THROW(session.select_reactive(0), base::BadArgument);
  for (const char* name : {"", "after a second", ".hidden", "a/b"}) {
    EXPECT_THROW(session.checkpoint(name), base::BadArgument) << name;
  }
  EXPECT_THROW(session.restore(std::string(65, 'x')), base::BadArgument);
  session.grant(at_ns(10));
  session.sent(session.outgoing().size());
  EXPECT_THROW(session.grant(at_ns(9)), base::BadArgument);
  EXPECT_TRUE(session.outgoing().empty());
}

}  // namespace
}  // namespace fermata::wire::link
