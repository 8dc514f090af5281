// SPDX-License-Identifier: MIT
#include "fermata/machine/link/input_queue.hpp"

#include <gtest/gtest.h>

#include <string>

#include "fermata/clock/clocks.hpp"
#include "fermata/clock/instruction_time.hpp"
#include "fermata/clock/timer_list_group.hpp"

namespace fermata::machine::link {
namespace {

using time::Duration;
using time::Instant;

Instant at_ns(std::int64_t ns) { return Instant::at(Duration::nanoseconds(ns)); }

class Queue : public ::testing::Test {
 protected:
  Queue() { clocks.resume(); }
  InputQueue make() {
    return {timers.virtual_time(),
            3,
            {.is_ready = [this](std::uint16_t channel) { return channel != blocked; },
             .deliver =
                 [this](const guest::PendingInputs::Input& input) {
                   log += std::to_string(input.channel) + static_cast<char>(input.payload[0]) + "@" +
                          std::to_string(time_.now().since_origin().ns()) + " ";
                 }}};
  }
  static void add(InputQueue& queue, std::uint16_t channel, std::int64_t ns, char what) {
    const auto byte = static_cast<std::byte>(what);
    queue.add({.channel = channel, .at = at_ns(ns), .payload = std::span(&byte, 1)});
  }
  // As a machine does: to each deadline, and as many passes as are due there.
  void run_until(std::int64_t ns) {
    while (true) {
      const auto next = timers.virtual_time().earliest();
      if (!next || *next > at_ns(ns)) {
        break;
      }
      if (*next > time_.now()) {
        time_.warp_to(*next);
      }
      timers.virtual_time().run_due();
    }
    time_.warp_to(at_ns(ns));
  }

  clock::InstructionTime time_{0};
  clock::Clocks clocks{clock::Clocks::HostSources{}, &time_};
  clock::TimerListGroup timers{clocks};
  std::string log;
  std::uint16_t blocked = 0;
};

TEST_F(Queue, DeliversByInstantThenChannelThenOrder) {
  InputQueue queue = make();
  add(queue, 3, 100, 'a');
  add(queue, 1, 200, 'b');
  add(queue, 1, 200, 'c');
  add(queue, 2, 100, 'd');
  add(queue, 1, 300, 'e');
  run_until(250);
  EXPECT_EQ(log, "2d@100 3a@100 1b@200 1c@200 ");
  EXPECT_EQ(queue.size(), 1U);
  run_until(1000);
  EXPECT_EQ(log, "2d@100 3a@100 1b@200 1c@200 1e@300 ");
}

TEST_F(Queue, WhatAChannelDoesNotTakeWaitsAndWhatIsBehindItToo) {
  InputQueue queue = make();
  add(queue, 1, 100, 'a');
  add(queue, 2, 100, 'b');
  add(queue, 3, 100, 'c');
  blocked = 2;
  time_.warp_to(at_ns(100));
  timers.virtual_time().run_due();  // devices first
  timers.virtual_time().run_due();
  EXPECT_EQ(log, "1a@100 ");
  EXPECT_EQ(timers.virtual_time().earliest(), at_ns(100)) << "they are due as soon as the machine goes on";
  blocked = 0;
  run_until(150);
  EXPECT_EQ(log, "1a@100 2b@100 3c@100 ");
}

TEST_F(Queue, DevicesTimersOfTheInstantGoFirst) {
  InputQueue queue = make();
  add(queue, 1, 100, 'a');
  clock::Timer device(timers.virtual_time(), [this] { log += "device "; });
  device.arm(at_ns(100));  // armed later, so behind the queue's own
  run_until(100);
  EXPECT_EQ(log, "device 1a@100 ");
}

TEST_F(Queue, AnEarlierInputOfAnotherChannelIsNotLate) {
  InputQueue queue = make();
  add(queue, 2, 500, 'a');
  add(queue, 1, 100, 'b');
  run_until(1000);
  EXPECT_EQ(log, "1b@100 2a@500 ");
}

TEST_F(Queue, WhoAddsFromADeliveryIsHeardAtTheSameInstant) {
  InputQueue* itself = nullptr;
  InputQueue queue(timers.virtual_time(), 1,
                   {.is_ready = [](std::uint16_t) { return true; },
                    .deliver =
                        [&](const guest::PendingInputs::Input& input) {
                          log += static_cast<char>(input.payload[0]);
                          if (log.size() < 3) {
                            add(*itself, 1, 100, 'y');
                          }
                        }});
  itself = &queue;
  add(queue, 1, 100, 'x');
  run_until(100);
  EXPECT_EQ(log, "xyy");
}

TEST_F(Queue, IsSavedAndLoaded) {
  InputQueue queue = make();
  add(queue, 1, 100, 'a');
  add(queue, 3, 200, 'b');
  state::Writer writer;
  queue.save(writer);
  run_until(150);
  const auto bytes = writer.take();
  state::Reader reader(bytes);
  queue.load(reader);
  EXPECT_EQ(queue.size(), 2U);
  run_until(1000);
  EXPECT_EQ(log, "1a@100 1a@150 3b@200 ");
}

}  // namespace
}  // namespace fermata::machine::link
