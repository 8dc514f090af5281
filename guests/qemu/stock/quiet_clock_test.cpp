// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/quiet_clock.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace fermata::qemu {
namespace {

// Memory laid out like QEMU's timer lists (a main one without context, two of AioContexts) and accelerator class, with
// the functions that work on it. Function pointers carry no context, so it stands here, made anew for each test.
struct Layout {
  static constexpr std::size_t callback = 80;
  static constexpr std::size_t idle_slot = 136;
  using List = std::array<std::byte, 160>;

  List main{};
  List first{};
  List second{};
  void* clock_first_list = nullptr;
  std::array<std::byte, 256> accelerator{};
  std::array<void*, 4> group{};
  int first_context = 0;
  int second_context = 0;

  List* list_with_timers = nullptr;
  int forwarded = 0;
  int told_main = 0;
  std::int64_t deadline_ns = -1;
  int warps = 0;
  bool is_vcpu_thread = true;
  bool is_ending = false;
  bool does_arming_ask = false;
  bool is_running = true;
  void (*queued)(QemuCpu*, std::uint64_t) = nullptr;
  std::int64_t version_major = 10;
};
Layout* layout = nullptr;

template <typename T>
void put(void* base, std::size_t offset, T value) {
  std::memcpy(static_cast<std::byte*>(base) + offset, &value, sizeof value);
}

template <typename T>
T get(const void* base, std::size_t offset) {
  T value;
  std::memcpy(&value, static_cast<const std::byte*>(base) + offset, sizeof value);
  return value;
}

QemuCpu* cpu_at(int index) {
  static std::array<int, 2> cpus{};
  return index < 2 ? reinterpret_cast<QemuCpu*>(&cpus[static_cast<std::size_t>(index)]) : nullptr;
}

void notify_main(void* /*opaque*/, int /*clock*/) { ++layout->told_main; }
void notify_context(void* /*opaque*/, int /*clock*/) { ++layout->forwarded; }
void kick(QemuCpu* /*cpu*/) {}

void notify_list(void* list) {
  get<void (*)(void*, int)>(list, Layout::callback)(get<void*>(list, Layout::callback + 8), virtual_clock);
}

bool ask_whether_idle(int cpu) {
  return get<bool (*)(QemuCpu*)>(layout->accelerator.data(), Layout::idle_slot)(cpu_at(cpu));
}

class QuietClockTest : public ::testing::Test {
 protected:
  QuietClockTest() {
    layout = &layout_;
    const std::array<std::pair<Layout::List*, Layout::List*>, 3> links = {
        {{&layout_.second, &layout_.first}, {&layout_.first, &layout_.main}, {&layout_.main, nullptr}}};
    for (const auto& [list, next] : links) {
      put<void*>(list, 0, &layout_.clock_first_list);
      put<void*>(list, Layout::callback - 16, next);
      put(list, Layout::callback, &notify_context);
    }
    put(&layout_.main, Layout::callback, &notify_main);
    put<void*>(&layout_.first, Layout::callback + 8, &layout_.first_context);
    put<void*>(&layout_.second, Layout::callback + 8, &layout_.second_context);
    layout_.clock_first_list = &layout_.second;
    layout_.group[virtual_clock] = &layout_.main;
    put(layout_.accelerator.data(), Layout::idle_slot - 8, &kick);
  }

  Symbols symbols() {
    Symbols s;
    s.main_loop_tlg = layout_.group.data();
    s.qemu_timer_notify_cb = notify_main;
    s.timerlist_notify = notify_list;
    s.timerlist_has_timers = [](void* list) { return list == layout->list_with_timers; };
    s.qemu_in_vcpu_thread = [] { return layout->is_vcpu_thread; };
    s.icount_start_warp_timer = [] {
      if (ask_whether_idle(0) && ask_whether_idle(1)) {  // as QEMU's does
        ++layout->warps;
        layout->deadline_ns = 0;
      }
    };
    s.cpus_get_accel = []() -> void* { return layout->accelerator.data(); };
    s.rr_kick_vcpu_thread = kick;
    s.qemu_get_cpu = cpu_at;
    s.qemu_shutdown_requested_get = [] { return layout->is_ending ? 6 : 0; };
    s.qemu_reset_requested_get = [] { return 0; };
    s.qemu_clock_deadline_ns_all = [](int, int) { return layout->deadline_ns; };
    s.timer_init_full = [](void*, void*, int, int, int, void (*)(void*), void*) {};
    s.timer_mod_ns = [](void*, std::int64_t) { static_cast<void>(layout->does_arming_ask && ask_whether_idle(1)); };
    s.timer_del = [](void*) {};
    s.runstate_is_running = [] { return layout->is_running; };
    s.async_run_on_cpu = [](QemuCpu*, void (*work)(QemuCpu*, std::uint64_t), std::uint64_t) { layout->queued = work; };
    s.qmp_query_version = [](void**) {
      static QemuVersionTriple triple{};
      static QemuVersionInfo info{&triple, nullptr};
      triple = {layout->version_major, 0, 0};
      return &info;
    };
    return s;
  }

  // Lives on, as in QEMU: the hooks reach it through a pointer of its own.
  QuietClock* clock_ = nullptr;  // the last that was installed

  std::string install() { return install(symbols()); }
  std::string install(const Symbols& symbols) {
    static std::vector<std::unique_ptr<QuietClock>> kept;
    clock_ = kept.emplace_back(std::make_unique<QuietClock>(symbols)).get();
    return clock_->install();
  }

  Layout layout_;
};

TEST_F(QuietClockTest, NotifiesOnlyListsWithTimers) {
  ASSERT_EQ(install(), "");
  EXPECT_EQ(layout_.forwarded, 0) << "the proof itself goes nowhere";
  notify_list(&layout_.first);
  EXPECT_EQ(layout_.forwarded, 0);
  layout_.list_with_timers = &layout_.first;
  notify_list(&layout_.first);
  EXPECT_EQ(layout_.forwarded, 1);
  notify_list(&layout_.second);
  EXPECT_EQ(layout_.forwarded, 1);
}

TEST_F(QuietClockTest, MovesAnIdleClockOnInTheVcpuThread) {
  ASSERT_EQ(install(), "");
  layout_.deadline_ns = 5000;
  EXPECT_TRUE(ask_whether_idle(0)) << "not the last vCPU: the next decides";
  EXPECT_FALSE(ask_whether_idle(1)) << "there is a timer to run now";
  EXPECT_EQ(layout_.warps, 1);
  EXPECT_FALSE(ask_whether_idle(1)) << "it has not run yet";
  EXPECT_EQ(layout_.warps, 1);
}

TEST_F(QuietClockTest, ArmingIsToldUnlessInSilence) {
  ASSERT_EQ(install(), "");
  notify_list(&layout_.main);
  EXPECT_EQ(layout_.told_main, 1);
  {
    const QuietClock::Silence silence(*clock_);
    notify_list(&layout_.main);
  }
  EXPECT_EQ(layout_.told_main, 1);
  notify_list(&layout_.main);
  EXPECT_EQ(layout_.told_main, 2);
}

TEST_F(QuietClockTest, NobodyMovesTheClockWhileTheMachineIsAboutToEnd) {
  ASSERT_EQ(install(), "");
  layout_.deadline_ns = 5000;
  layout_.is_ending = true;
  EXPECT_TRUE(ask_whether_idle(1)) << "the vCPU thread sleeps";
  layout_.is_vcpu_thread = false;
  EXPECT_FALSE(ask_whether_idle(1)) << "the main thread leaves the clock alone";
  EXPECT_EQ(layout_.warps, 0);
}

TEST_F(QuietClockTest, WhilePausedItOnlyAnswers) {
  ASSERT_EQ(install(), "");
  layout_.deadline_ns = 5000;
  const QuietClock::Pause pause(*clock_);
  EXPECT_TRUE(ask_whether_idle(1));
  EXPECT_EQ(layout_.warps, 0);
}

TEST_F(QuietClockTest, TheMainThreadMayMoveTheClockOnlyWhileTheVcpuThreadSleeps) {
  ASSERT_EQ(install(), "");
  layout_.is_vcpu_thread = false;
  EXPECT_FALSE(ask_whether_idle(1));
  layout_.is_vcpu_thread = true;
  EXPECT_TRUE(ask_whether_idle(1)) << "no timer: it sleeps";
  layout_.is_vcpu_thread = false;
  EXPECT_TRUE(ask_whether_idle(1));
}

TEST_F(QuietClockTest, TimersOfOtherThreadsAreLeftToThem) {
  ASSERT_EQ(install(), "");
  layout_.deadline_ns = 5000;
  layout_.list_with_timers = &layout_.second;
  EXPECT_TRUE(ask_whether_idle(1));
  EXPECT_EQ(layout_.warps, 0);
}

TEST_F(QuietClockTest, AListThatWasRemovedIsNotLookedAt) {
  ASSERT_EQ(install(), "");
  layout_.deadline_ns = 5000;
  layout_.list_with_timers = &layout_.second;
  layout_.clock_first_list = &layout_.first;  // its I/O thread has ended
  EXPECT_FALSE(ask_whether_idle(1));
  EXPECT_EQ(layout_.warps, 1);
}

TEST_F(QuietClockTest, WhereArmingATimerAsksTheWarpComesAfterIt) {
  layout_.does_arming_ask = true;
  ASSERT_EQ(install(), "");
  layout_.deadline_ns = 5000;
  EXPECT_FALSE(ask_whether_idle(1));
  EXPECT_EQ(layout_.warps, 0);
  ASSERT_NE(layout_.queued, nullptr);
  layout_.queued(nullptr, 0);
  EXPECT_EQ(layout_.warps, 1);
}

TEST_F(QuietClockTest, AStoppedMachinesClockStaysWhereItIs) {
  layout_.does_arming_ask = true;
  ASSERT_EQ(install(), "");
  layout_.deadline_ns = 5000;
  EXPECT_FALSE(ask_whether_idle(1));
  layout_.is_running = false;
  layout_.queued(nullptr, 0);
  EXPECT_EQ(layout_.warps, 0);
}

TEST_F(QuietClockTest, LeavesAQemuAloneWhoseListsLookDifferent) {
  put(&layout_.main, Layout::callback, &notify_context);  // the known callback is nowhere
  EXPECT_NE(install(), "");
  EXPECT_EQ(get<void*>(layout_.accelerator.data(), Layout::idle_slot), nullptr);
}

TEST_F(QuietClockTest, PutsBackWhatItCouldNotProve) {
  const Symbols honest = symbols();
  Symbols s = honest;
  s.timerlist_notify = [](void* list) {
    if (list != static_cast<void*>(&layout->first)) {
      notify_list(list);
    }
  };
  EXPECT_NE(install(s), "");
  EXPECT_EQ(get<decltype(&notify_context)>(&layout_.second, Layout::callback), &notify_context);
  EXPECT_EQ(get<decltype(&notify_context)>(&layout_.first, Layout::callback), &notify_context);
}

TEST_F(QuietClockTest, LeavesAnUntestedVersionAlone) {
  layout_.version_major = 99;
  EXPECT_NE(install(), "");
  EXPECT_EQ(get<decltype(&notify_context)>(&layout_.first, Layout::callback), &notify_context);
}

TEST_F(QuietClockTest, LeavesTheSlotAloneThatIsTakenOrHasAnotherNeighbour) {
  put(layout_.accelerator.data(), Layout::idle_slot - 8, &notify_main);
  EXPECT_NE(install(), "");
  EXPECT_EQ(get<void*>(layout_.accelerator.data(), Layout::idle_slot), nullptr);
}

}  // namespace
}  // namespace fermata::qemu
