// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/icount_executor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "fermata/base/error.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "fermata/wire/qqq_guest_session.hpp"
#include "guests/qemu/agent/fake_qemu.hpp"

namespace fermata::qemu {
namespace {

using namespace std::chrono_literals;
using namespace time::literals;
using time::Duration;
using time::Instant;

constexpr auto long_enough = 30s;

// The whole guest's end on a fake QEMU, and the simulator's end in the test's thread.
class IcountExecutorTest : public ::testing::Test {
 protected:
  explicit IcountExecutorTest(bool is_idle = false) : qemu_(is_idle) {
    auto [ours, theirs] = transport::UnixSocket::make_pair();
    guest_end_ = std::make_unique<transport::UnixSocket>(std::move(theirs));
    follower_ = std::make_unique<guest::Follower>(session_, *guest_end_, executor_,
                                                  guest::Follower::Options{.statistics = &statistics_});
    executor_.set_follower(*follower_);
    simulator_.emplace(sim::Guest::attach(std::make_unique<transport::UnixSocket>(std::move(ours)), "fake QEMU"));
  }
  ~IcountExecutorTest() override { qemu_.power_off(); }

  void boot_and_start(Duration reading = {}) {
    qemu_.boot(executor_, reading);
    qemu_.start();
  }

  sim::Report advance(Duration span) { return simulator_->advance(span, long_enough); }

  FakeQemu qemu_;
  IcountExecutor executor_{qemu_};
  wire::QqqGuestSession session_;
  std::unique_ptr<transport::UnixSocket> guest_end_;
  guest::Statistics statistics_;
  std::unique_ptr<guest::Follower> follower_;
  std::optional<sim::Guest> simulator_;
};

class IdleGuestTest : public IcountExecutorTest {
 protected:
  IdleGuestTest() : IcountExecutorTest(true) {}
};

TEST_F(IcountExecutorTest, RunsNoInstructionBeforeTheFirstGrant) {
  boot_and_start();
  simulator_->grant(0_us);
  EXPECT_EQ(simulator_->wait(long_enough).elapsed, 0_us);
  EXPECT_EQ(qemu_.instructions(), 0);
}

TEST_F(IcountExecutorTest, StandsExactlyAtEachHorizon) {
  boot_and_start();
  for (int i = 1; i <= 200; ++i) {
    const sim::Report report = advance(1_ms);
    EXPECT_EQ(report.now, Instant::at(i * 1_ms));
    EXPECT_EQ(report.overshoot, 0_us);
    EXPECT_EQ(qemu_.clock(), i * 1_ms);
  }
  EXPECT_EQ(qemu_.instructions(), 200 * 125'000);
  EXPECT_EQ(statistics_.overshoot_max_ns, 0U);
}

TEST_F(IcountExecutorTest, AHorizonInsideAnInstructionIsReachedAtItsEndAndNothingAddsUp) {
  boot_and_start();
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(advance(Duration::microseconds(1)).now, Instant::at(i * 1_us));
    EXPECT_GE(qemu_.clock(), i * 1_us);
    EXPECT_LT(qemu_.clock(), i * 1_us + FakeQemu::instruction);
  }
}

TEST_F(IdleGuestTest, IsWarpedToTheHorizonAndNoFurther) {
  boot_and_start();
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(advance(20_ms).now, Instant::at(i * 20_ms));
    EXPECT_EQ(qemu_.clock(), i * 20_ms);
  }
}

TEST_F(IcountExecutorTest, EarlyGrantsEachGetTheirReport) {
  boot_and_start();
  for (int i = 0; i < 50; ++i) {
    simulator_->grant(100_us);
  }
  for (int i = 1; i <= 50; ++i) {
    EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(i * 100_us));
  }
}

TEST_F(IcountExecutorTest, CanBeStoppedAndContinuedWhileHeld) {
  boot_and_start();
  advance(1_ms);
  qemu_.stop();  // returns: the wait has let go of the vCPU
  qemu_.start();
  EXPECT_EQ(advance(1_ms).now, Instant::at(2_ms));
  EXPECT_EQ(qemu_.clock(), 2_ms);
}

TEST_F(IcountExecutorTest, CanBeStoppedAndContinuedInMidGrant) {
  boot_and_start();
  simulator_->grant(200_ms);
  for (int i = 0; i < 20; ++i) {
    qemu_.stop();
    qemu_.start();
  }
  EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(200_ms));
  EXPECT_EQ(qemu_.clock(), 200_ms);
}

TEST_F(IcountExecutorTest, AStoppedMachineTakesAGrantWhenItGoesOn) {
  boot_and_start();
  advance(1_ms);
  qemu_.stop();
  simulator_->grant(1_ms);
  EXPECT_THROW(static_cast<void>(simulator_->wait(20ms)), base::Error);
  EXPECT_EQ(qemu_.clock(), 1_ms);
  qemu_.start();
  EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(2_ms));
}

TEST_F(IcountExecutorTest, AResetWhileHeldLetsNoInstructionThrough) {
  boot_and_start();
  advance(1_ms);
  const std::int64_t before = qemu_.instructions();
  for (int i = 0; i < 20; ++i) {
    qemu_.reset();
  }
  EXPECT_EQ(advance(0_us).elapsed, 0_us);
  EXPECT_EQ(qemu_.instructions(), before);
  EXPECT_EQ(advance(1_ms).now, Instant::at(2_ms));
}

TEST_F(IcountExecutorTest, StartsFromASnapshotAtInstantZero) {
  boot_and_start(10_s + 3_ns);
  EXPECT_EQ(advance(1_ms).now, Instant::at(1_ms));
  EXPECT_GE(qemu_.clock(), 10_s + 1_ms);
  EXPECT_LT(qemu_.clock(), 10_s + 1_ms + 3_ns + FakeQemu::instruction);
}

TEST_F(IcountExecutorTest, ALoadedSnapshotMovesTheGuestsClockButNotTheSimulators) {
  boot_and_start();
  advance(5_ms);
  qemu_.load_snapshot(2_ms);
  EXPECT_EQ(advance(1_ms).now, Instant::at(6_ms));
  EXPECT_EQ(qemu_.clock(), 3_ms);
  simulator_->grant(100_ms);
  qemu_.load_snapshot(30_s);
  EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(106_ms));
}

TEST_F(IcountExecutorTest, AGoneSimulatorEndsTheMachineWhereItStands) {
  boot_and_start();
  advance(1_ms);
  const std::int64_t before = qemu_.instructions();
  simulator_.reset();
  while (!qemu_.was_asked_to_quit()) {
    std::this_thread::yield();
  }
  qemu_.stop("quit");
  EXPECT_EQ(qemu_.instructions(), before);
}

TEST_F(IcountExecutorTest, TakesNoFurtherGrantOnceTheGuestAskedForItsEnd) {
  boot_and_start();
  advance(1_ms);
  qemu_.ask_for_shutdown();
  simulator_->grant(1_ms);
  EXPECT_THROW(static_cast<void>(simulator_->wait(20ms)), base::Error);
  EXPECT_EQ(qemu_.clock(), 1_ms);
  qemu_.stop("quit");
}

// QEMU's vCPU thread sleeps before it looks until it has left its wait for the first start: also with a grant.
TEST_F(IcountExecutorTest, CanBeStoppedResetAndEndedBeforeItsFirstInstruction) {
  boot_and_start();
  qemu_.stop();
  qemu_.start();
  qemu_.reset();
  qemu_.stop();
  simulator_->grant(1_ms);
  qemu_.start();
  EXPECT_EQ(simulator_->wait(long_enough).now, Instant::at(1_ms));
}

TEST_F(IcountExecutorTest, AGoneSimulatorEndsTheMachineBeforeItsFirstInstruction) {
  boot_and_start();
  simulator_.reset();
  while (!qemu_.was_asked_to_quit()) {
    std::this_thread::yield();
  }
  qemu_.stop("quit");
  EXPECT_EQ(qemu_.instructions(), 0);
}

TEST_F(IcountExecutorTest, AnEndThatIsAFaultIsToldToTheUser) {
  auto [ours, theirs] = transport::UnixSocket::make_pair();
  guest::Follower follower(session_, theirs, executor_);
  executor_.set_follower(follower);
  boot_and_start();
  EXPECT_EQ(ours.write(std::vector<std::byte>(3), long_enough).count, 3U);
  ours.close();
  while (!qemu_.was_asked_to_quit()) {
    std::this_thread::yield();
  }
  qemu_.stop("quit");
  qemu_.power_off();
  EXPECT_THAT(qemu_.told(), ::testing::ElementsAre(::testing::HasSubstr("3 of 4 bytes")));
}

TEST_F(IcountExecutorTest, WorkOfOthersIsDoneWhileTheMachineIsHeld) {
  boot_and_start();
  qemu_.run_on_vcpu();  // returns: it is not left behind the wait
  advance(1_ms);
  const std::int64_t before = qemu_.instructions();
  qemu_.run_on_vcpu();
  qemu_.ask_for_shutdown();
  qemu_.run_on_vcpu();
  EXPECT_EQ(qemu_.instructions(), before);
  simulator_.reset();
  qemu_.run_on_vcpu();
  qemu_.stop("quit");
  EXPECT_EQ(qemu_.instructions(), before);
}

TEST_F(IcountExecutorTest, AGuestThatPausesForGoodIsToldToTheUser) {
  boot_and_start();
  advance(1_ms);
  qemu_.stop("paused");
  EXPECT_TRUE(qemu_.told().empty());
  qemu_.start();
  qemu_.stop("guest-panicked");
  EXPECT_THAT(qemu_.told(), ::testing::ElementsAre(::testing::HasSubstr("guest-panicked")));
}

}  // namespace
}  // namespace fermata::qemu
