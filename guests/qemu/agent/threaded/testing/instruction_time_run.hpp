// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "guests/qemu/agent/threaded/instruction_time.hpp"
#include "guests/qemu/agent/threaded/testing/fake_machine.hpp"

namespace fermata::qemu {

using namespace time::literals;
using time::Duration;

/// Two vCPUs with a thread each; the agent's is the test's. An instruction takes 100 ns, a slice 50 us: 500 of them.
class InstructionTimeTest : public ::testing::Test {
 protected:
  explicit InstructionTimeTest(std::vector<std::int64_t> instruction_ns = {100})
      : time_(machine_, machine_.vcpus(), machine_,
              {.instruction_ns = std::move(instruction_ns), .longest_slice = 50_us}) {
    machine_.counters_listener = &time_;
    machine_.timer_clock = [this] { return time_.reading(); };
    machine_.set_block(0, 7);
    machine_.set_block(1, 7);
  }
  ~InstructionTimeTest() override { machine_.power_off(); }

  // Held at 0. Machine running, as QEMU sees it.
  void boot() {
    machine_.boot(nullptr);
    machine_.lock();
    time_.started({}, {});
    machine_.unlock();
    machine_.start();
    machine_.lock();
    time_.end();
    machine_.unlock();
  }
  void begin(Duration limit) {
    machine_.lock();
    ASSERT_TRUE(time_.begin(limit));
    machine_.vcpus().resume();
    time_.resumed();
    machine_.unlock();
  }
  void end() {
    machine_.lock();
    time_.end();
    machine_.unlock();
  }
  void run_to(Duration limit) {
    begin(limit);
    EXPECT_TRUE(time_.run([] { return false; }));
    end();
    EXPECT_EQ(time_.reading(), limit);
  }
  // Up to two blocks more: the one that finds none left is executed, too.
  void expect_executed(int vcpu, std::int64_t count, std::int64_t block = 7) const {
    EXPECT_GE(machine_.executed(vcpu), count);
    EXPECT_LT(machine_.executed(vcpu), count + 2 * block);
  }

  FakeMachine machine_{2};
  InstructionTime time_;
};

}  // namespace fermata::qemu
