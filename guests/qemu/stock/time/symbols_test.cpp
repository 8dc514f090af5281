// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/symbols.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

namespace fermata::qemu {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

// A program that exports what it is asked for, each name at an address of its own; but for those that it lacks.
class Exports {
 public:
  explicit Exports(std::set<std::string> lacking = {}) : lacking_(std::move(lacking)) {}

  void* find(const std::string& name) {
    if (lacking_.contains(name)) {
      return nullptr;
    }
    std::unique_ptr<int>& place = places_[name];
    if (place == nullptr) {
      place = std::make_unique<int>();
    }
    return place.get();
  }
  SymbolLookup lookup() {
    return [this](const char* name) { return find(name); };
  }
  [[nodiscard]] std::size_t asked_for() const { return places_.size(); }

 private:
  std::set<std::string> lacking_;
  std::map<std::string, std::unique_ptr<int>> places_;
};

template <typename Pointer>
void* address(Pointer pointer) {
  return reinterpret_cast<void*>(pointer);
}

const auto nothing_at_all = [](const char* /*name*/) -> void* { return nullptr; };

TEST(TimeSymbols, EachIsFoundByItsOwnName) {
  Exports exports;
  const TimeSymbols s = find_time_symbols(exports.lookup());
  EXPECT_EQ(address(s.cpus_get_accel), exports.find("cpus_get_accel"));
  EXPECT_EQ(address(s.cpus_get_virtual_clock), exports.find("cpus_get_virtual_clock"));
  EXPECT_EQ(address(s.qemu_cpu_kick), exports.find("qemu_cpu_kick"));
  EXPECT_EQ(address(s.cpu_list_generation_id_get), exports.find("cpu_list_generation_id_get"));
  EXPECT_EQ(s.arm_handle_psci_call, exports.find("arm_handle_psci_call"));
  EXPECT_EQ(address(s.semihosting_enabled), exports.find("semihosting_enabled"));
  EXPECT_EQ(address(s.qemu_cond_wait_func), exports.find("qemu_cond_wait_func"));
  EXPECT_EQ(address(s.cpus_get_elapsed_ticks), exports.find("cpus_get_elapsed_ticks"));
  EXPECT_EQ(address(s.cpu_get_clock), exports.find("cpu_get_clock"));
  EXPECT_EQ(address(s.timers_state), exports.find("timers_state"));
  EXPECT_EQ(address(s.pause_all_vcpus), exports.find("pause_all_vcpus"));
  EXPECT_EQ(address(s.resume_all_vcpus), exports.find("resume_all_vcpus"));
  EXPECT_EQ(address(s.qemu_clock_run_timers), exports.find("qemu_clock_run_timers"));
  EXPECT_EQ(address(s.qemu_clock_enable), exports.find("qemu_clock_enable"));
  EXPECT_EQ(address(s.timerlist_new), exports.find("timerlist_new"));
  EXPECT_EQ(address(s.qemu_plugin_scoreboard_new), exports.find("qemu_plugin_scoreboard_new"));
  EXPECT_EQ(address(s.qemu_plugin_scoreboard_find), exports.find("qemu_plugin_scoreboard_find"));
  EXPECT_EQ(s.qemu_plugin_register_vcpu_tb_exec_cond_cb, exports.find("qemu_plugin_register_vcpu_tb_exec_cond_cb"));
  EXPECT_EQ(s.qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu,
            exports.find("qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu"));
  EXPECT_EQ(address(s.qemu_plugin_tb_n_insns), exports.find("qemu_plugin_tb_n_insns"));
  EXPECT_EQ(address(s.cpu_thread_is_idle), exports.find("cpu_thread_is_idle"));
}

TEST(TimeSymbols, WhatAQemuLacksIsNull) {
  Exports exports({"cpu_get_clock", "kvm_state"});
  const TimeSymbols s = find_time_symbols(exports.lookup());
  EXPECT_EQ(s.cpu_get_clock, nullptr);
  EXPECT_EQ(s.kvm_state, nullptr);
  EXPECT_NE(s.cpus_get_accel, nullptr);
  EXPECT_EQ(find_time_symbols(nothing_at_all).timers_state, nullptr);
}

TEST(TimeSymbols, NothingIsMissingWhereAllIsExported) {
  Exports exports;
  for (const TimeFeature feature : {TimeFeature::host_time, TimeFeature::kvm, TimeFeature::instruction_time}) {
    EXPECT_THAT(missing_for(feature, exports.lookup()), IsEmpty()) << to_string(feature);
  }
}

TEST(TimeSymbols, EachWayNeedsThoseOfHostTimeAndItsOwn) {
  const auto host_time = missing_for(TimeFeature::host_time, nothing_at_all);
  EXPECT_THAT(host_time,
              ElementsAre("cpus_get_accel", "cpus_get_virtual_clock", "cpus_get_elapsed_ticks", "cpu_get_clock",
                          "timers_state", "pause_all_vcpus", "resume_all_vcpus", "cpu_stop_current",
                          "qemu_clock_run_timers", "qemu_clock_enable", "cpus_are_resettable",
                          "cpu_synchronize_post_init", "timerlist_new", "rcu_register_thread"));
  const auto kvm = missing_for(TimeFeature::kvm, nothing_at_all);
  EXPECT_THAT(kvm, IsSupersetOf(host_time));
  EXPECT_THAT(kvm, Contains("kvm_vcpu_ioctl"));
  EXPECT_THAT(kvm, Not(Contains("cpu_thread_is_idle")));
  const auto instructions = missing_for(TimeFeature::instruction_time, nothing_at_all);
  EXPECT_THAT(instructions, IsSupersetOf(host_time));
  EXPECT_THAT(instructions, Contains("qemu_plugin_scoreboard_new"));
  EXPECT_THAT(instructions, Not(Contains("kvm_vcpu_ioctl")));
}

// QEMU 7.2 has no scoreboards: that way lacks them, and no other.
TEST(TimeSymbols, AMissingNameIsMissedWhereItIsNeededOnly) {
  Exports old({"qemu_plugin_scoreboard_new", "qemu_plugin_scoreboard_find"});
  EXPECT_THAT(missing_for(TimeFeature::host_time, old.lookup()), IsEmpty());
  EXPECT_THAT(missing_for(TimeFeature::kvm, old.lookup()), IsEmpty());
  EXPECT_THAT(missing_for(TimeFeature::instruction_time, old.lookup()),
              ElementsAre("qemu_plugin_scoreboard_new", "qemu_plugin_scoreboard_find"));
  Exports bare({"timers_state"});
  EXPECT_THAT(missing_for(TimeFeature::kvm, bare.lookup()), ElementsAre("timers_state"));
}

// A symbol that was found but never listed would be called as a null pointer in a QEMU without it.
TEST(TimeSymbols, AllThatAreLookedForAreListed) {
  Exports found;
  static_cast<void>(find_time_symbols(found.lookup()));
  std::set<std::string> listed;
  for (const TimeFeature feature : {TimeFeature::host_time, TimeFeature::kvm, TimeFeature::instruction_time}) {
    for (const std::string& name : missing_for(feature, nothing_at_all)) {
      listed.insert(name);
    }
  }
  EXPECT_EQ(found.asked_for(), listed.size() + 6) << "six only make holds less costly, or are for windows";
}

}  // namespace
}  // namespace fermata::qemu
