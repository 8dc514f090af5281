// SPDX-License-Identifier: MIT
#include "fermata/machine/machine_executor.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "fermata/machine/testing/programs.hpp"

namespace fermata::machine {
namespace {

using namespace time::literals;
using time::Instant;

class Observer final : public guest::Executor::Observer {
 public:
  void stopped(const wire::Stop& stop) override { stops.push_back(stop); }
  [[nodiscard]] std::optional<Instant> milestone() const override { return next; }
  void progressed(Instant now) override {
    progress.push_back(now);
    *next += 400_us;
  }
  std::optional<Instant> next;
  std::vector<Instant> progress;
  std::vector<wire::Stop> stops;
};

class MachineExecutorTest : public ::testing::Test {
 protected:
  void use(const testing::Program& program) {
    machine_ = std::make_unique<Machine>(Config{.boot = testing::plan_of(program)});
    executor_ = std::make_unique<MachineExecutor>(*machine_);
    executor_->set_observer(observer_);
  }

  Observer observer_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<MachineExecutor> executor_;
};

TEST_F(MachineExecutorTest, WorksInPiecesUntilTheHorizon) {
  use(testing::endless_loop());
  EXPECT_FALSE(executor_->work());
  executor_->resume_until(Instant::at(1_ms));
  EXPECT_TRUE(executor_->is_running());
  EXPECT_EQ(executor_->work(100'000)->reason, StopReason::work_limit);
  EXPECT_TRUE(observer_.stops.empty());
  EXPECT_EQ(executor_->work(100'000)->reason, StopReason::horizon);
  EXPECT_EQ(observer_.stops, (std::vector<wire::Stop>{{.now = Instant::at(1_ms)}}));
  EXPECT_FALSE(executor_->is_running());
  EXPECT_FALSE(executor_->work());
}

TEST_F(MachineExecutorTest, AHorizonMayBeRaisedWhileItRuns) {
  use(testing::endless_loop());
  executor_->resume_until(Instant::at(1_ms));
  static_cast<void>(executor_->work(1000));
  executor_->resume_until(Instant::at(2_ms));
  EXPECT_EQ(executor_->work()->now, Instant::at(2_ms));
  EXPECT_EQ(observer_.stops.size(), 1U);
}

TEST_F(MachineExecutorTest, TellsMilestonesWhileItRuns) {
  use(testing::endless_loop());
  observer_.next = Instant::at(400_us);
  executor_->resume_until(Instant::at(1_ms));
  EXPECT_EQ(executor_->work()->now, Instant::at(400_us));
  EXPECT_TRUE(executor_->is_running());
  executor_->resume_until(Instant::at(1'200_us));
  while (executor_->work()) {
  }
  EXPECT_EQ(observer_.progress, (std::vector{Instant::at(400_us), Instant::at(800_us)}));
  EXPECT_EQ(observer_.stops, (std::vector<wire::Stop>{{.now = Instant::at(1'200_us)}})) << "which tells one as well";
}

TEST_F(MachineExecutorTest, TheReportWaitsForWhoWantsToBeFirst) {
  use(testing::endless_loop());
  executor_->set_before_report([this] { EXPECT_TRUE(observer_.stops.empty()); });
  executor_->resume_until(Instant::at(1_ms));
  static_cast<void>(executor_->work());
  EXPECT_EQ(observer_.stops.size(), 1U);
}

TEST_F(MachineExecutorTest, AnEndIsToldToBothWithItsStatus) {
  use(testing::finish(0x33333));
  executor_->resume_until(Instant::at(1_ms));
  EXPECT_EQ(executor_->work()->exit_status, 3);
  ASSERT_EQ(observer_.stops.size(), 1U);
  EXPECT_EQ(observer_.stops[0].reason, wire::StopReason::powered_off);
  EXPECT_EQ(observer_.stops[0].exit_status, 3);
}

TEST_F(MachineExecutorTest, StandsWhereItIsTold) {
  use(testing::print("x"));
  machine_->serial().set_receiver(
      [this](Instant at, std::span<const std::byte>) { executor_->stop_here(at, wire::StopReason::output); });
  executor_->resume_until(Instant::at(1_ms));
  static_cast<void>(executor_->work());
  ASSERT_EQ(observer_.stops.size(), 1U);
  EXPECT_EQ(observer_.stops[0].reason, wire::StopReason::output);
  EXPECT_EQ(observer_.stops[0].now, machine_->now());
  EXPECT_FALSE(executor_->is_running());
}

TEST_F(MachineExecutorTest, DoesNothingAfterLeaving) {
  use(testing::endless_loop());
  executor_->resume_until(Instant::at(1_ms));
  executor_->leave({.why = "the simulator closed the connection"});
  EXPECT_FALSE(executor_->is_running());
  EXPECT_FALSE(executor_->work());
  EXPECT_EQ(executor_->left()->why, "the simulator closed the connection");
  EXPECT_EQ(machine_->now(), Instant::origin());
}

TEST_F(MachineExecutorTest, AnOwnerMayRunItHimself) {
  use(testing::endless_loop());
  int calls = 0;
  executor_->set_run([this, &calls](Instant horizon, const RunLimits& limits) {
    ++calls;
    return machine_->run_until(horizon, limits);
  });
  executor_->resume_until(Instant::at(1_ms));
  static_cast<void>(executor_->work());
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace fermata::machine
