// SPDX-License-Identifier: MIT
// The simulator's handle over link v1. The guest is the other end's session within this thread, made to do what a test
// wants. Real guests: tests/machine.
#include "fermata/sim/link_guest.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/sim/testing/fake_guest.hpp"
#include "fermata/time/units.hpp"

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

TEST(LinkGuest, AStopThatAGrantHasCrossedIsNotTheLast) {
  FakeGuest fake(go_to_horizon);
  fake.guest->grant(at_ns(1000));  // it stands there, and nobody has taken its report
  EXPECT_TRUE(fake.guest->is_running());
  EXPECT_EQ(fake.guest->run_until(at_ns(3000), long_enough).now, at_ns(3000));
  EXPECT_FALSE(fake.guest->is_running());
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

// Its last words lie there when the simulator's cannot be sent any more.
TEST(LinkGuest, WhatAGuestSaidBeforeItWentIsHeard) {
  FakeGuest off([](wire::link::GuestSession&, Instant) {});
  off.run = [&off](wire::link::GuestSession& session, Instant) {
    stop_at(session, at_ns(70), StopReason::powered_off);
    off.flush();
    off.end->close();
  };
  off.guest->grant(at_ns(1000));
  off.guest->grant(at_ns(2000));
  EXPECT_EQ(off.guest->wait(long_enough).reason, StopReason::powered_off);
  EXPECT_NE(refusal([&] { off.guest->wait(long_enough); }).find("board is gone at"), std::string::npos);

  FakeGuest refuses([](wire::link::GuestSession&, Instant) {});
  refuses.run = [&refuses](wire::link::GuestSession& session, Instant) {
    session.receive(std::vector<std::byte>(8));  // which is no message
    refuses.flush();
    refuses.end->close();
  };
  refuses.guest->grant(at_ns(1000));
  refuses.guest->grant(at_ns(2000));
  EXPECT_NE(refusal([&] { refuses.guest->wait(long_enough); }).find("the guest refuses: "), std::string::npos);
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
  EXPECT_NE(refusal([&] { fake.guest->checkpoint("one", 1ms); }).find("board did not answer checkpoint \"one\" within"),
            std::string::npos);
  EXPECT_NE(refusal([&] { fake.guest->grant(at_ns(5)); }).find("has not answered checkpoint \"one\" yet"),
            std::string::npos);
  EXPECT_THROW(fake.guest->checkpoint("two", 1ms), base::BadArgument);
  EXPECT_THROW(fake.guest->restore("one", 1ms), base::BadArgument);
  fake.session.done(at_ns(0));
  fake.flush();
  fake.guest->checkpoint("one", long_enough);
  EXPECT_EQ(fake.port.named.size(), 1U) << "it was asked once";
  EXPECT_EQ(fake.guest->run_until(at_ns(5), long_enough).now, at_ns(5));
}

// As Chatter, and tells its progress where it is asked for.
struct Traveller {
  bool is_shy = false;  // leaves out most of its progress, as if nobody read it
  int told = 0;
  std::int64_t next_ns = 300;
  void operator()(wire::link::GuestSession& session, Instant horizon) {
    if (!session.outgoing().empty()) {
      return;  // progress is told after what was said before
    }
    const Instant end = std::min(horizon, session.milestone().value_or(horizon));
    if (at_ns(next_ns) <= end) {
      const Instant at = at_ns(next_ns);
      next_ns += 300;
      if (session.output(1, at, bytes_of("hi")) == wire::link::GuestSession::After::stop) {
        stop_at(session, at, session.stop_wanted());
      }
      return;
    }
    if (end < horizon) {
      session.progressed(end);
      if (is_shy && ++told % 3 != 0) {
        session.sent(session.outgoing().size());
      }
    } else {
      stop_at(session, end);
    }
  }
};

// What on_quantum and the handlers were called with while a guest was kept ahead, and what the guest was sent.
std::string ahead_of(std::uint32_t abilities, std::int64_t distance_ns, const LinkOptions& options = {},
                     const Traveller& traveller = {}) {
  auto who = wire::link::testing::identity();
  who.abilities = abilities;
  FakeGuest fake(traveller, options, who);
  std::string seen;
  auto console = fake.guest->serial("console");
  console.on_output([&](Instant at, std::string_view) { seen += std::to_string(at.since_origin().ns()) + " "; });
  const Stop stop = fake.guest->run_ahead(
      at_ns(2'050), {.quantum = 500_ns, .distance = time::Duration::nanoseconds(distance_ns)},
      [&](Instant reached) {
        seen += "[" + std::to_string(reached.since_origin().ns()) + "] ";
        console.send(std::max(fake.guest->earliest_input(), at_ns(10'000)), "x");
      },
      long_enough);
  EXPECT_EQ(stop, (Stop{.now = at_ns(2'050)}));
  fake.guest->run_until(stop.now, long_enough);  // takes what was sent last along
  EXPECT_EQ(fake.port.inputs.size(), 4U);
  return seen;
}

constexpr std::uint32_t all = wire::link::testing::all_abilities;

TEST(LinkGuest, AGuestThatIsKeptAheadIsHeardOfEachQuantum) {
  const std::string each = "300 [500] 600 900 [1000] 1200 [1500] 1500 1800 [2000] ";
  EXPECT_EQ(ahead_of(all, 500), each);
  EXPECT_EQ(ahead_of(all, 750), each);
  EXPECT_EQ(ahead_of(all, 2'000), each);
  EXPECT_EQ(ahead_of(all, 100'000), each) << "never beyond the end";
  EXPECT_EQ(ahead_of(all & ~std::uint32_t{wire::link::ability_progress}, 2'000), each) << "it stands";
  EXPECT_EQ(ahead_of(all, 2'000, {.reactive = {"console"}}), each) << "it stands at each output";
  EXPECT_EQ(ahead_of(all, 2'000, {}, {.is_shy = true}), each) << "not all progress is told";
}

// Twice in the distance, whatever the quantum is. Seen is where the guest told of itself, with a bar where it stood: it
// is faster than the simulator.
TEST(LinkGuest, AGuestThatIsKeptFarAheadIsHeardOfAsOftenAsNeeded) {
  const auto horizons = [](std::uint32_t abilities, time::Duration quantum, time::Duration distance) {
    auto who = wire::link::testing::identity();
    who.abilities = abilities;
    std::string seen;
    FakeGuest fake(
        [&seen](wire::link::GuestSession& session, Instant horizon) {
          if (!session.outgoing().empty()) {
            return;
          }
          const Instant asked = session.milestone().value_or(horizon);
          seen += time::to_seconds_string(std::min(asked, horizon)) + (asked < horizon ? " " : "| ");
          asked < horizon ? session.progressed(asked) : stop_at(session, horizon);
        },
        {}, who);
    int quanta = 0;
    fake.guest->run_ahead(
        Instant::at(4_ms), {.quantum = quantum, .distance = distance}, [&quanta](Instant) { ++quanta; }, long_enough);
    EXPECT_EQ(quanta, 4_ms / quantum);
    return seen;
  };
  constexpr std::uint32_t silent = all & ~std::uint32_t{wire::link::ability_progress};
  EXPECT_EQ(horizons(all, 250_us, 2_ms), "0.001000000 0.002000000| 0.003000000 0.004000000| ");
  EXPECT_EQ(horizons(all, 500_us, 1750_us),
            "0.000500000 0.001000000 0.001500000 0.001750000| 0.002000000 0.002500000 0.003000000 0.003250000| "
            "0.003500000 0.004000000| ");
  EXPECT_EQ(horizons(all, 1_us, 4_ms), "0.001000000 0.002000000 0.003000000 0.004000000| ") << "each ms at least";
  EXPECT_EQ(horizons(silent, 250_us, 2_ms), "0.001000000| 0.002000000| 0.003000000| 0.004000000| ");
  EXPECT_EQ(horizons(silent, 2_ms, 2_ms), "0.002000000| 0.004000000| ");
}

TEST(LinkGuest, WhatAKeptAheadGuestIsSentDoesNotDependOnWhetherItStands) {
  for (const std::uint32_t abilities : {all, all & ~std::uint32_t{wire::link::ability_progress}}) {
    auto who = wire::link::testing::identity();
    who.abilities = abilities;
    FakeGuest fake(go_to_horizon, {}, who);
    std::vector<std::int64_t> earliest;
    auto console = fake.guest->serial("console");
    fake.guest->run_ahead(
        at_ns(300), {.quantum = 100_ns, .distance = 250_ns},
        [&](Instant reached) {
          earliest.push_back(fake.guest->earliest_input().since_origin().ns());
          EXPECT_NE(refusal([&] {
                      console.send(reached + 249_ns, "x");
                    }).find("board, which is kept ahead, an input cannot be earlier"),
                    std::string::npos);
          console.send(reached + 250_ns, "x");
        },
        long_enough);
    EXPECT_EQ(earliest, (std::vector<std::int64_t>{350, 450, 550}));
    EXPECT_EQ(fake.guest->earliest_input(), at_ns(300)) << "it stands, and is kept ahead no longer";
    fake.guest->run_until(at_ns(300), long_enough);
    ASSERT_EQ(fake.port.inputs.size(), 3U);
    EXPECT_EQ(fake.port.inputs[2].at_ns, 550);
  }
}

TEST(LinkGuest, AGuestIsNotAskedAnyMoreOnceItStands) {
  FakeGuest fake(Traveller{});
  const Ahead ahead{.quantum = 100_ns, .distance = 200_ns};
  fake.guest->run_ahead(
      at_ns(250), ahead, [](Instant) {}, long_enough);
  fake.guest->run_until(at_ns(260), long_enough);
  EXPECT_EQ(fake.session.milestone(), std::nullopt);
  std::vector<Instant> quanta;
  fake.guest->run_ahead(
      at_ns(460), ahead, [&](Instant at) { quanta.push_back(at); }, long_enough);
  EXPECT_EQ(quanta, (std::vector{at_ns(360), at_ns(460)})) << "from where it stood";
}

TEST(LinkGuest, HowAGuestIsKeptAheadIsChecked) {
  FakeGuest fake(go_to_horizon);
  const auto run = [&](std::int64_t end, time::Duration quantum, time::Duration distance) {
    return refusal([&] {
      fake.guest->run_ahead(
          at_ns(end), {.quantum = quantum, .distance = distance}, [](Instant) {}, long_enough);
    });
  };
  EXPECT_EQ(run(1000, 100_ns, 100_ns), "");
  EXPECT_NE(run(2000, 0_ns, 100_ns), "");
  EXPECT_NE(run(2000, 100_ns, 99_ns), "");
  EXPECT_NE(run(999, 100_ns, 100_ns), "");
}

TEST(LinkGuest, AGuestThatEndsIsKeptAheadNoLonger) {
  FakeGuest fake([](wire::link::GuestSession& session, Instant) {
    session.stopped({.now = at_ns(170), .reason = StopReason::powered_off});
  });
  int quanta = 0;
  const Stop stop = fake.guest->run_ahead(
      at_ns(1000), {.quantum = 100_ns, .distance = 200_ns}, [&](Instant) { ++quanta; }, long_enough);
  EXPECT_EQ(stop.reason, StopReason::powered_off);
  EXPECT_EQ(quanta, 0);
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
