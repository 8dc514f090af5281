// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guests/qemu/stock/symbols.hpp"

namespace fermata::qemu {

/// What QEMU's threads sleep by, without the mutex, until a condition is signalled.
using SleepFunction = void (*)(void* condition, void* mutex, const char* file, int line);

/// QEMU's functions for holding the clock of a machine whose vCPUs have a thread each, found by name. Null where a QEMU
/// lacks one.
struct TimeSymbols {
  // A clock of ours in the accelerator's place.
  void* (*cpus_get_accel)() = nullptr;
  std::int64_t (*cpus_get_virtual_clock)() = nullptr;
  std::int64_t (*cpus_get_elapsed_ticks)() = nullptr;
  std::int64_t (*cpu_get_clock)() = nullptr;
  std::int64_t* timers_state = nullptr;
  void (*pause_all_vcpus)() = nullptr;
  void (*resume_all_vcpus)() = nullptr;
  void (*cpu_stop_current)() = nullptr;
  bool (*qemu_clock_run_timers)(int clock) = nullptr;
  void (*qemu_clock_enable)(int clock, bool is_enabled) = nullptr;
  bool (*cpus_are_resettable)() = nullptr;
  void (*cpu_synchronize_post_init)(QemuCpu* cpu) = nullptr;
  void* (*timerlist_new)(int clock, void (*notify)(void* opaque, int clock), void* opaque) = nullptr;
  void (*rcu_register_thread)() = nullptr;
  // For less costly holds, and for holds within an instruction, if they are there.
  void (*qemu_cpu_kick)(QemuCpu* cpu) = nullptr;
  SleepFunction* qemu_cond_wait_func = nullptr;
  LockFunction qemu_mutex_unlock_impl = nullptr;
  unsigned (*cpu_list_generation_id_get)() = nullptr;
  void* arm_handle_psci_call = nullptr;
  bool (*semihosting_enabled)(bool is_user) = nullptr;
  // KVM.
  const bool* kvm_allowed = nullptr;
  void** kvm_state = nullptr;
  const bool* kvm_kernel_irqchip = nullptr;
  const bool* kvm_split_irqchip = nullptr;
  int (*kvm_vm_ioctl)(void* state, unsigned long request, ...) = nullptr;
  void* kvm_cpu_synchronize_post_init = nullptr;
  int (*kvm_vcpu_ioctl)(QemuCpu* cpu, unsigned long request, ...) = nullptr;
  // Time from executed instructions.
  void* (*qemu_plugin_scoreboard_new)(std::size_t element_size) = nullptr;
  void* (*qemu_plugin_scoreboard_find)(void* scoreboard, unsigned vcpu) = nullptr;
  void* qemu_plugin_register_vcpu_tb_exec_cond_cb = nullptr;
  void* qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu = nullptr;
  std::size_t (*qemu_plugin_tb_n_insns)(const void* block) = nullptr;
  bool (*cpu_thread_is_idle)(QemuCpu* cpu) = nullptr;
  bool (*cpu_is_stopped)(QemuCpu* cpu) = nullptr;
};

/// The ways of holding such a machine.
enum class TimeFeature : std::uint8_t { host_time, kvm, instruction_time };
/// The feature as words for messages, e.g. "multi-threaded TCG".
[[nodiscard]] const char* to_string(TimeFeature feature);

/// The names that `feature` needs and the program lacks; KVM needs those of host time, too.
[[nodiscard]] std::vector<std::string> missing_for(TimeFeature feature, const SymbolLookup& lookup);

/// Finds them all.
[[nodiscard]] TimeSymbols find_time_symbols(const SymbolLookup& lookup);

}  // namespace fermata::qemu
