// SPDX-License-Identifier: MIT
#include "fermata/wire/qqq_guest_session.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace fermata::wire {
namespace {

using namespace time::literals;
using time::Duration;
using time::Instant;

Instant at(Duration since_origin) { return Instant::at(since_origin); }

void request(QqqGuestSession& session, std::initializer_list<std::uint32_t> spans_us) {
  std::vector<std::byte> bytes;
  for (const std::uint32_t us : spans_us) {
    const QqqMessage message = encode_qqq(us);
    bytes.insert(bytes.end(), message.begin(), message.end());
  }
  session.receive(bytes);
}

std::vector<std::uint32_t> take_reports(QqqGuestSession& session) {
  std::vector<std::uint32_t> reports;
  QqqReassembler().feed(session.outgoing(), [&reports](std::uint32_t us) { reports.push_back(us); });
  session.sent(session.outgoing().size());
  return reports;
}

using Reports = std::vector<std::uint32_t>;

TEST(QqqGuestSession, HoldsUntilTheFirstRequest) {
  const QqqGuestSession session;
  EXPECT_EQ(session.order(), Order(Hold{}));
  EXPECT_TRUE(session.outgoing().empty());
}

TEST(QqqGuestSession, RunsToTheHorizonAndReports) {
  QqqGuestSession session;
  request(session, {1000});
  EXPECT_EQ(session.order(), Order(RunUntil{at(1_ms)}));
  session.stopped({.now = at(1_ms)});
  EXPECT_EQ(session.order(), Order(Hold{}));
  EXPECT_EQ(take_reports(session), Reports{1000});
}

TEST(QqqGuestSession, CountsFromTheSynchronisationPointSoThatErrorsNeverAddUp) {
  QqqGuestSession session;
  Instant now;
  std::int64_t sum_us = 0;
  for (int i = 0; i < 1000; ++i) {
    request(session, {10});
    now = std::get<RunUntil>(session.order()).horizon + 700_ns;
    session.stopped({.now = now});
    sum_us += take_reports(session).at(0);
  }
  EXPECT_EQ(sum_us, now.since_origin().us_floor());
  EXPECT_EQ(sum_us, 10'000);
}

TEST(QqqGuestSession, ReportsAnOvershootInFullAndTheNextRequestStartsThere) {
  QqqGuestSession session;
  request(session, {100});
  session.stopped({.now = at(250_us)});
  EXPECT_EQ(take_reports(session), Reports{250});
  request(session, {100});
  EXPECT_EQ(session.order(), Order(RunUntil{at(350_us)}));
}

TEST(QqqGuestSession, KeepsEarlyRequestsInOrder) {
  QqqGuestSession session;
  request(session, {100, 200, 300});
  EXPECT_EQ(session.order(), Order(RunUntil{at(100_us)}));
  session.stopped({.now = at(100_us)});
  EXPECT_EQ(session.order(), Order(RunUntil{at(300_us)}));
  session.stopped({.now = at(300_us)});
  session.stopped({.now = at(600_us)});
  EXPECT_EQ(take_reports(session), (Reports{100, 200, 300}));
}

TEST(QqqGuestSession, TakesRequestsOf31BitsAndMore) {
  for (const std::uint32_t us : {0x80000000U, 0xffffffffU}) {
    QqqGuestSession session;
    request(session, {us});
    const Instant horizon = at(Duration::microseconds(us));
    EXPECT_EQ(session.order(), Order(RunUntil{horizon}));
    session.stopped({.now = horizon});
    EXPECT_EQ(take_reports(session), Reports{us});
  }
}

TEST(QqqGuestSession, SaturatesAReportAndCarriesTheRest) {
  QqqGuestSession session;
  request(session, {0xffffffffU});
  session.stopped({.now = at(Duration::microseconds(0xffffffffLL + 5))});
  EXPECT_EQ(take_reports(session), Reports{0xffffffffU});
  request(session, {3});  // already passed: answered at once, with all that is left
  EXPECT_EQ(session.order(), Order(Hold{}));
  EXPECT_EQ(take_reports(session), Reports{5});
}

TEST(QqqGuestSession, AnswersARequestOfZeroAtOnce) {
  QqqGuestSession session;
  request(session, {0});
  EXPECT_EQ(session.order(), Order(Hold{}));
  EXPECT_EQ(take_reports(session), Reports{0});
  request(session, {10, 0, 10});
  session.stopped({.now = at(10_us)});
  EXPECT_EQ(take_reports(session), (Reports{10, 0}));
  EXPECT_EQ(session.order(), Order(RunUntil{at(20_us)}));
}

TEST(QqqGuestSession, LeavesOnZeroWhereThatWasAskedFor) {
  QqqGuestSession session(ZeroRequest::exit);
  request(session, {10, 0});
  EXPECT_EQ(session.order(), Order(RunUntil{at(10_us)}));
  session.stopped({.now = at(10_us)});
  EXPECT_TRUE(std::holds_alternative<Leave>(session.order()));
  EXPECT_EQ(take_reports(session), Reports{10}) << "what was reached is still reported";
}

TEST(QqqGuestSession, AStopBeforeTheHorizonDoesNotEndTheGrant) {
  QqqGuestSession session;
  request(session, {1000});
  session.stopped({.now = at(400_us), .reason = StopReason::user});
  EXPECT_EQ(session.order(), Order(RunUntil{at(1_ms)}));
  EXPECT_TRUE(session.outgoing().empty());
  session.stopped({.now = at(1_ms)});
  EXPECT_EQ(take_reports(session), Reports{1000});
}

TEST(QqqGuestSession, LeavesWhenThePeerGoes) {
  QqqGuestSession held;
  held.receive_end();
  EXPECT_EQ(held.order(), Order(Leave{.why = "the simulator closed the connection"}));

  QqqGuestSession truncated;
  truncated.receive(std::vector<std::byte>(3));
  EXPECT_EQ(truncated.order(), Order(Hold{}));
  truncated.receive_end();
  EXPECT_NE(std::get<Leave>(truncated.order()).why.find("3 of 4 bytes"), std::string::npos);
  EXPECT_TRUE(std::get<Leave>(truncated.order()).is_fault);
}

TEST(QqqGuestSession, IgnoresWhatComesAfterTheEnd) {
  QqqGuestSession session;
  session.receive_end();
  request(session, {5});
  session.stopped({.now = at(1_s)});
  EXPECT_TRUE(std::holds_alternative<Leave>(session.order()));
  EXPECT_TRUE(session.outgoing().empty());
  EXPECT_FALSE(session.wants_bytes());
}

TEST(QqqGuestSession, LeavesAFloodInTheTransport) {
  QqqGuestSession session;
  request(session, {1});
  while (session.wants_bytes()) {
    request(session, {1});
  }
  EXPECT_EQ(session.order(), Order(RunUntil{at(1_us)}));
  session.stopped({.now = at(1_us)});
  EXPECT_TRUE(session.wants_bytes());
}

TEST(QqqGuestSessionDeathTest, TimeDoesNotRunBackwards) {
  QqqGuestSession session;
  request(session, {10});
  session.stopped({.now = at(10_us)});
  EXPECT_DEATH(session.stopped({.now = at(9_us)}), "does not run backwards");
}

}  // namespace
}  // namespace fermata::wire
