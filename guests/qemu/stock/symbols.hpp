// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "guests/qemu/stock/qemu_abi.hpp"

namespace fermata::qemu {

/// What QEMU takes its big lock by.
using LockFunction = void (*)(void* mutex, const char* file, int line);

/// QEMU's own functions and variables, found by name in the running program. A null pointer is one that this QEMU
/// lacks.
struct Symbols {
  // Instruction counting, all needed.
  void (*timer_init_full)(void* timer, void* group, int clock, int scale, int attributes, void (*expired)(void*),
                          void* opaque) = nullptr;
  void (*timer_mod_ns)(void* timer, std::int64_t reading_ns) = nullptr;
  void (*timer_del)(void* timer) = nullptr;
  bool (*timer_pending)(void* timer) = nullptr;
  std::int64_t (*qemu_clock_get_ns)(int clock) = nullptr;
  std::int64_t (*qemu_clock_deadline_ns_all)(int clock, int attributes) = nullptr;
  std::int64_t (*icount_to_ns)(std::int64_t instructions) = nullptr;
  void (*async_run_on_cpu)(QemuCpu* cpu, void (*work)(QemuCpu*, std::uint64_t), std::uint64_t data) = nullptr;
  void (*process_queued_cpu_work)(QemuCpu* cpu) = nullptr;
  QemuCpu* (*qemu_get_cpu)(int index) = nullptr;
  bool (*runstate_is_running)() = nullptr;
  void (*bql_lock)(const char* file, int line) = nullptr;
  void (*bql_unlock)() = nullptr;
  bool (*bql_locked)() = nullptr;
  void (*qemu_add_machine_init_done_notifier)(QemuNotifier*) = nullptr;
  void* (*qemu_add_vm_change_state_handler)(void (*changed)(void*, bool, int), void* opaque) = nullptr;
  void (*qmp_quit)(void** error) = nullptr;
  int (*qemu_shutdown_requested_get)() = nullptr;
  int (*qemu_reset_requested_get)() = nullptr;
  const int* use_icount = nullptr;
  const int* rtc_clock = nullptr;

  // To tell the user more; done without where they lack.
  QemuVersionInfo* (*qmp_query_version)(void** error) = nullptr;
  const char* (*qapi_enum_lookup)(const void* table, int value) = nullptr;
  const void* run_state_table = nullptr;
  const int* shutdown_action = nullptr;

  // To keep the turns of several vCPUs the same in every run; they may differ without.
  void* (*get_ptr_rcu_reader)() = nullptr;
  void (*rcu_remove_force_rcu_notifier)(void* notifier) = nullptr;

  // For reports that tell more (link v1).
  int (*runstate_get)() = nullptr;
  void (*qemu_register_shutdown_notifier)(QemuNotifier*) = nullptr;
  std::int64_t (*timerlist_deadline_ns)(void* list) = nullptr;
  void (*qemu_system_shutdown_request_with_code)(int cause, int exit_code) = nullptr;
  void (*qemu_register_reset)(void (*reset)(void*), void* opaque) = nullptr;

  // To give way to who waits for the big lock.
  LockFunction* bql_mutex_lock_func = nullptr;

  // To keep QEMU's main thread asleep at a quantum's end; slower without.
  bool (*qemu_in_vcpu_thread)() = nullptr;
  bool (*timerlist_has_timers)(void* list) = nullptr;
  void (*timerlist_notify)(void* list) = nullptr;
  void (*qemu_timer_notify_cb)(void* opaque, int clock) = nullptr;
  void** main_loop_tlg = nullptr;
  void (*icount_start_warp_timer)() = nullptr;
  void (*qemu_clock_run_timers)(int clock) = nullptr;
  bool (*all_cpu_threads_idle)() = nullptr;
  void* (*cpus_get_accel)() = nullptr;
  void (*rr_kick_vcpu_thread)(QemuCpu*) = nullptr;
};

/// Finds an exported name, null if there is none: dlsym in a real QEMU.
using SymbolLookup = std::function<void*(const char* name)>;

/// `dlsym` over the whole program.
[[nodiscard]] SymbolLookup program_lookup();

/// What was found, and the names of what is needed and missing: with several names for one thing, the newest.
struct SymbolSearch {
  Symbols symbols;
  std::vector<std::string> missing;
};
[[nodiscard]] SymbolSearch find_symbols(const SymbolLookup& lookup);

}  // namespace fermata::qemu
