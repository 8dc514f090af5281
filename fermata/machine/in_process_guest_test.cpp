// SPDX-License-Identifier: MIT
#include "fermata/machine/in_process_guest.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/machine/testing/programs.hpp"
#include "fermata/sim/guest.hpp"

namespace fermata::machine {
namespace {

using namespace time::literals;
using time::Instant;

// Nothing is ever waited for: what does not come within the call does not come.
constexpr host::HostDuration no_wait{};

struct Linked {
  explicit Linked(const testing::Program& program, const guest::Follower::Options& options = {})
      : guest(Config{.boot = testing::plan_of(program)}, options),
        handle(sim::Guest::attach(guest.connect(), "ours")) {}
  InProcessGuest guest;
  sim::Guest handle;
};

base::ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(InProcessGuest, AGrantIsACall) {
  Linked linked(testing::endless_loop());
  linked.handle.grant(1_ms);
  EXPECT_EQ(linked.guest.machine().now(), Instant::at(1_ms)) << "it has run when grant returns";
  EXPECT_EQ(linked.handle.wait(no_wait).now, Instant::at(1_ms));
  for (int i = 0; i < 100; ++i) {
    const sim::Report report = linked.handle.advance(10_us, no_wait);
    EXPECT_EQ(report.overshoot, time::Duration::zero());
  }
  EXPECT_EQ(linked.handle.now(), Instant::at(2_ms));
}

TEST(InProcessGuest, KeptGrantsAreAllAnswered) {
  Linked linked(testing::tick_every(1_ms));
  for (int i = 0; i < 50; ++i) {
    linked.handle.grant(700_us);
  }
  EXPECT_EQ(linked.guest.machine().now(), Instant::at(35_ms));
  for (int i = 1; i <= 50; ++i) {
    EXPECT_EQ(linked.handle.wait(no_wait).now, Instant::at(i * 700_us));
  }
}

TEST(InProcessGuest, SerialBytesGoBothWaysBetweenGrants) {
  Linked linked(testing::echo());
  std::string received;
  linked.guest.machine().serial().set_receiver([&](Instant at, std::span<const std::byte> bytes) {
    EXPECT_GT(at, Instant::at(1_ms));
    received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  linked.handle.advance(1_ms, no_wait);
  linked.guest.machine().serial().send("ping");
  EXPECT_EQ(received, "") << "it stands still";
  linked.handle.advance(1_ms, no_wait);
  EXPECT_EQ(received, "ping");
}

TEST(InProcessGuest, PoweringOffEndsTheLink) {
  Linked linked(testing::finish(0x33333));
  EXPECT_EQ(code_of([&] { linked.handle.advance(1_ms, no_wait); }), base::ErrorCode::peer_gone);
  ASSERT_TRUE(linked.guest.ended());
  EXPECT_EQ(linked.guest.ended()->reason, StopReason::powered_off);
  EXPECT_EQ(linked.guest.ended()->exit_status, 3);
  EXPECT_EQ(code_of([&] { linked.handle.grant(1_ms); }), base::ErrorCode::peer_gone);
}

TEST(InProcessGuest, BeingStuckEndsTheLinkAtOnce) {
  Linked linked(testing::trap_for_ever());
  EXPECT_EQ(code_of([&] { linked.handle.advance(1_ms, std::chrono::hours(1)); }), base::ErrorCode::peer_gone);
  EXPECT_EQ(linked.guest.ended()->reason, StopReason::stuck);
}

TEST(InProcessGuest, EitherEndMayGoFirst) {
  {
    Linked linked(testing::endless_loop());
    linked.handle.advance(1_ms, no_wait);
    linked.handle.close();
    ASSERT_TRUE(linked.guest.left());
    EXPECT_EQ(linked.guest.left()->why, "the simulator closed the connection");
    EXPECT_FALSE(linked.guest.left()->is_fault);
  }
  auto guest = std::make_unique<InProcessGuest>(Config{.boot = testing::plan_of(testing::endless_loop())});
  sim::Guest handle = sim::Guest::attach(guest->connect());
  handle.advance(1_ms, no_wait);
  guest.reset();
  EXPECT_EQ(code_of([&] { handle.advance(1_ms, no_wait); }), base::ErrorCode::peer_gone);
}

TEST(InProcessGuest, IsFollowedInItsTraceAndStatistics) {
  trace::MemorySink trace;
  guest::Statistics statistics;
  Linked linked(testing::endless_loop(), {.trace = &trace, .statistics = &statistics});
  linked.handle.advance(1_ms, no_wait);
  EXPECT_EQ(trace.records().size(), 2U);
  EXPECT_EQ(statistics.quanta, 1U);
  EXPECT_EQ(statistics.overshoot_max_ns, 0U);
}

TEST(InProcessGuestDeathTest, IsConnectedOnce) {
  Linked linked(testing::endless_loop());
  EXPECT_DEATH(static_cast<void>(linked.guest.connect()), "connected once");
}

}  // namespace
}  // namespace fermata::machine
