// SPDX-License-Identifier: MIT
// In which order the stops of several guests are dealt with. The guests are other ends of sessions within this thread,
// which tell their clocks as a guest's program does; they follow nobody. Real guests: tests/link_conformance.
#include "fermata/sim/together.hpp"

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <thread>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/sim/testing/fake_guest.hpp"

namespace fermata::sim {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using time::Instant;
using wire::Stop;
using wire::StopReason;
using wire::link::testing::at_ns;
using wire::link::testing::bytes_of;

constexpr auto long_enough = 30s;

// Says something at each of its instants, at which it stops where that is reactive.
struct Speaker {
  std::shared_ptr<transport::SharedClocks> clocks;
  std::size_t clock;
  std::vector<std::int64_t> instants;
  void operator()(wire::link::GuestSession& session, Instant horizon) {
    while (!instants.empty() && at_ns(instants.front()) <= horizon) {
      const Instant at = at_ns(instants.front());
      instants.erase(instants.begin());
      if (session.output(1, at, bytes_of("x")) == wire::link::GuestSession::After::stop) {
        stop(session, at, session.stop_wanted());
        return;
      }
    }
    stop(session, horizon, StopReason::horizon);
  }
  void stop(wire::link::GuestSession& session, Instant at, StopReason reason) const {
    stop_at(session, at, reason);
    clocks->tell(clock, at.since_origin().ns());
  }
};

class TogetherTest : public ::testing::Test {
 protected:
  FakeGuest& add(std::vector<std::int64_t> instants, bool is_reactive = true) {
    const std::size_t clock = guests_.size();
    LinkOptions options{.clocks = clocks_, .clock = clock};
    if (is_reactive) {
      options.reactive = {"console"};
    }
    guests_.push_back(std::make_unique<FakeGuest>(
        Speaker{.clocks = clocks_, .clock = clock, .instants = std::move(instants)}, options));
    guests_.back()->guest->serial("console").on_output([this, clock](Instant at, std::string_view) {
      seen_ += std::string(1, static_cast<char>('A' + clock)) + std::to_string(at.since_origin().ns()) + " ";
    });
    return *guests_.back();
  }
  std::vector<Stop> run(std::int64_t horizon_ns, host::HostDuration limit = long_enough) {
    std::vector<LinkGuest*> guests;
    for (const auto& guest : guests_) {
      guests.push_back(&*guest->guest);
    }
    return run_together(guests, at_ns(horizon_ns), limit);
  }

  std::shared_ptr<transport::SharedClocks> clocks_ = share_clocks(3);
  std::vector<std::unique_ptr<FakeGuest>> guests_;
  std::string seen_;
  Instant silent_horizon_;
};

TEST_F(TogetherTest, StopsAreDealtWithInTheOrderOfTime) {
  add({300, 600});
  add({100, 450, 600});
  add({600, 601});
  const auto ends = run(1000);
  EXPECT_EQ(seen_, "B100 A300 B450 A600 B600 C600 C601 ") << "at one instant in that of the guests";
  EXPECT_EQ(ends, std::vector<Stop>(3, Stop{.now = at_ns(1000)}));
  seen_.clear();
  run(1000);  // the present instant
  EXPECT_EQ(seen_, "");
}

TEST_F(TogetherTest, OutputsThatStopNobodyComeWithTheNextStop) {
  add({300, 600}, false);
  add({500});
  run(550);
  EXPECT_EQ(seen_, "B500 A300 ");
  run(1000);
  EXPECT_EQ(seen_, "B500 A300 A600 ");
}

TEST_F(TogetherTest, AGuestThatEndsIsWaitedForNoMore) {
  add({300});
  FakeGuest& ends = add({});
  ends.run = [this](wire::link::GuestSession& session, Instant) {
    stop_at(session, at_ns(100), StopReason::powered_off);
    clocks_->tell(1, transport::SharedClocks::ended);
  };
  const auto stops = run(1000);
  EXPECT_EQ(stops[0], (Stop{.now = at_ns(1000)}));
  EXPECT_EQ(stops[1], (Stop{.now = at_ns(100), .reason = StopReason::powered_off}));
}

// It may say something earlier yet.
TEST_F(TogetherTest, AStopWaitsForAGuestWhoseClockIsBehind) {
  add({300});
  FakeGuest& silent = add({});
  silent.run = [this](wire::link::GuestSession& session, Instant horizon) {
    // Runs on, in its own thread so to say, and has told that it has come to 299 ns.
    clocks_->tell(1, 299);
    silent_horizon_ = horizon;
    session.receive_end();  // so that it is not asked again
  };
  EXPECT_NE(refusal([&] { run(1000, 20ms); }).find("did not report, nor did any guest's clock move, within 0.02 s"),
            std::string::npos);
  EXPECT_EQ(seen_, "");
  EXPECT_EQ(silent_horizon_, at_ns(1000));
}

TEST_F(TogetherTest, AGuestWhoseClockMovesIsHeardOf) {
  add({300});
  FakeGuest& slow = add({});
  slow.run = [this](wire::link::GuestSession& session, Instant) {
    clocks_->tell(1, 10);
    session.receive_end();
  };
  std::jthread mover([this](const std::stop_token& stop) {
    for (std::int64_t now = 11; now <= 20 && !stop.stop_requested(); ++now) {
      clocks_->wait_for_bell(clocks_->bell(), 100ms);
      clocks_->tell(1, now);
    }
  });
  EXPECT_NE(refusal([&] { run(1000, 500ms); }).find("did not report"), std::string::npos);
  EXPECT_EQ(clocks_->read(1), 20) << "it was waited for as long as it moved";
}

// Each stop that has come counts, not where the guest came to after it.
TEST_F(TogetherTest, AGuestThatRunsOnAfterAStopIsDealtWithWhereThatWas) {
  add({300});
  FakeGuest& reset = add({});
  reset.run = [this, has_been_reset = false](wire::link::GuestSession& session, Instant horizon) mutable {
    if (!std::exchange(has_been_reset, true)) {
      stop_at(session, at_ns(250), StopReason::reset);
      static_cast<void>(session.output(1, at_ns(400), bytes_of("x")));
      stop_at(session, at_ns(400), StopReason::output);
      clocks_->tell(1, 400);
    } else {
      stop_at(session, horizon);
      clocks_->tell(1, horizon.since_origin().ns());
    }
  };
  run(1000);
  EXPECT_EQ(seen_, "A300 B400 ");
}

// What it said before it ended is not behind what others did later.
TEST_F(TogetherTest, TheLastWordsOfAGuestThatEndsComeInTheirTurn) {
  add({300});
  FakeGuest& ends = add({}, false);
  ends.run = [this](wire::link::GuestSession& session, Instant) {
    static_cast<void>(session.output(1, at_ns(240), bytes_of("x")));
    stop_at(session, at_ns(250), StopReason::powered_off);
    clocks_->tell(1, transport::SharedClocks::ended);
  };
  run(1000);
  EXPECT_EQ(seen_, "B240 A300 ");
  EXPECT_EQ(run(2000)[1].reason, StopReason::powered_off) << "also in the next call";
}

TEST_F(TogetherTest, AfterAnExceptionTheSameCallGoesOn) {
  add({300, 600});
  add({450});
  bool throws = true;
  guests_[1]->guest->serial("console").on_output([&](Instant at, std::string_view) {
    seen_ += "B" + std::to_string(at.since_origin().ns()) + " ";
    if (std::exchange(throws, false)) {
      throw std::runtime_error("no");
    }
  });
  EXPECT_EQ(refusal([&] { run(1000); }), "no");
  EXPECT_EQ(seen_, "A300 B450 ");
  EXPECT_EQ(run(1000), std::vector<Stop>(2, Stop{.now = at_ns(1000)}));
  EXPECT_EQ(seen_, "A300 B450 A600 ");
}

TEST_F(TogetherTest, AnInputToWhoeverDoesNotFollowIsForItsHorizon) {
  add({300});
  add({});
  Instant at = at_ns(999);
  guests_[0]->guest->serial("console").on_output(
      [&](Instant, std::string_view) { guests_[1]->guest->serial("console").send(at, "x"); });
  EXPECT_NE(refusal([&] { run(1000); }).find("while a stop of another guest at 0.000000300 s is dealt with"),
            std::string::npos);
  at = at_ns(2000);
  run(2000);
}

TEST_F(TogetherTest, WhatCannotBeIsSaidBeforeAnythingIsGranted) {
  add({300});
  add({});
  guests_[1]->guest->grant(at_ns(500));
  guests_[1]->guest->wait(long_enough);
  EXPECT_NE(refusal([&] { run(400); }).find("it was 0.000000500 s already"), std::string::npos);
  EXPECT_EQ(guests_[0]->guest->now(), at_ns(0));
  const std::array twice{&*guests_[0]->guest, &*guests_[0]->guest};
  EXPECT_NE(refusal([&] { run_together(twice, at_ns(1000), long_enough); }).find("twice"), std::string::npos);
}

TEST_F(TogetherTest, TheLastWordsOfAGuestThatGoesAreHeard) {
  add({300});
  FakeGuest& gone = add({}, false);
  gone.run = [&gone](wire::link::GuestSession& session, Instant) {
    static_cast<void>(session.output(1, at_ns(240), bytes_of("x")));
    gone.flush();
    gone.end->close();
    session.receive_end();
  };
  EXPECT_NE(refusal([&] { run(1000); }).find("board is gone"), std::string::npos);
  EXPECT_EQ(seen_, "B240 ");
}

TEST_F(TogetherTest, OnlyGuestsOfTheSameClocksRunTogether) {
  add({300});
  FakeGuest stranger(go_to_horizon);
  const std::array guests{&*guests_[0]->guest, &*stranger.guest};
  EXPECT_NE(refusal([&] {
              run_together(guests, at_ns(10), long_enough);
            }).find("guests that run together are launched with the same clocks"),
            std::string::npos);
  EXPECT_NE(refusal([&] {
              stranger.guest->follow(*guests_[0]->guest, time::Duration::nanoseconds(5));
            }).find("cannot follow"),
            std::string::npos);
  EXPECT_NE(refusal([&] { guests_[0]->guest->follow(*guests_[0]->guest, time::Duration::nanoseconds(5)); }), "");
}

}  // namespace
}  // namespace fermata::sim
