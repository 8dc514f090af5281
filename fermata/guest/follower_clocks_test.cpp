// SPDX-License-Identifier: MIT
//
// The order in which a follower deals with the clocks that its guest shares, its stream and the machine: what is
// promised to whoever follows, and to the simulator, hangs on it.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "fermata/guest/follower.hpp"
#include "fermata/trace/sink.hpp"
#include "fermata/wire/link/testing/session_pair.hpp"

namespace fermata::guest {
namespace {

using namespace std::chrono_literals;
using time::Instant;
using wire::link::testing::bytes_of;

// What the simulator has sent, and somebody who acts in the middle of a read or write.
class ScriptedStream final : public transport::Stream {
 public:
  transport::IoResult read(std::span<std::byte> into, host::HostDuration wait) override {
    waits.push_back(wait);
    if (on_read) {
      on_read();
    }
    const std::size_t count = std::min(into.size(), incoming.size());
    std::copy_n(incoming.begin(), count, into.begin());
    incoming.erase(incoming.begin(), incoming.begin() + static_cast<std::ptrdiff_t>(count));
    return {.count = count};
  }
  transport::IoResult write(std::span<const std::byte> bytes, host::HostDuration /*wait*/) override {
    if (on_write) {
      on_write();
    }
    const std::size_t count = std::min(bytes.size(), room);
    room -= count;
    written.insert(written.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    return {.count = count};
  }
  void close() override {}

  std::vector<std::byte> incoming;
  std::vector<std::byte> written;
  std::size_t room = 1'000'000;
  std::function<void()> on_read;
  std::function<void()> on_write;
  std::vector<host::HostDuration> waits;
};

class QuietExecutor final : public Executor {
 public:
  void resume_until(Instant horizon) override { horizons.push_back(horizon.since_origin().ns()); }
  void leave(const wire::Leave& /*order*/) override {}
  std::vector<std::int64_t> horizons;
};

wire::link::GuestSession::Identity sharing() {
  auto who = wire::link::testing::identity();
  who.clocks = 2;
  who.clock = 1;
  return who;
}

class FollowerClocks : public ::testing::Test {
 protected:
  FollowerClocks() {
    pass_on();
    serve();
    simulator.receive(std::exchange(stream.written, {}));
  }

  static Instant at(std::int64_t ns) { return Instant::at(time::Duration::nanoseconds(ns)); }
  // What the simulator has said lies in the stream.
  void pass_on() {
    stream.incoming.insert(stream.incoming.end(), simulator.outgoing().begin(), simulator.outgoing().end());
    simulator.sent(simulator.outgoing().size());
  }
  void serve(host::HostDuration wait = {}) { follower.serve(wait); }
  void follow_and_grant(std::int64_t distance_ns, std::int64_t horizon_ns) {
    simulator.follow(0, time::Duration::nanoseconds(distance_ns));
    simulator.grant(at(horizon_ns));
    pass_on();
    serve();
    EXPECT_EQ(executor.horizons, std::vector<std::int64_t>()) << "it has not looked at that clock";
    serve();
  }

  transport::SharedClocks others = transport::SharedClocks::make(2);
  KeptClocks clocks{transport::SharedClocks::adopt(::fcntl(others.descriptor(), F_DUPFD_CLOEXEC, 0)), 1};
  ScriptedStream stream;
  QuietExecutor executor;
  trace::MemorySink trace;
  wire::link::testing::RecordingPort port;
  wire::link::GuestSession session{sharing(), port};
  wire::link::SimulatorSession simulator{"test"};
  Follower follower{session, stream, executor, Follower::Options{.trace = &trace, .clocks = &clocks}};
};

TEST_F(FollowerClocks, TheMachineGoesAsFarAsTheyLetIt) {
  follow_and_grant(500, 2000);
  EXPECT_EQ(executor.horizons, (std::vector<std::int64_t>{500}));
  follower.stopped({.now = at(500)});
  EXPECT_EQ(others.read(1), 500);
  EXPECT_TRUE(stream.written.empty()) << "nobody is told";
  serve();
  EXPECT_EQ(executor.horizons.size(), 1U);
  others.tell(0, 700);
  serve();
  EXPECT_EQ(executor.horizons, (std::vector<std::int64_t>{500, 1200}));
  others.tell(0, transport::SharedClocks::ended);
  serve();
  EXPECT_EQ(executor.horizons, (std::vector<std::int64_t>{500, 1200, 2000})) << "while it runs";
  follower.stopped({.now = at(2000)});
  EXPECT_FALSE(stream.written.empty());
  EXPECT_EQ(trace.records().size(), 2U) << "a grant and a report, not how it came there";
}

// The simulator sends an input and then lets the other go on: who sees that clock move has the input.
TEST_F(FollowerClocks, TheyAreLookedAtBeforeTheStreamIsRead) {
  follow_and_grant(500, 2000);
  follower.stopped({.now = at(500)});
  stream.on_read = [&] {
    simulator.look_at_clocks(at(500), at(500));
    simulator.input(1, at(500), bytes_of("x"));
    others.tell(0, 900);  // too late for what this look saw
    stream.on_read = nullptr;
  };
  serve();
  EXPECT_EQ(executor.horizons.size(), 1U);
  pass_on();
  serve();
  EXPECT_EQ(port.inputs.size(), 1U);
  EXPECT_EQ(executor.horizons, (std::vector<std::int64_t>{500, 1400}));
}

TEST_F(FollowerClocks, ItsOwnIsToldAfterWhatWasSaid) {
  follow_and_grant(500, 2000);
  ASSERT_EQ(session.output(1, at(300), bytes_of("12345678")), wire::link::GuestSession::After::stop);
  bool is_written = false;
  stream.on_write = [&] {
    EXPECT_EQ(others.read(1), 0);
    is_written = true;
  };
  follower.stopped({.now = at(300), .reason = session.stop_wanted()});
  EXPECT_TRUE(is_written);
  EXPECT_EQ(others.read(1), 300);
  EXPECT_GE(others.bell(), 1U);
}

TEST_F(FollowerClocks, ItsOwnIsNotToldWhileNobodyReadsWhatWasSaid) {
  follow_and_grant(500, 2000);
  follower.set_hasty(true);
  stream.room = 10;
  ASSERT_EQ(session.output(1, at(300), bytes_of("12345678")), wire::link::GuestSession::After::stop);
  follower.stopped({.now = at(300), .reason = session.stop_wanted()});
  EXPECT_EQ(others.read(1), 0);
  stream.room = 1000;
  serve();
  EXPECT_EQ(others.read(1), 300);
}

TEST_F(FollowerClocks, TheStreamIsNotWaitedForWhereTheyAre) {
  follow_and_grant(500, 2000);
  follower.stopped({.now = at(500)});
  stream.waits.clear();
  serve(1ms);
  EXPECT_EQ(stream.waits, (std::vector<host::HostDuration>{0ms}));
}

TEST_F(FollowerClocks, AMachineThatHasEndedHoldsNobodyUp) {
  follow_and_grant(500, 2000);
  follower.stopped({.now = at(300), .reason = wire::StopReason::powered_off});
  EXPECT_EQ(others.read(1), transport::SharedClocks::ended);
}

// The simulator has set its clock back, and it comes to the same instant once more.
TEST_F(FollowerClocks, AfterARestoreItTellsWhereItComesToAgain) {
  simulator.grant(at(2000));
  pass_on();
  serve();
  follower.stopped({.now = at(2000)});
  simulator.receive(std::exchange(stream.written, {}));
  static_cast<void>(simulator.take());
  simulator.restore("one");
  pass_on();
  serve();
  session.done(at(1000));
  serve();
  EXPECT_EQ(others.read(1), 1000);
  others.tell(1, 1000);
  simulator.receive(std::exchange(stream.written, {}));
  simulator.grant(at(2000));
  pass_on();
  serve();
  follower.stopped({.now = at(2000)});
  EXPECT_EQ(others.read(1), 2000);
}

}  // namespace
}  // namespace fermata::guest
