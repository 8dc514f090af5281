// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "guests/qemu/stock/time/stock_vcpus.hpp"

namespace fermata::qemu {

// QEMU's functions for vCPUs, by what is left of them. Function pointers carry no context, so it stands here, made anew
// for each test.
struct VcpuFunctions;
inline VcpuFunctions* vcpu_functions = nullptr;
struct VcpuFunctions {
  VcpuFunctions() { vcpu_functions = this; }
  static constexpr std::size_t count = 3;
  using Work = void (*)(QemuCpu*, std::uint64_t);
  struct Queued {
    std::size_t cpu;
    Work work;
    std::uint64_t data;
  };

  std::array<int, count> cpus{};
  std::deque<Queued> queue;
  std::string calls;
  std::array<std::int64_t, 16> timers_state{};
  std::size_t clock_word = 9;
  std::int64_t running_ns = 0;  // what a running machine's clock shows beyond the word

  bool is_running = false;
  int reset_requested = 0;
  // The accelerator's functions for resets and for loaded states, in its class.
  alignas(8) std::array<void*, 32> accelerator{};
  static constexpr std::size_t resettable_slot = 104 / sizeof(void*);
  static constexpr std::size_t loaded_slot = 152 / sizeof(void*);

  // Somebody asks for a reset, which the main thread carries out.
  void ask_for_reset() {
    const auto are_resettable = reinterpret_cast<bool (*)()>(accelerator.at(resettable_slot));
    EXPECT_TRUE(are_resettable == nullptr || are_resettable());
    reset_requested = 1;
  }
  void load_state() {
    for (std::size_t i = 0; i < count; ++i) {
      if (const auto take = reinterpret_cast<void (*)(QemuCpu*)>(accelerator.at(loaded_slot)); take != nullptr) {
        take(cpu(i));
      }
    }
  }

  bool is_clock_on = true;
  void (*notify)(void*, int) = nullptr;
  void* opaque = nullptr;

  // Turned on, it notifies the lists of timers on it.
  void enable(bool is_enabled) {
    if (!std::exchange(is_clock_on, is_enabled) && is_enabled && notify != nullptr) {
      notify(opaque, virtual_clock);
    }
  }
  QemuCpu* cpu(std::size_t index) { return reinterpret_cast<QemuCpu*>(&cpus.at(index)); }
  // Runs the oldest in this thread.
  void run_one() {
    const Queued first = queue.front();
    queue.pop_front();
    first.work(cpu(first.cpu), first.data);
  }
};

class ToldListener final : public Vcpus::Listener {
 public:
  int let_go = 0;
  int loaded = 0;
  void vcpus_let_go() override { ++let_go; }
  void state_loaded() override { ++loaded; }
};

class StockVcpusTest : public ::testing::Test {
 protected:
  StockVcpusTest() {
    for (std::size_t i = 0; i < qemu_.timers_state.size(); ++i) {
      qemu_.timers_state.at(i) = 1000 + static_cast<std::int64_t>(i);
    }
  }

  static Symbols symbols() {
    Symbols s;
    s.runstate_is_running = [] { return vcpu_functions->is_running; };
    s.qemu_reset_requested_get = [] { return vcpu_functions->reset_requested; };
    s.qemu_get_cpu = [](int index) {
      const auto which = static_cast<std::size_t>(index);
      return which < VcpuFunctions::count ? vcpu_functions->cpu(which) : nullptr;
    };
    s.async_run_on_cpu = [](QemuCpu* cpu, VcpuFunctions::Work work, std::uint64_t data) {
      std::size_t which = 0;
      while (vcpu_functions->cpu(which) != cpu) {
        ++which;
      }
      vcpu_functions->queue.push_back({.cpu = which, .work = work, .data = data});
    };
    return s;
  }
  TimeSymbols time_symbols() {
    TimeSymbols s;
    s.cpus_get_accel = []() -> void* { return vcpu_functions->accelerator.data(); };
    s.cpus_are_resettable = [] {
      const auto ask = reinterpret_cast<bool (*)()>(vcpu_functions->accelerator.at(VcpuFunctions::resettable_slot));
      return ask == nullptr || ask();
    };
    s.cpu_synchronize_post_init = [](QemuCpu* cpu) {
      const auto take =
          reinterpret_cast<void (*)(QemuCpu*)>(vcpu_functions->accelerator.at(VcpuFunctions::loaded_slot));
      if (take != nullptr) {
        take(cpu);
      }
    };
    s.pause_all_vcpus = [] { vcpu_functions->calls += "pause "; };
    s.resume_all_vcpus = [] { vcpu_functions->calls += "resume "; };
    s.qemu_clock_run_timers = [](int clock) {
      vcpu_functions->calls += "timers of " + std::to_string(clock) + " ";
      return true;
    };
    s.qemu_clock_enable = [](int clock, bool is_enabled) {
      EXPECT_EQ(clock, virtual_clock);
      vcpu_functions->enable(is_enabled);
    };
    s.timerlist_new = [](int clock, void (*notify)(void*, int), void* opaque) -> void* {
      EXPECT_EQ(clock, virtual_clock);
      vcpu_functions->notify = notify;
      vcpu_functions->opaque = opaque;
      return nullptr;
    };
    s.cpu_get_clock = [] {
      return vcpu_functions->timers_state.at(vcpu_functions->clock_word) + vcpu_functions->running_ns;
    };
    s.timers_state = qemu_.timers_state.data();
    return s;
  }

  VcpuFunctions qemu_;
  StockVcpus vcpus_{symbols(), time_symbols()};
  ToldListener listener_;
};

}  // namespace fermata::qemu
