// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/threaded/threaded_executor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "fermata/wire/qqq_guest_session.hpp"
#include "guests/qemu/agent/threaded/testing/held_threads.hpp"

namespace fermata::qemu {
namespace {

using namespace std::chrono_literals;
using namespace time::literals;
using time::Duration;
using time::Instant;

// One byte is one horizon in ms; a later one raises that before it, if it is still there to be raised.
class RaisingSession final : public wire::GuestSession {
 public:
  [[nodiscard]] bool wants_bytes() const override { return true; }
  void receive(std::span<const std::byte> bytes) override {
    for (const std::byte byte : bytes) {
      order_ = wire::RunUntil{Instant::at(std::to_integer<int>(byte) * 1_ms)};
    }
  }
  void receive_end() override { order_ = wire::Leave{.why = "gone"}; }
  void stopped(const wire::Stop& stop) override {
    report_.push_back(static_cast<std::byte>(stop.now.since_origin() / 1_ms));
    if (order_ == wire::Order(wire::RunUntil{stop.now})) {
      order_ = wire::Hold{};
    }
  }
  [[nodiscard]] const wire::Order& order() const override { return order_; }
  [[nodiscard]] std::span<const std::byte> outgoing() const override { return report_; }
  void sent(std::size_t count) override {
    report_.erase(report_.begin(), report_.begin() + static_cast<std::ptrdiff_t>(count));
  }

 private:
  wire::Order order_ = wire::Hold{};
  std::vector<std::byte> report_;
};

class ThreadedExecutorTest : public HeldThreads {};
INSTANTIATE_TEST_SUITE_P(Vcpus, ThreadedExecutorTest, both_holds(), hold_name);

TEST_P(ThreadedExecutorTest, RunsNoInstructionBeforeTheFirstGrant) {
  boot_and_start();
  EXPECT_EQ(advance(0_us).elapsed, 0_us);
  wait_until_it_stands();
  EXPECT_EQ(machine_.executed_by_all(), 0);
}

TEST_P(ThreadedExecutorTest, StandsExactlyAtEachHorizon) {
  boot_and_start();
  for (int i = 1; i <= 200; ++i) {
    const sim::Report report = advance(1_ms);
    EXPECT_EQ(report.now, Instant::at(i * 1_ms));
    EXPECT_EQ(report.overshoot, 0_us);
    EXPECT_TRUE(machine_.stands());
    EXPECT_EQ(time_.reading(), i * 1_ms);
  }
  EXPECT_GE(machine_.timer_runs(), 200) << "timers are run at each horizon, before the report";
}

TEST_P(ThreadedExecutorTest, EarlyGrantsEachGetTheirReport) {
  boot_and_start();
  for (int i = 0; i < 50; ++i) {
    simulator_->grant(100_us);
  }
  for (int i = 1; i <= 50; ++i) {
    EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(i * 100_us));
  }
}

TEST_P(ThreadedExecutorTest, AGrantThatWasUsedUpIsReportedWithoutARun) {
  boot_and_start();
  advance(1_ms);
  const auto lets_go = [this] { return machine_.resumes() + machine_.went_on_from_lock(); };
  const int before = lets_go();
  const std::int64_t executed = machine_.executed_by_all();
  time_.ran_on_ns = 500'000;
  EXPECT_EQ(advance(200_us).now, Instant::at(1200_us));
  EXPECT_EQ(lets_go(), before);
  EXPECT_EQ(machine_.executed_by_all(), executed);
  EXPECT_EQ(advance(200_us).now, Instant::at(1400_us));
  EXPECT_EQ(lets_go(), before + 1);
}

TEST_P(ThreadedExecutorTest, AHorizonMayBeRaisedOnTheWay) {
  session_ = std::make_unique<RaisingSession>();
  boot();
  time_.set_gate(2_ms);
  const std::array<std::byte, 2> horizons = {std::byte{3}, std::byte{7}};
  EXPECT_EQ(sim_end_->write(std::span(horizons).first(1), long_enough).count, 1U);
  machine_.start();
  time_.wait_at_gate();
  const int resumes = machine_.resumes();
  EXPECT_EQ(sim_end_->write(std::span(horizons).last(1), long_enough).count, 1U);
  time_.open_gate();
  std::array<std::byte, 8> report{};
  EXPECT_EQ(sim_end_->read(report, long_enough).count, 1U);
  EXPECT_EQ(report[0], std::byte{7}) << "it did not stand at 3 ms";
  EXPECT_EQ(time_.reading(), 7_ms);
  EXPECT_EQ(machine_.resumes(), resumes);
  sim_end_->close();
  wait_for_the_end();
}

TEST_P(ThreadedExecutorTest, CanBeStoppedAndContinuedWhileHeld) {
  boot_and_start();
  advance(1_ms);
  const std::int64_t before = machine_.executed_by_all();
  for (int i = 0; i < 50; ++i) {
    machine_.stop();
    EXPECT_EQ(time_.reading(), 1_ms);
    machine_.start();
  }
  wait_until_it_stands();
  EXPECT_EQ(machine_.executed_by_all(), before) << "barred, and paused again";
  EXPECT_EQ(time_.reading(), 1_ms) << "what QEMU's clock runs on at a start is nobody's time";
  EXPECT_EQ(advance(1_ms).now, Instant::at(2_ms));
  EXPECT_EQ(time_.reading(), 2_ms);
}

TEST_P(ThreadedExecutorTest, CanBeStoppedAndContinuedInMidGrant) {
  boot_and_start();
  time_.set_gate(50_ms);
  simulator_->grant(200_ms);
  time_.wait_at_gate();
  for (int i = 0; i < 50; ++i) {
    machine_.stop();
    EXPECT_EQ(time_.reading(), 50_ms);
    machine_.start();
  }
  time_.open_gate();
  for (int i = 0; i < 50; ++i) {
    machine_.stop();
    machine_.start();
  }
  EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(200_ms));
  EXPECT_EQ(time_.reading(), 200_ms);
}

TEST_P(ThreadedExecutorTest, AStoppedMachineTakesAGrantWhenItGoesOn) {
  boot_and_start();
  advance(1_ms);
  machine_.stop();
  simulator_->grant(1_ms);
  EXPECT_THROW(static_cast<void>(simulator_->wait(20ms)), base::Error);
  EXPECT_EQ(time_.reading(), 1_ms);
  machine_.start();
  EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(2_ms));
}

TEST_P(ThreadedExecutorTest, AResetWhileHeldLetsNoInstructionThrough) {
  boot_and_start();
  advance(1_ms);
  const std::int64_t before = machine_.executed_by_all();
  for (int i = 0; i < 50; ++i) {
    machine_.reset();
  }
  wait_until_it_stands();
  EXPECT_EQ(machine_.executed_by_all(), before);
  EXPECT_EQ(advance(0_us).elapsed, 0_us);
  EXPECT_EQ(advance(1_ms).now, Instant::at(2_ms));
}

// QEMU has let the vCPUs go, and wants them back before the agent's thread has looked.
TEST_P(ThreadedExecutorTest, AResetAtOnceAfterAStartDoesNotWaitForEver) {
  boot_and_start();
  for (int i = 0; i < 50; ++i) {
    machine_.reset();
    machine_.stop();
    machine_.start();
    machine_.reset();
  }
  wait_until_it_stands();
  EXPECT_EQ(machine_.executed_by_all(), 0);
  EXPECT_EQ(advance(1_ms).now, Instant::at(1_ms));
}

TEST_P(ThreadedExecutorTest, AResetInMidGrantGoesOn) {
  boot_and_start();
  time_.set_gate(50_ms);
  simulator_->grant(200_ms);
  time_.wait_at_gate();
  for (int i = 0; i < 20; ++i) {
    machine_.reset();
  }
  time_.open_gate();
  for (int i = 0; i < 20; ++i) {
    machine_.reset();
  }
  EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(200_ms));
  for (int i = 201; i <= 220; ++i) {  // takes the wish to pause back: the vCPUs are to stand all the same
    machine_.reset_in_next_pause();
    EXPECT_EQ(advance(1_ms).now, Instant::at(i * 1_ms));
  }
}

// Under KVM: the agent's thread finds the lock free in the middle.
TEST_P(ThreadedExecutorTest, StartsAndResetsThatDropTheLockLetNothingThrough) {
  boot_and_start();
  advance(1_ms);
  const std::int64_t before = machine_.executed_by_all();
  const auto let_the_agent_look = [this] {
    for (int i = 0; i < 200; ++i) {
      machine_.lock();
      machine_.unlock();
      std::this_thread::yield();
    }
  };
  for (int i = 0; i < 10; ++i) {
    machine_.reset_in_pieces(let_the_agent_look);
    machine_.stop();
    machine_.start_in_pieces(let_the_agent_look);
  }
  wait_until_it_stands();
  EXPECT_EQ(machine_.executed_by_all(), before);
  machine_.stop();
  simulator_->grant(1_ms);
  machine_.start_in_pieces(let_the_agent_look);
  EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(2_ms));
}

// The main thread has forgotten that the reset was asked for, has the vCPUs stand, and waits for their registers.
TEST_P(ThreadedExecutorTest, AGrantInTheMidstOfAResetLetsNothingThrough) {
  boot_and_start();
  for (int i = 1; i <= 10; ++i) {
    wait_until_it_stands();
    const std::int64_t executed = machine_.executed_by_all();
    const int resumes = machine_.resumes();
    bool is_granted = false;
    machine_.reset_in_pieces([&] {
      if (!std::exchange(is_granted, true)) {
        simulator_->grant(1_ms);
      }
      for (int look = 0; look < 200; ++look) {
        machine_.lock();
        machine_.unlock();
        std::this_thread::yield();
      }
      EXPECT_EQ(machine_.executed_by_all(), executed);
      EXPECT_EQ(machine_.resumes(), resumes);
    });
    EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(i * 1_ms));
  }
}

TEST_P(ThreadedExecutorTest, AGoneSimulatorEndsTheMachineWhereItStands) {
  boot_and_start();
  advance(1_ms);
  const std::int64_t before = machine_.executed_by_all();
  simulator_.reset();
  wait_for_the_end();
  EXPECT_TRUE(machine_.was_asked_to_quit());
  EXPECT_EQ(machine_.executed_by_all(), before);
  EXPECT_THAT(machine_.told(), ::testing::IsEmpty());
}

TEST_P(ThreadedExecutorTest, ASimulatorThatGoesInMidGrantEndsTheMachineAtItsHorizon) {
  boot_and_start();
  time_.set_gate(1_ms);
  simulator_->grant(2_ms);
  time_.wait_at_gate();
  simulator_.reset();
  time_.open_gate();
  wait_for_the_end();
  EXPECT_TRUE(machine_.was_asked_to_quit());
  EXPECT_TRUE(machine_.stands());
  EXPECT_EQ(time_.reading(), 2_ms);
}

TEST_P(ThreadedExecutorTest, ASimulatorThatGoesWhileTheMachineIsStoppedEndsIt) {
  boot_and_start();
  machine_.stop();
  simulator_.reset();
  wait_for_the_end();
  EXPECT_TRUE(machine_.was_asked_to_quit());
}

TEST_P(ThreadedExecutorTest, AnEndThatIsAFaultIsToldToTheUser) {
  boot();
  machine_.start();
  EXPECT_EQ(sim_end_->write(std::vector<std::byte>(3), long_enough).count, 3U);
  sim_end_->close();
  wait_for_the_end();
  EXPECT_TRUE(machine_.was_asked_to_quit());
  EXPECT_THAT(machine_.told(), ::testing::ElementsAre(::testing::HasSubstr("3 of 4 bytes")));
}

TEST_P(ThreadedExecutorTest, OnceQemuHasEndedNothingOfItIsCalled) {
  boot_and_start();
  time_.set_gate(1_ms);
  simulator_->grant(2_ms);
  time_.wait_at_gate();
  executor_.ended(0);
  wait_for_the_end();
  EXPECT_FALSE(machine_.was_asked_to_quit());
  EXPECT_EQ(simulator_->poll(), std::nullopt) << "it has not got there";
}

TEST_P(ThreadedExecutorTest, ABarredVcpuIsLetGoOnceQemuHasEnded) {
  boot_and_start();
  advance(1_ms);
  executor_.ended(0);
  wait_for_the_end();
  machine_.reset();  // returns: nobody is left who would pause the vCPUs again
  machine_.stop();
}

TEST_P(ThreadedExecutorTest, AGuestThatPausesForGoodIsToldToTheUser) {
  boot_and_start();
  advance(1_ms);
  machine_.stop("paused");
  EXPECT_THAT(machine_.told(), ::testing::IsEmpty());
  machine_.start();
  machine_.stop("guest-panicked");
  EXPECT_THAT(machine_.told(), ::testing::ElementsAre(::testing::HasSubstr("guest-panicked")));
}

}  // namespace
}  // namespace fermata::qemu
