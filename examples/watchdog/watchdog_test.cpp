// SPDX-License-Identifier: MIT
#include "examples/watchdog/watchdog.hpp"

#include <gtest/gtest.h>

#include "fermata/clock/clock.hpp"
#include "fermata/clock/timer_list.hpp"

namespace fermata::examples {
namespace {

struct SetTime final : clock::TimeSource {
  [[nodiscard]] time::Instant now() const override { return at; }
  time::Instant at;
};

class WatchdogTest : public ::testing::Test {
 protected:
  void run_until(time::Duration at) {
    time.at = time::Instant::at(at);
    timers.run_due();
  }
  SetTime time;
  clock::Clock virtual_time{clock::ClockKind::virtual_time, time};
  clock::TimerList timers{virtual_time, [] {}};
  bus::IrqLine irq;
  Watchdog dog{{.timers = &timers, .irq = &irq}};
};

using namespace time::literals;

TEST_F(WatchdogTest, BarksIfItIsNotKickedInTime) {
  dog.write(0x00, 4, 100);
  dog.write(0x04, 4, 1);
  run_until(99_us);
  dog.write(0x04, 4, 1);
  run_until(198_us);
  EXPECT_FALSE(irq.level());
  EXPECT_EQ(timers.earliest(), time::Instant::at(199_us));
  run_until(199_us);
  EXPECT_TRUE(irq.level());
  EXPECT_EQ(dog.read(0x08, 4), 1U);
  dog.write(0x08, 4, 1);
  EXPECT_FALSE(irq.level());
}

TEST_F(WatchdogTest, IsSavedAndLoaded) {
  dog.write(0x04, 4, 1);
  state::Writer writer;
  timers.save(writer);
  dog.save(writer);
  dog.reset();
  EXPECT_EQ(timers.earliest(), std::nullopt);
  const auto bytes = writer.take();
  state::Reader reader(bytes);
  timers.load(reader);
  dog.load(reader);
  EXPECT_EQ(timers.earliest(), time::Instant::at(1_ms));
}

}  // namespace
}  // namespace fermata::examples
