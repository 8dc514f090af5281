// SPDX-License-Identifier: MIT
#include "fermata/guest/follower.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/transport/in_process.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "fermata/wire/qqq_guest_session.hpp"
#include "fermata/wire/qqq_simulator_session.hpp"

namespace fermata::guest {
namespace {

using namespace std::chrono_literals;
using namespace time::literals;
using time::Instant;

// A machine that does what it is told and says so later (like a vCPU thread), or at once (like an embedded machine).
class ScriptedExecutor final : public Executor {
 public:
  void resume_until(Instant horizon) override {
    horizons.push_back(horizon);
    if (is_immediate) {
      follower->stopped({.now = horizon});
    }
  }
  void leave(const wire::Leave& order) override { left_because = order.why; }

  Follower* follower = nullptr;
  bool is_immediate = false;
  std::vector<Instant> horizons;
  std::string left_because;
};

class HostClockByHand final : public host::HostClock {
 public:
  [[nodiscard]] host::HostInstant now() const override { return at; }
  host::HostInstant at;
};

class FollowerTest : public ::testing::TestWithParam<bool> {
 protected:
  FollowerTest() {
    if (GetParam()) {
      auto [a, b] = transport::UnixSocket::make_pair();
      simulator_end_ = std::make_unique<transport::UnixSocket>(std::move(a));
      guest_end_ = std::make_unique<transport::UnixSocket>(std::move(b));
    } else {
      auto [a, b] = transport::InProcessStream::make_pair();
      simulator_end_ = std::make_unique<transport::InProcessStream>(std::move(a));
      guest_end_ = std::make_unique<transport::InProcessStream>(std::move(b));
    }
    follower_ =
        std::make_unique<Follower>(session_, *guest_end_, executor_,
                                   Follower::Options{.trace = &trace_, .statistics = &statistics_, .clock = &clock_});
    executor_.follower = follower_.get();
  }

  void grant(time::Duration span) {
    simulator_.grant(span);
    ASSERT_EQ(simulator_end_->write(simulator_.outgoing(), 0s).count, simulator_.outgoing().size());
    simulator_.sent(simulator_.outgoing().size());
  }

  std::optional<wire::Report> take_report() {
    std::array<std::byte, 64> buffer{};
    const auto result = simulator_end_->read(buffer, 0s);
    simulator_.receive(std::span(buffer).first(result.count));
    return simulator_.take_report();
  }

  std::unique_ptr<transport::Stream> simulator_end_;
  std::unique_ptr<transport::Stream> guest_end_;
  wire::QqqSimulatorSession simulator_;
  wire::QqqGuestSession session_;
  ScriptedExecutor executor_;
  trace::MemorySink trace_;
  Statistics statistics_;
  HostClockByHand clock_;
  std::unique_ptr<Follower> follower_;
};

TEST_P(FollowerTest, ResumesOnAGrantAndReportsTheStop) {
  follower_->serve(0s);
  EXPECT_TRUE(executor_.horizons.empty());
  grant(1_ms);
  follower_->serve(0s);
  EXPECT_EQ(executor_.horizons, std::vector{Instant::at(1_ms)});
  EXPECT_TRUE(follower_->is_running());
  EXPECT_FALSE(take_report());
  follower_->stopped({.now = Instant::at(1_ms)});
  EXPECT_FALSE(follower_->is_running());
  EXPECT_EQ(take_report()->now, Instant::at(1_ms));
}

TEST_P(FollowerTest, AnImmediateExecutorWorksThroughKeptGrantsWithoutRecursion) {
  executor_.is_immediate = true;
  for (int i = 0; i < 60; ++i) {
    grant(1_ms);
  }
  follower_->serve(0s);
  EXPECT_EQ(executor_.horizons.size(), 60U);
  int reports = 0;
  while (const auto report = take_report()) {
    EXPECT_EQ(report->now, Instant::at(++reports * 1_ms));
  }
  EXPECT_EQ(reports, 60);
}

TEST_P(FollowerTest, AStopByTheUserIsNotReportedAndNotResumed) {
  grant(1_ms);
  follower_->serve(0s);
  follower_->stopped({.now = Instant::at(300_us), .reason = wire::StopReason::user});
  EXPECT_TRUE(follower_->is_running());
  EXPECT_EQ(executor_.horizons.size(), 1U);
  EXPECT_FALSE(take_report());
}

TEST_P(FollowerTest, LeavesOnceWhenTheSimulatorCloses) {
  simulator_end_->close();
  follower_->serve(0s);
  EXPECT_EQ(executor_.left_because, "the simulator closed the connection");
  EXPECT_TRUE(follower_->has_left());
  executor_.left_because.clear();
  follower_->serve(0s);
  follower_->stopped({.now = Instant::at(1_ms)});
  EXPECT_EQ(executor_.left_because, "");
}

TEST_P(FollowerTest, LeavesWhenTheSimulatorIsGoneAtTheReport) {
  grant(1_ms);
  follower_->serve(0s);
  simulator_end_->close();
  follower_->stopped({.now = Instant::at(1_ms)});
  EXPECT_EQ(executor_.left_because, "the simulator closed the connection");
}

TEST_P(FollowerTest, CountsQuantaHostTimeAndOvershoot) {
  grant(1_ms);
  clock_.at = {10us};
  follower_->serve(0s);
  clock_.at = {35us};
  follower_->stopped({.now = Instant::at(1_ms) + 40_ns});
  EXPECT_EQ(statistics_.quanta, 1U);
  EXPECT_EQ(statistics_.holding_ns, 10'000U);
  EXPECT_EQ(statistics_.running_ns, 25'000U);
  EXPECT_EQ(statistics_.overshoot_max_ns, 40U);
  EXPECT_EQ(statistics_.overshoot_sum_ns, 40U);
}

TEST_P(FollowerTest, RecordsGrantsAndReports) {
  grant(1_ms);
  follower_->serve(0s);
  follower_->stopped({.now = Instant::at(1_ms)});
  simulator_end_->close();
  follower_->serve(0s);
  std::vector<std::string> lines;
  for (const trace::Record& record : trace_.records()) {
    lines.push_back(to_line(record));
  }
  EXPECT_EQ(lines,
            (std::vector<std::string>{"0.000000000 grant horizon=0.001000000", "0.001000000 report reason=horizon",
                                      "0.001000000 ended the simulator closed the connection"}));
}

INSTANTIATE_TEST_SUITE_P(OverEachTransport, FollowerTest, ::testing::Bool(), [](const auto& param_info) {
  return std::string(param_info.param ? "unix_socket" : "in_process");
});

// A session that is asked for progress at each instant, and has a page to say about it.
class TalkativeSession final : public wire::GuestSession {
 public:
  [[nodiscard]] bool wants_bytes() const override { return true; }
  void receive(std::span<const std::byte> /*bytes*/) override {}
  void receive_end() override {}
  void stopped(const wire::Stop& /*stop*/) override {}
  [[nodiscard]] const wire::Order& order() const override { return order_; }
  [[nodiscard]] std::optional<Instant> milestone() const override { return Instant::at(told * 1_ns + 1_ns); }
  void progressed(Instant /*now*/) override {
    ++told;
    unsent.resize(unsent.size() + 4096);
  }
  [[nodiscard]] std::span<const std::byte> outgoing() const override { return unsent; }
  void sent(std::size_t count) override { unsent.resize(unsent.size() - count); }

  int told = 0;
  std::vector<std::byte> unsent;

 private:
  wire::Order order_ = wire::RunUntil{Instant::at(1_s)};
};

TEST(Follower, ProgressNeverWaitsForASimulatorThatDoesNotRead) {
  auto [simulator_end, guest_end] = transport::InProcessStream::make_pair(6000);
  TalkativeSession session;
  ScriptedExecutor executor;
  Follower follower(session, guest_end, executor);
  EXPECT_EQ(follower.milestone(), Instant::at(1_ns));
  follower.progressed(Instant::at(1_ns));
  EXPECT_EQ(session.unsent.size(), 0U);
  follower.progressed(Instant::at(2_ns));
  EXPECT_EQ(session.unsent.size(), 8192U - 6000U);
  EXPECT_EQ(follower.milestone(), Instant::at(3_ns));
  EXPECT_EQ(executor.left_because, "");
  simulator_end.close();
  follower.progressed(Instant::at(3_ns));
  EXPECT_FALSE(follower.has_left()) << "the next read finds out";
}

// Who is in haste leaves what there is no room for, and writes it when there is time.
TEST(Follower, InHasteNobodyIsWaitedForAndNothingIsLost) {
  auto [simulator_end, guest_end] = transport::InProcessStream::make_pair(2);
  wire::QqqGuestSession session;
  ScriptedExecutor executor;
  Follower follower(session, guest_end, executor);
  const wire::QqqMessage grant = wire::encode_qqq(5);
  EXPECT_EQ(simulator_end.write(std::span(grant).first(2), 0s).count, 2U);
  follower.serve(0s);
  EXPECT_EQ(simulator_end.write(std::span(grant).last(2), 0s).count, 2U);
  follower.serve(0s);
  ASSERT_EQ(executor.horizons.size(), 1U);
  follower.set_hasty(true);
  follower.stopped({.now = executor.horizons.front()});
  EXPECT_EQ(follower.unsent_bytes(), 2U);
  simulator_end.close();  // reads no more
  follower.serve(0s);
  EXPECT_NE(executor.left_because, "");
  EXPECT_FALSE(follower.has_left()) << "it has something to say";
  follower.set_hasty(false);
  EXPECT_TRUE(follower.has_left());
}

TEST(Follower, ATraceThatCannotBeWrittenEndsTheRun) {
  class FullDisk final : public trace::Sink {
    void write(const trace::Record& /*record*/) override {
      throw base::Error(base::ErrorCode::host_failure, "disk full");
    }
  };
  auto [simulator_end, guest_end] = transport::InProcessStream::make_pair();
  wire::QqqGuestSession session;
  ScriptedExecutor executor;
  FullDisk trace;
  Follower follower(session, guest_end, executor, {.trace = &trace});
  EXPECT_EQ(simulator_end.write(wire::encode_qqq(5), 0s).count, 4U);
  follower.serve(0s);
  EXPECT_EQ(executor.left_because, "disk full");
  EXPECT_TRUE(executor.horizons.empty());
}

}  // namespace
}  // namespace fermata::guest
