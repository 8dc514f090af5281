// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/accelerator_clock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace fermata::qemu {
namespace {

// Memory laid out like an accelerator's class, and QEMU's two functions that look into it. Function pointers carry no
// context, so it stands here, made anew for each test.
struct AcceleratorLayout {
  static constexpr std::int64_t own_clock = 111;
  static constexpr std::int64_t own_ticks = 222;
  using Function = std::int64_t (*)();

  alignas(8) std::array<std::byte, 256> memory{};
  std::size_t clock_slot = 192;
  std::size_t tick_slot = 208;

  [[nodiscard]] Function at(std::size_t offset) const {
    Function function = nullptr;
    std::memcpy(&function, memory.data() + offset, sizeof function);
    return function;
  }
  void put(std::size_t offset, Function function) { std::memcpy(memory.data() + offset, &function, sizeof function); }
  // How many functions there are.
  [[nodiscard]] int filled() const {
    int count = 0;
    for (std::size_t offset = 0; offset < memory.size(); offset += sizeof(Function)) {
      count += at(offset) != nullptr ? 1 : 0;
    }
    return count;
  }
};
AcceleratorLayout* accelerator_layout = nullptr;

class ShownReading final : public AcceleratorClock::Reader {
 public:
  std::int64_t reading = 0;
  [[nodiscard]] std::int64_t virtual_ns() const override { return reading; }
};

class AcceleratorClockTest : public ::testing::Test {
 protected:
  AcceleratorClockTest() { accelerator_layout = &layout_; }

  static TimeSymbols time_symbols() {
    TimeSymbols s;
    s.cpus_get_accel = []() -> void* { return accelerator_layout->memory.data(); };
    s.cpus_get_virtual_clock = [] {
      const auto get = accelerator_layout->at(accelerator_layout->clock_slot);
      return get != nullptr ? get() : AcceleratorLayout::own_clock;
    };
    s.cpus_get_elapsed_ticks = [] {
      const auto get = accelerator_layout->at(accelerator_layout->tick_slot);
      return get != nullptr ? get() : AcceleratorLayout::own_ticks;
    };
    return s;
  }
  static std::int64_t shown_clock() { return time_symbols().cpus_get_virtual_clock(); }
  static std::int64_t shown_ticks() { return time_symbols().cpus_get_elapsed_ticks(); }

  AcceleratorLayout layout_;
  ShownReading reader_;
};

TEST_F(AcceleratorClockTest, QemusClockAndCycleCounterAreOurs) {
  // 11.1, 10.0, 7.2, and one further back
  for (const std::size_t clock_slot : {200U, 192U, 184U, 176U}) {
    layout_ = {.clock_slot = clock_slot, .tick_slot = clock_slot + 16};
    ASSERT_EQ(AcceleratorClock::install(time_symbols(), reader_, true), "");
    reader_.reading = static_cast<std::int64_t>(clock_slot) * 1'000'000'007;
    EXPECT_EQ(shown_clock(), reader_.reading);
    EXPECT_EQ(shown_ticks(), reader_.reading);
    EXPECT_EQ(layout_.filled(), 2) << "a slot that was tried is empty again";
  }
}

// KVM: the guest's counter is the processor's.
TEST_F(AcceleratorClockTest, WithoutACycleCounterThatIsLeftAlone) {
  ASSERT_EQ(AcceleratorClock::install(time_symbols(), reader_, false), "");
  reader_.reading = 5;
  EXPECT_EQ(shown_clock(), 5);
  EXPECT_EQ(shown_ticks(), AcceleratorLayout::own_ticks);
  EXPECT_EQ(layout_.filled(), 1);
}

TEST_F(AcceleratorClockTest, WhatAnAcceleratorHasOfItsOwnIsLeftToIt) {
  const AcceleratorLayout::Function own = [] { return std::int64_t{333}; };
  layout_.put(200, own);
  layout_.put(216, own);
  ASSERT_EQ(AcceleratorClock::install(time_symbols(), reader_, true), "");
  EXPECT_EQ(layout_.at(200), own);
  EXPECT_EQ(layout_.at(216), own);
  layout_ = {};
  layout_.put(layout_.clock_slot, own);  // as with instruction counting
  EXPECT_THAT(AcceleratorClock::install(time_symbols(), reader_, true), ::testing::HasSubstr("virtual clock"));
  EXPECT_EQ(shown_clock(), 333);
  EXPECT_EQ(layout_.filled(), 1);
}

TEST_F(AcceleratorClockTest, AQemuThatLooksElsewhereIsLeftAsItWas) {
  layout_.clock_slot = 96;
  EXPECT_THAT(AcceleratorClock::install(time_symbols(), reader_, true), ::testing::HasSubstr("virtual clock"));
  EXPECT_EQ(layout_.filled(), 0);
  EXPECT_EQ(shown_clock(), AcceleratorLayout::own_clock);
}

TEST_F(AcceleratorClockTest, ACycleCounterThatIsElsewhereIsSaid) {
  layout_.tick_slot = 96;
  EXPECT_THAT(AcceleratorClock::install(time_symbols(), reader_, true), ::testing::HasSubstr("cycle counter"));
  EXPECT_EQ(shown_ticks(), AcceleratorLayout::own_ticks);
}

TEST_F(AcceleratorClockTest, AMachineWithoutAnAcceleratorIsRefused) {
  TimeSymbols s = time_symbols();
  s.cpus_get_accel = []() -> void* { return nullptr; };
  EXPECT_NE(AcceleratorClock::install(s, reader_, true), "");
}

}  // namespace
}  // namespace fermata::qemu
