// SPDX-License-Identifier: MIT
// What the handles share; most of it is tested with them.
#include "fermata/sim/link_state.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/sim/testing/fake_guest.hpp"

namespace fermata::sim {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using time::Instant;
using wire::StopReason;
using wire::link::MmioRequest;
using wire::link::testing::at_ns;

constexpr auto long_enough = 30s;

TEST(LinkState, AGuestThatWaitsForTheAnswerToNoReadLies) {
  FakeGuest fake([](wire::link::GuestSession& session, Instant) { stop_at(session, at_ns(50), StopReason::mmio); });
  try {
    fake.guest->run_until(at_ns(1000), long_enough);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::protocol_violation);
    EXPECT_STREQ(error.what(),
                 "board waits at 0.000000050 s for the answer to a read that it has not made: look for a fault in it");
  }
}

TEST(LinkState, AReadIsAnsweredOnlyOnceTheGuestStands) {
  FakeGuest fake(go_to_horizon);
  int reads = 0;
  fake.guest->mmio("adc").on_read([&](Instant, std::uint64_t, unsigned) { return ++reads; });
  fake.run = [&](wire::link::GuestSession& session, Instant horizon) {
    if (reads == 0) {
      static_cast<void>(session.output(3, at_ns(100), MmioRequest{.width = 8}.bytes()));
      fake.flush();
      EXPECT_FALSE(fake.guest->poll());
      EXPECT_EQ(reads, 0);
      stop_at(session, at_ns(100), StopReason::mmio);
    } else {
      stop_at(session, horizon);
    }
  };
  EXPECT_EQ(fake.guest->run_until(at_ns(1000), long_enough).now, at_ns(1000));
  EXPECT_EQ(reads, 1);
}

TEST(LinkState, AReadAtItsHorizonIsAnsweredAndTheGuestReportsAgain) {
  FakeGuest fake(go_to_horizon);
  int reads = 0;
  fake.guest->mmio("adc").on_read([&](Instant, std::uint64_t, unsigned) { return ++reads; });
  fake.run = [&](wire::link::GuestSession& session, Instant horizon) {
    if (reads == 0) {
      static_cast<void>(session.output(3, horizon, MmioRequest{}.bytes()));
      stop_at(session, horizon, StopReason::mmio);
    } else {
      stop_at(session, horizon);
    }
  };
  EXPECT_EQ(fake.guest->run_until(at_ns(1000), long_enough), (wire::Stop{.now = at_ns(1000)}));
  EXPECT_EQ(reads, 1);
}

TEST(LinkState, TracesAccessesInWords) {
  FakeGuest fake(go_to_horizon);
  fake.guest->mmio("adc").on_read(
      [](Instant at, std::uint64_t, unsigned) { return MmioValue(0x55, at + time::Duration::nanoseconds(10)); });
  bool has_read = false;
  fake.run = [&](wire::link::GuestSession& session, Instant horizon) {
    if (std::exchange(has_read, true)) {
      stop_at(session, horizon);
      return;
    }
    const MmioRequest write{.offset = 4, .value = 0x12, .width = 2, .is_write = 1};
    static_cast<void>(session.output(3, at_ns(100), write.bytes()));
    static_cast<void>(session.output(3, at_ns(120), MmioRequest{.offset = 8, .width = 4}.bytes()));
    stop_at(session, at_ns(120), StopReason::mmio);
  };
  fake.guest->run_until(at_ns(400), long_enough);
  std::vector<std::string> lines;
  for (const trace::Record& record : fake.trace.records()) {
    lines.push_back(to_line(record));
  }
  EXPECT_EQ(lines, (std::vector<std::string>{"0.000000000 grant horizon=0.000000400",
                                             "0.000000100 output adc write 2 at 0x4: 0x12",
                                             "0.000000120 output adc read 4 at 0x8", "0.000000130 input adc value 0x55",
                                             "0.000000120 report reason=mmio", "0.000000120 grant horizon=0.000000400",
                                             "0.000000400 report reason=horizon"}));
}

}  // namespace
}  // namespace fermata::sim
