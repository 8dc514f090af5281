// SPDX-License-Identifier: MIT
#include "account.hpp"

#include <gmock/gmock.h>

#include <utility>

namespace ping {
namespace {

using namespace fermata::time::literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Expectation expectation{.latency = 500_us, .most_of_pinger = 300_us};
// Between virtual time and the guest's clock, whole microseconds so that the numbers below are easy to follow.
constexpr Duration clock_offset = 100'000_us;

// The ICMP echo frame of a ping with this identifier; see icmp_echo_test.cpp for its parts.
std::vector<std::byte> echo(bool is_request, std::uint8_t identifier, std::uint8_t sequence, std::uint32_t stamp_us) {
  std::vector<std::byte> frame(46);
  const auto put = [&frame](std::size_t at, unsigned value) { frame.at(at) = static_cast<std::byte>(value); };
  put(12, 8);
  put(14, 0x45);
  put(23, 1);
  put(34, is_request ? 8 : 0);
  put(39, identifier);
  put(41, sequence);
  for (unsigned i = 0; i < 4; ++i) {
    put(42 + i, stamp_us >> (8 * i) & 0xff);
  }
  return frame;
}

// Two captures and an output to which round trips are added, each of 1'120 us by ping: 60 us to send, 500, 10 us of the
// responder, 500, and 50 us until ping has looked at its clock.
struct History {
  enum class Fate : std::uint8_t { whole, request_lost, reply_lost };

  void add(std::uint8_t sequence, Fate fate = Fate::whole, std::uint8_t identifier = 7) {
    const Instant start = Instant::at(200_ms + 10_ms * sequence);
    const auto stamp_us = static_cast<std::uint32_t>((start.since_origin() - clock_offset) / 1_us);
    const auto request = echo(true, identifier, sequence, stamp_us);
    const auto reply = echo(false, identifier, sequence, stamp_us);
    pinger.frames.push_back({.at = start + 60_us, .is_outgoing = true, .bytes = request});
    ++output.totals->transmitted;
    if (fate == Fate::request_lost) {
      return;
    }
    responder.frames.push_back({.at = start + 560_us, .is_outgoing = false, .bytes = request});
    responder.frames.push_back({.at = start + 570_us, .is_outgoing = true, .bytes = reply});
    if (fate == Fate::reply_lost) {
      return;
    }
    pinger.frames.push_back({.at = start + 1'070_us, .is_outgoing = false, .bytes = reply});
    output.round_trips[sequence] = 1'120_us;
    ++output.totals->received;
  }

  [[nodiscard]] std::vector<RoundTrip> trips() const { return find_round_trips(pinger, responder, output); }
  [[nodiscard]] std::vector<std::string> faults() const { return find_faults(trips(), output, expectation); }

  Capture pinger{.name = "linux"};
  Capture responder{.name = "responder"};
  PingOutput output{.totals = PingOutput::Totals{}};
};

TEST(Account, ARoundTripIsTheSumOfItsParts) {
  History history;
  history.add(3);
  ASSERT_EQ(history.trips().size(), 1U);
  const RoundTrip trip = history.trips().front();
  EXPECT_EQ(trip.sequence, 3U);
  EXPECT_EQ(trip.way_out(), 500_us);
  EXPECT_EQ(trip.time_of_responder(), 10_us);
  EXPECT_EQ(trip.way_back(), 500_us);
  EXPECT_EQ(trip.time_of_pinger(), 110_us);
  EXPECT_EQ(trip.way_out() + trip.time_of_responder() + trip.way_back() + trip.time_of_pinger(), trip.shown);
  EXPECT_THAT(history.faults(), IsEmpty());
}

TEST(Account, WhatWasLostIsLostForBoth) {
  History history;
  history.add(0, History::Fate::request_lost);
  history.add(1, History::Fate::reply_lost);
  history.add(2);
  const auto trips = history.trips();
  ASSERT_EQ(trips.size(), 3U);
  EXPECT_FALSE(trips[0].request_arrived);
  EXPECT_TRUE(trips[1].reply_left);
  EXPECT_FALSE(trips[1].reply_arrived);
  EXPECT_TRUE(trips[2].is_whole());
  EXPECT_THAT(history.faults(), IsEmpty());
}

TEST(Account, OnlyTheLastPingCounts) {
  History history;
  history.add(0, History::Fate::whole, 6);
  history.add(1, History::Fate::request_lost, 6);
  history.output = {.totals = PingOutput::Totals{}};
  history.add(2);
  ASSERT_EQ(history.trips().size(), 1U);
  EXPECT_EQ(history.trips().front().sequence, 2U);
  EXPECT_THAT(history.faults(), IsEmpty());
}

// Every fault that there can be is made once.
class AccountFault : public testing::Test {
 protected:
  AccountFault() {
    for (std::uint8_t sequence = 0; sequence < 3; ++sequence) {
      history_.add(sequence);
    }
  }
  // Frame 2 of each capture is the request of seq=1, frame 3 its reply.
  CapturedFrame& at_pinger(std::size_t index) { return history_.pinger.frames.at(index); }
  CapturedFrame& at_responder(std::size_t index) { return history_.responder.frames.at(index); }
  History history_;
};

TEST_F(AccountFault, AWayThatTakesANanosecondMore) {
  at_responder(2).at += 1_ns;
  EXPECT_THAT(history_.faults(), ElementsAre("seq=1: the request was under way for 500001ns instead of 500us"));
}
TEST_F(AccountFault, AWayBackThatTakesANanosecondLess) {
  at_responder(3).at += 1_ns;
  EXPECT_THAT(history_.faults(), ElementsAre("seq=1: the reply was under way for 499999ns instead of 500us"));
}
TEST_F(AccountFault, AResponderThatTakesNoTime) {
  at_responder(3).at = at_responder(2).at;
  at_pinger(3).at = at_responder(3).at + 500_us;
  EXPECT_THAT(history_.faults(), ElementsAre("seq=1: the responder took no time"));
}
TEST_F(AccountFault, APingThatShowsLessThanTheWaysTake) {
  history_.output.round_trips[1] = 1'005_us;
  EXPECT_THAT(history_.faults(), testing::Contains("seq=1: ping shows 1005us, which leaves -5us for the pinger"));
}
TEST_F(AccountFault, APingThatShowsTooMuch) {
  history_.output.round_trips[1] = 1'311_us;
  EXPECT_THAT(history_.faults(), ElementsAre("seq=1: ping shows 1311us, which leaves 301us for the pinger"));
}
TEST_F(AccountFault, AReplyThatPingDoesNotShow) {
  history_.output.round_trips.erase(1);
  EXPECT_THAT(history_.faults(), ElementsAre("seq=1: ping does not show the reply that arrived"));
}
TEST_F(AccountFault, AReplyThatDidNotArrive) {
  history_.pinger.frames.erase(history_.pinger.frames.begin() + 3);
  EXPECT_THAT(history_.faults(), ElementsAre("seq=1: ping shows a reply that did not arrive",
                                             "ping counts 3 requests and 3 replies, the captures 3 and 2"));
}
TEST_F(AccountFault, AReplyOutOfNothing) {
  history_.responder.frames.erase(history_.responder.frames.begin() + 2, history_.responder.frames.begin() + 4);
  EXPECT_THAT(history_.faults(), ElementsAre("seq=1: a reply arrived that was not sent"));
}
TEST_F(AccountFault, ARequestWithoutAnAnswer) {
  history_.responder.frames.erase(history_.responder.frames.begin() + 3);
  history_.pinger.frames.erase(history_.pinger.frames.begin() + 3);
  history_.output.round_trips.erase(1);
  history_.output.totals->received = 2;
  EXPECT_THAT(history_.faults(), ElementsAre("seq=1: the responder did not answer"));
}
TEST_F(AccountFault, ClocksThatDrift) {
  // The guest's clock gains 200 us between two pings, more than the 110 us that the pinger has to itself.
  const auto moved = static_cast<std::uint32_t>((200_ms + 10_ms + 200_us - clock_offset) / 1_us);
  at_pinger(2).bytes = echo(true, 7, 1, moved);
  at_pinger(3).bytes = echo(false, 7, 1, moved);
  EXPECT_THAT(history_.faults(),
              ElementsAre(HasSubstr("no one difference between the guest's clock and virtual time")));
}
TEST_F(AccountFault, TotalsThatAreMissingOrWrong) {
  history_.output.totals->transmitted = 4;
  history_.output.duplicates = 1;
  EXPECT_THAT(history_.faults(),
              ElementsAre("ping counts 4 requests and 3 replies, the captures 3 and 3", "ping shows 1 replies twice"));
  history_.output.totals.reset();
  EXPECT_THAT(history_.faults(), ElementsAre("ping has not printed its totals"));
}

}  // namespace
}  // namespace ping
