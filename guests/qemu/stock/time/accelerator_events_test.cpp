// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/accelerator_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace fermata::qemu {
namespace {

// Memory laid out like an accelerator's class, and QEMU's two functions that ask it.
struct AskedAccelerator {
  alignas(8) std::array<void*, 32> memory{};
  std::size_t reset_slot = 104;
  std::size_t loaded_slot = 152;
  int own_asked = 0;
  int own_loaded = 0;

  [[nodiscard]] void*& at(std::size_t offset) { return memory.at(offset / sizeof(void*)); }
  [[nodiscard]] std::ptrdiff_t filled() const {
    return std::ranges::count_if(memory, [](const void* function) { return function != nullptr; });
  }
};
AskedAccelerator* asked = nullptr;

bool own_resettable() {
  ++asked->own_asked;
  return false;
}
void own_take_state(QemuCpu* /*cpu*/) { ++asked->own_loaded; }
void another_function(QemuCpu* /*cpu*/) { ADD_FAILURE() << "was called"; }

class AcceleratorEventsTest : public ::testing::Test {
 protected:
  AcceleratorEventsTest() { asked = &accelerator_; }

  static Symbols symbols() {
    Symbols s;
    s.qemu_get_cpu = [](int) { return static_cast<QemuCpu*>(nullptr); };
    return s;
  }
  static TimeSymbols time_symbols() {
    TimeSymbols s;
    s.cpus_get_accel = []() -> void* { return asked->memory.data(); };
    s.cpus_are_resettable = [] {
      const auto own = reinterpret_cast<bool (*)()>(asked->at(asked->reset_slot));
      return own == nullptr || own();
    };
    s.cpu_synchronize_post_init = [](QemuCpu* cpu) {
      if (const auto own = reinterpret_cast<void (*)(QemuCpu*)>(asked->at(asked->loaded_slot)); own != nullptr) {
        own(cpu);
      }
    };
    s.kvm_cpu_synchronize_post_init = reinterpret_cast<void*>(own_take_state);
    return s;
  }
  std::string install() {
    return AcceleratorEvents::install(symbols(), time_symbols(),
                                      {.reset_asked = [this] { ++resets_; }, .state_loaded = [this] { ++loads_; }});
  }

  AskedAccelerator accelerator_;
  int resets_ = 0;
  int loads_ = 0;
};

TEST_F(AcceleratorEventsTest, AreToldOfAnAcceleratorWithoutFunctionsOfItsOwn) {
  for (const std::size_t further : {0U, 8U, 16U}) {  // 7.2's loaded state, 10.0's, 11.1's
    accelerator_ = {.reset_slot = further == 16 ? 112U : 104U, .loaded_slot = 144U + further};
    ASSERT_EQ(install(), "");
    EXPECT_EQ(resets_ + loads_, 0) << "the proof is nobody's business";
    EXPECT_EQ(accelerator_.filled(), 2) << "a slot that was tried is empty again";
    EXPECT_TRUE(time_symbols().cpus_are_resettable());
    EXPECT_EQ(resets_, 1);
    time_symbols().cpu_synchronize_post_init(nullptr);
    EXPECT_EQ(loads_, 1);
    resets_ = loads_ = 0;
  }
}

TEST_F(AcceleratorEventsTest, AnAcceleratorsOwnFunctionsAnswerAsEver) {
  accelerator_.at(104) = reinterpret_cast<void*>(own_resettable);
  accelerator_.at(152) = reinterpret_cast<void*>(own_take_state);
  for (const std::size_t other : {112U, 120U, 144U, 160U, 168U}) {
    accelerator_.at(other) = reinterpret_cast<void*>(another_function);
  }
  ASSERT_EQ(install(), "");
  EXPECT_EQ(accelerator_.own_loaded, 0) << "a vCPU's state is not taken over for a proof";
  for (const std::size_t other : {112U, 120U, 144U, 160U, 168U}) {
    EXPECT_EQ(accelerator_.at(other), reinterpret_cast<void*>(another_function));
  }
  const int asked_before = accelerator_.own_asked;
  EXPECT_FALSE(time_symbols().cpus_are_resettable());
  EXPECT_EQ(accelerator_.own_asked, asked_before + 1);
  EXPECT_EQ(resets_, 1);
  time_symbols().cpu_synchronize_post_init(nullptr);
  EXPECT_EQ(accelerator_.own_loaded, 1);
  EXPECT_EQ(loads_, 1);
}

TEST_F(AcceleratorEventsTest, AQemuThatLooksElsewhereIsLeftAsItWasAndSaid) {
  accelerator_.reset_slot = 40;
  EXPECT_THAT(install(), ::testing::HasSubstr("resets"));
  EXPECT_EQ(accelerator_.filled(), 0);
  accelerator_.reset_slot = 104;
  accelerator_.loaded_slot = 40;
  EXPECT_THAT(install(), ::testing::HasSubstr("loaded state"));
  EXPECT_EQ(accelerator_.filled(), 1);
  accelerator_.loaded_slot = 152;
  const auto unknown = [](QemuCpu* /*cpu*/) {};
  accelerator_.at(152) = reinterpret_cast<void*>(+unknown);  // an accelerator that is not known
  EXPECT_THAT(install(), ::testing::HasSubstr("loaded state"));
}

}  // namespace
}  // namespace fermata::qemu
