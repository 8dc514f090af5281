// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/notices.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "guests/qemu/stock/raw_memory.hpp"

namespace fermata::qemu {
namespace {

using namespace time::literals;

// Memory laid out like QEMU's timer list and accelerator class. Function pointers carry no context, so it stands here,
// made anew for each test.
struct Layout {
  static constexpr std::size_t callback = 80;
  static constexpr std::size_t kick_slot = 144;

  std::array<std::byte, 192> list{};
  std::array<std::byte, 256> accelerator{};
  std::array<void*, 4> group{};
  std::array<int, 2> cpus{};
  int main_thread_told = 0;
  std::vector<QemuCpu*> kicked;
  std::int64_t clock_ns = 1000;
  std::int64_t deadline_ns = -1;
  bool is_vcpu_thread = true;
  bool does_notify = true;

  QemuCpu* cpu(int index) { return reinterpret_cast<QemuCpu*>(&cpus.at(static_cast<std::size_t>(index))); }
};
Layout* layout = nullptr;

void notify_main(void* /*opaque*/, int /*clock*/) { ++layout->main_thread_told; }
void kick(QemuCpu* cpu) { layout->kicked.push_back(cpu); }

class ToldNotices final : public Notices::Listener {
 public:
  std::string told;
  void armed(time::Duration reading) override { told += "armed " + std::to_string(reading.ns()) + ","; }
  void kicked(int vcpu) override {
    told += "kicked " + std::to_string(vcpu) + (layout->kicked.empty() ? " before," : " after,");
  }
};

class NoticesTest : public ::testing::Test {
 protected:
  NoticesTest() {
    layout = &layout_;
    layout_.group[virtual_clock] = layout_.list.data();
    store(layout_.list.data(), Layout::callback, &notify_main);
    store(layout_.accelerator.data(), Layout::kick_slot, &kick);
  }

  static Symbols symbols() {
    Symbols s;
    s.main_loop_tlg = layout->group.data();
    s.qemu_timer_notify_cb = notify_main;
    s.timerlist_notify = [](void* list) {
      if (layout->does_notify) {
        load<void (*)(void*, int)>(list, Layout::callback)(nullptr, virtual_clock);
      }
    };
    s.timerlist_deadline_ns = [](void* /*list*/) { return layout->deadline_ns; };
    s.qemu_clock_get_ns = [](int clock) { return clock == virtual_clock ? layout->clock_ns : 0; };
    s.qemu_in_vcpu_thread = [] { return layout->is_vcpu_thread; };
    s.qemu_get_cpu = [](int index) { return index < 2 ? layout->cpu(index) : nullptr; };
    s.cpus_get_accel = []() -> void* { return layout->accelerator.data(); };
    return s;
  }
  static SymbolLookup exports(const std::string& kicks_name) {
    return [kicks_name](const char* name) { return name == kicks_name ? reinterpret_cast<void*>(&kick) : nullptr; };
  }

  void arm(std::int64_t in_ns) {
    layout_.deadline_ns = in_ns;
    symbols().timerlist_notify(layout_.list.data());
  }
  void kick_through_accelerator(QemuCpu* cpu) {
    load<void (*)(QemuCpu*)>(layout_.accelerator.data(), Layout::kick_slot)(cpu);
  }
  void expect_unchanged() {
    EXPECT_EQ(load<void (*)(void*, int)>(layout_.list.data(), Layout::callback), notify_main);
    EXPECT_EQ(load<void (*)(QemuCpu*)>(layout_.accelerator.data(), Layout::kick_slot), kick);
  }

  Layout layout_;
  ToldNotices listener_;
};

TEST_F(NoticesTest, TellWhatIsArmedAndKeepItFromTheMainThread) {
  Notices notices(symbols());
  ASSERT_EQ(notices.install(listener_, exports("tcg_kick_vcpu_thread")), "");
  EXPECT_EQ(listener_.told, "");
  arm(500);
  arm(0);
  EXPECT_EQ(listener_.told, "armed 1500,armed 1000,");
  EXPECT_EQ(layout_.main_thread_told, 0);
}

TEST_F(NoticesTest, LetTheMainThreadHearOfWhatOthersArm) {
  Notices notices(symbols());
  ASSERT_EQ(notices.install(listener_, exports("tcg_kick_vcpu_thread")), "");
  layout_.is_vcpu_thread = false;
  arm(500);
  arm(-1);  // no timer, or QEMU's clock is off: it has been enabled
  EXPECT_EQ(listener_.told, "armed 1500,");
  EXPECT_EQ(layout_.main_thread_told, 2);
}

TEST_F(NoticesTest, TellOfKicksBeforeTheyAreCarriedOut) {
  for (const char* name : {"tcg_kick_vcpu_thread", "mttcg_kick_vcpu_thread"}) {
    Notices notices(symbols());
    ASSERT_EQ(notices.install(listener_, exports(name)), "");
    kick_through_accelerator(layout_.cpu(1));
    EXPECT_EQ(listener_.told, "kicked 1 before,");
    EXPECT_EQ(layout_.kicked, std::vector<QemuCpu*>{layout_.cpu(1)});
    int plugged_in_later = 0;
    kick_through_accelerator(reinterpret_cast<QemuCpu*>(&plugged_in_later));
    EXPECT_EQ(listener_.told, "kicked 1 before,");
    EXPECT_EQ(layout_.kicked.size(), 2U);
    layout_.kicked.clear();
    listener_.told.clear();
    store(layout_.list.data(), Layout::callback, &notify_main);
    store(layout_.accelerator.data(), Layout::kick_slot, &kick);
  }
}

TEST_F(NoticesTest, ChangeNothingWhereTheyFindNothing) {
  EXPECT_NE(Notices(symbols()).install(listener_, exports("other_kick")), "");
  expect_unchanged();
  Symbols lacking = symbols();
  lacking.timerlist_deadline_ns = nullptr;
  EXPECT_NE(Notices(lacking).install(listener_, exports("tcg_kick_vcpu_thread")), "");
  expect_unchanged();
  layout_.does_notify = false;  // the callback stands there by chance
  EXPECT_NE(Notices(symbols()).install(listener_, exports("tcg_kick_vcpu_thread")), "");
  expect_unchanged();
  layout_.does_notify = true;
  store<void*>(layout_.accelerator.data(), Layout::kick_slot, nullptr);
  EXPECT_NE(Notices(symbols()).install(listener_, exports("tcg_kick_vcpu_thread")), "");
  store(layout_.accelerator.data(), Layout::kick_slot, &kick);
  expect_unchanged();
  store<void*>(layout_.list.data(), Layout::callback, nullptr);
  EXPECT_NE(Notices(symbols()).install(listener_, exports("tcg_kick_vcpu_thread")), "");
}

}  // namespace
}  // namespace fermata::qemu
