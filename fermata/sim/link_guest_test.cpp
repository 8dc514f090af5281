// SPDX-License-Identifier: MIT
// The simulator's handle over link v1. The guest is the other end's session within this thread, made to do what a test
// wants. Real guests: tests/machine.
#include "fermata/sim/link_guest.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/sim/testing/fake_guest.hpp"

namespace fermata::sim {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using namespace time::literals;
using time::Instant;
using wire::Stop;
using wire::StopReason;
using wire::link::testing::at_ns;
using wire::link::testing::bytes_of;

constexpr auto long_enough = 30s;

// Sends a line each 300 ns on the serial line, and stops where its session says so.
struct Chatter {
  std::int64_t next_ns = 300;
  void operator()(wire::link::GuestSession& session, Instant horizon) {
    while (at_ns(next_ns) <= horizon) {
      const Instant at = at_ns(next_ns);
      next_ns += 300;
      if (session.output(1, at, bytes_of("hi")) == wire::link::GuestSession::After::stop) {
        stop_at(session, at, session.stop_wanted());
        return;
      }
    }
    stop_at(session, horizon);
  }
};

TEST(LinkGuest, KnowsTheGuestsChannels) {
  FakeGuest fake(go_to_horizon);
  ASSERT_EQ(fake.guest->channels().size(), 3U);
  EXPECT_EQ(fake.guest->serial("console").declared().input_bound, 16U);
  EXPECT_EQ(refusal([&] { static_cast<void>(fake.guest->serial("net")); }),
            "serial channel \"net\": board has console (serial), net (ethernet), adc (mmio)");
  EXPECT_NE(refusal([&] { static_cast<void>(fake.guest->line("irq")); }), "");
}

TEST(LinkGuest, RunsAndSaysWhereTheGuestStands) {
  FakeGuest fake(go_to_horizon);
  EXPECT_EQ(fake.guest->run_until(at_ns(1000), long_enough), (Stop{.now = at_ns(1000)}));
  EXPECT_EQ(fake.guest->now(), at_ns(1000));
  EXPECT_NE(refusal([&] { fake.guest->grant(at_ns(999)); }), "");
  EXPECT_EQ(fake.guest->run_until(at_ns(1000), long_enough), (Stop{.now = at_ns(1000)})) << "the present instant";
}

TEST(LinkGuest, SendsAtInstants) {
  FakeGuest fake(go_to_horizon);
  fake.guest->serial("console").send(at_ns(10), "abc");
  fake.guest->ethernet("net").send(at_ns(20), bytes_of("fourteen bytes"));
  fake.guest->run_until(at_ns(1000), long_enough);
  ASSERT_EQ(fake.port.inputs.size(), 2U);
  EXPECT_EQ(fake.port.inputs[0].payload, "abc");
  EXPECT_EQ(fake.port.inputs[1].at_ns, 20);
  EXPECT_NE(refusal([&] { fake.guest->serial("console").send(at_ns(999), "x"); }), "");
}

TEST(LinkGuest, CallsHandlersInTheOrderOfTime) {
  FakeGuest fake(Chatter{});
  std::vector<std::int64_t> instants;
  fake.guest->serial("console").on_output([&](Instant at, std::string_view text) {
    EXPECT_EQ(text, "hi");
    instants.push_back(at.since_origin().ns());
  });
  fake.guest->run_until(at_ns(2000), long_enough);  // its output bound of 8 bytes stops it on the way
  EXPECT_EQ(instants, (std::vector<std::int64_t>{300, 600, 900, 1200, 1500, 1800}));
}

TEST(LinkGuest, AHandlerOfAReactiveChannelAnswersAtTheOutputsInstant) {
  FakeGuest fake(Chatter{}, {.reactive = {"console"}});
  auto console = fake.guest->serial("console");
  console.on_output([&](Instant at, std::string_view) { console.send(at, "y"); });
  EXPECT_EQ(fake.guest->run_until(at_ns(1000), long_enough).reason, StopReason::horizon);
  ASSERT_EQ(fake.port.inputs.size(), 3U);
  EXPECT_EQ(fake.port.inputs[2].at_ns, 900);
  EXPECT_EQ(fake.guest->run_until_output(at_ns(2000), long_enough),
            (Stop{.now = at_ns(1200), .reason = StopReason::output}));
}

TEST(LinkGuest, AHandlerOfAReactiveChannelWaitsForTheGuestToStand) {
  FakeGuest fake(go_to_horizon, {.reactive = {"console"}});
  bool is_called = false;
  fake.run = [&](wire::link::GuestSession& session, Instant) {
    static_cast<void>(session.output(1, at_ns(100), bytes_of("x")));
    fake.flush();
    EXPECT_FALSE(fake.guest->poll());
    EXPECT_FALSE(is_called);
    stop_at(session, at_ns(100), StopReason::output);
  };
  auto console = fake.guest->serial("console");
  console.on_output([&](Instant at, std::string_view) {
    is_called = true;
    console.send(at, "y");
  });
  EXPECT_EQ(fake.guest->run_until_output(at_ns(1000), long_enough).now, at_ns(100));
  EXPECT_TRUE(is_called);
}

TEST(LinkGuest, AReactiveChannelMustBeThere) {
  EXPECT_NE(
      refusal([] { FakeGuest fake(go_to_horizon, {.reactive = {"consol"}}); }).find("reactive channel \"consol\""),
      std::string::npos);
}

TEST(LinkGuest, WhatTheGuestLacksIsSaid) {
  EXPECT_NE(refusal([] { FakeGuest fake(go_to_horizon, {.needs = 1U << 20}); }).find("board cannot do: bits 0x100000"),
            std::string::npos);
}

TEST(LinkGuest, APoweredOffGuestEndsTheRun) {
  FakeGuest fake([](wire::link::GuestSession& session, Instant) {
    session.stopped({.now = at_ns(70), .reason = StopReason::powered_off, .exit_status = 3});
  });
  EXPECT_EQ(fake.guest->run_until(at_ns(1000), long_enough),
            (Stop{.now = at_ns(70), .reason = StopReason::powered_off, .exit_status = 3}));
}

TEST(LinkGuest, AGuestThatHangsIsReported) {
  bool is_awake = true;
  FakeGuest fake([&](wire::link::GuestSession& session, Instant horizon) {
    if (is_awake) {
      stop_at(session, horizon);
    } else {
      stop_at(session, at_ns(5), StopReason::user);  // and no more
      session.receive_end();
    }
  });
  is_awake = false;
  EXPECT_NE(refusal([&] { fake.guest->run_until(at_ns(1000), 10ms); }).find("board did not report within 0.01 s"),
            std::string::npos);
}

TEST(LinkGuest, AGuestThatGoesIsReported) {
  FakeGuest fake(go_to_horizon);
  fake.end->close();
  EXPECT_NE(refusal([&] { fake.guest->run_until(at_ns(1000), long_enough); }).find("board is gone"), std::string::npos);
}

TEST(LinkGuest, CheckpointsAndRestores) {
  FakeGuest fake(go_to_horizon);
  fake.guest->run_until(at_ns(1000), long_enough);
  fake.answer_named = [](wire::link::GuestSession& session) { session.done(at_ns(1000)); };
  fake.guest->checkpoint("one", long_enough);
  fake.guest->run_until(at_ns(3000), long_enough);
  fake.guest->restore("one", long_enough);
  EXPECT_EQ(fake.guest->now(), at_ns(1000));
  EXPECT_EQ(fake.port.named, (std::vector<std::string>{"checkpoint one", "restore one"}));
  EXPECT_EQ(fake.guest->run_until(at_ns(2000), long_enough).now, at_ns(2000));
  fake.answer_named = [](wire::link::GuestSession& session) { session.failed("the disk is full"); };
  EXPECT_NE(refusal([&] { fake.guest->checkpoint("two", long_enough); }).find("board: the disk is full"),
            std::string::npos);
  EXPECT_THROW(fake.guest->checkpoint("", long_enough), base::BadArgument);
}

TEST(LinkGuest, ACheckpointThatIsNotAnsweredIsReported) {
  FakeGuest fake(go_to_horizon);
  EXPECT_NE(refusal([&] { fake.guest->checkpoint("one", 1ms); }).find("board did not report"), std::string::npos);
}

TEST(LinkGuest, TracesInputsAndOutputs) {
  FakeGuest fake(Chatter{});
  fake.guest->serial("console").send(at_ns(10), "a\n");
  fake.guest->run_until(at_ns(400), long_enough);
  std::vector<std::string> lines;
  for (const trace::Record& record : fake.trace.records()) {
    lines.push_back(to_line(record));
  }
  EXPECT_EQ(lines,
            (std::vector<std::string>{"0.000000010 input console a\\x0a", "0.000000000 grant horizon=0.000000400",
                                      "0.000000300 output console hi", "0.000000400 report reason=horizon"}));
}

TEST(LinkGuest, IsMovable) {
  FakeGuest fake(go_to_horizon);
  auto console = fake.guest->serial("console");
  LinkGuest moved = std::move(*fake.guest);
  console.send(at_ns(0), "x");
  EXPECT_EQ(moved.run_until(at_ns(10), long_enough).now, at_ns(10));
}

}  // namespace
}  // namespace fermata::sim
