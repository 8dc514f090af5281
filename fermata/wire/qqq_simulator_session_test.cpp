// SPDX-License-Identifier: MIT
#include "fermata/wire/qqq_simulator_session.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "fermata/base/error.hpp"
#include "fermata/wire/qqq_guest_session.hpp"

namespace fermata::wire {
namespace {

using namespace time::literals;
using time::Duration;
using time::Instant;

void answer(QqqSimulatorSession& session, std::uint32_t elapsed_us) { session.receive(encode_qqq(elapsed_us)); }

TEST(QqqSimulatorSession, WritesAGrantAndReadsItsReport) {
  QqqSimulatorSession session;
  session.grant(1_ms);
  EXPECT_EQ(session.outstanding(), 1U);
  const QqqMessage expected = encode_qqq(1000);
  EXPECT_TRUE(std::equal(session.outgoing().begin(), session.outgoing().end(), expected.begin(), expected.end()));
  session.sent(4);
  EXPECT_FALSE(session.take_report());
  answer(session, 1002);
  EXPECT_EQ(session.take_report(), (Report{.now = Instant::at(1002_us), .elapsed = 1002_us, .overshoot = 2_us}));
  EXPECT_FALSE(session.take_report());
  EXPECT_EQ(session.now(), Instant::at(1002_us));
}

TEST(QqqSimulatorSession, RefusesWhatTheWireCannotCarry) {
  QqqSimulatorSession session;
  EXPECT_THROW(session.grant(1_ns), base::BadArgument);
  EXPECT_THROW(session.grant(-(1_us)), base::BadArgument);
  EXPECT_THROW(session.grant(Duration::microseconds(0x100000000)), base::BadArgument);
  EXPECT_EQ(session.outstanding(), 0U);
  session.grant(Duration::microseconds(0xffffffff));
  session.grant(Duration::zero());
  EXPECT_EQ(session.outstanding(), 2U);
}

TEST(QqqSimulatorSession, ATooShortReportIsAFaultOfThePeer) {
  QqqSimulatorSession session;
  session.grant(1_ms);
  try {
    answer(session, 999);
    FAIL() << "accepted";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::protocol_violation);
    EXPECT_NE(std::string(error.what()).find("reported 999 us at 0.000000000 s although 1000 us"), std::string::npos);
  }
}

TEST(QqqSimulatorSession, AReportWithoutAGrantIsAFaultOfThePeer) {
  QqqSimulatorSession session;
  EXPECT_THROW(answer(session, 0), base::Error);
}

// Both ends against each other, with random spans, pieces and overshoots: what the one sums up is where the other is.
TEST(QqqSessions, AgreeOnTheTimeWhateverHappens) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same every time, on purpose
  QqqSimulatorSession simulator;
  QqqGuestSession guest;
  Instant machine;
  for (int i = 0; i < 5000; ++i) {
    const bool is_long = random() % 50 == 0;
    simulator.grant(Duration::microseconds(static_cast<std::int64_t>(is_long ? random() : random() % 3000)));
    while (!simulator.outgoing().empty()) {
      const auto piece = simulator.outgoing().first(1 + random() % simulator.outgoing().size());
      guest.receive(piece);
      simulator.sent(piece.size());
    }
    if (random() % 4 == 0) {
      continue;  // a grant that comes early
    }
    while (const RunUntil* run = std::get_if<RunUntil>(&guest.order())) {
      machine = run->horizon + Duration::nanoseconds(static_cast<std::int64_t>(random() % 5000));
      guest.stopped({.now = machine});
    }
    simulator.receive(guest.outgoing());
    guest.sent(guest.outgoing().size());
    while (simulator.take_report()) {
    }
    ASSERT_EQ(simulator.outstanding(), 0U);
    ASSERT_LT(machine - simulator.now(), 1_us);
    ASSERT_GE(machine, simulator.now());
  }
}

}  // namespace
}  // namespace fermata::wire
