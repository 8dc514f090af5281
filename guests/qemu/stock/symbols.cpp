// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/symbols.hpp"

#include <dlfcn.h>

#include <initializer_list>

namespace fermata::qemu {
namespace {

class Finder {
 public:
  explicit Finder(const SymbolLookup& lookup) : lookup_(lookup) {}

  // Several names are those of different QEMU versions, the newest first.
  template <typename Pointer>
  void need(Pointer& slot, std::initializer_list<const char*> names) {
    if (!find(slot, names)) {
      missing_.emplace_back(*names.begin());
    }
  }

  template <typename Pointer>
  bool find(Pointer& slot, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (void* address = lookup_(name)) {
        slot = reinterpret_cast<Pointer>(address);
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] std::vector<std::string> take_missing() { return std::move(missing_); }

 private:
  const SymbolLookup& lookup_;
  std::vector<std::string> missing_;
};

}  // namespace

SymbolLookup program_lookup() {
  return [](const char* name) { return ::dlsym(RTLD_DEFAULT, name); };
}

SymbolSearch find_symbols(const SymbolLookup& lookup) {
  SymbolSearch search;
  Symbols& s = search.symbols;
  Finder finder(lookup);

  finder.need(s.timer_init_full, {"timer_init_full"});
  finder.need(s.timer_mod_ns, {"timer_mod_ns"});
  finder.need(s.timer_del, {"timer_del"});
  finder.need(s.timer_pending, {"timer_pending"});
  finder.need(s.qemu_clock_get_ns, {"qemu_clock_get_ns"});
  finder.need(s.qemu_clock_deadline_ns_all, {"qemu_clock_deadline_ns_all"});
  finder.need(s.icount_to_ns, {"icount_to_ns"});
  finder.need(s.async_run_on_cpu, {"async_run_on_cpu"});
  finder.need(s.process_queued_cpu_work, {"process_queued_cpu_work"});
  finder.need(s.qemu_get_cpu, {"qemu_get_cpu"});
  finder.need(s.runstate_is_running, {"runstate_is_running"});
  finder.need(s.bql_lock, {"bql_lock_impl", "qemu_mutex_lock_iothread_impl"});
  finder.need(s.bql_unlock, {"bql_unlock", "qemu_mutex_unlock_iothread"});
  finder.need(s.bql_locked, {"bql_locked", "qemu_mutex_iothread_locked"});
  finder.need(s.qemu_add_machine_init_done_notifier, {"qemu_add_machine_init_done_notifier"});
  finder.need(s.qemu_add_vm_change_state_handler, {"qemu_add_vm_change_state_handler"});
  finder.need(s.qmp_quit, {"qmp_quit"});
  finder.need(s.qemu_shutdown_requested_get, {"qemu_shutdown_requested_get"});
  finder.need(s.qemu_reset_requested_get, {"qemu_reset_requested_get"});
  finder.need(s.use_icount, {"use_icount"});
  finder.need(s.rtc_clock, {"rtc_clock"});
  search.missing = finder.take_missing();

  finder.find(s.qmp_query_version, {"qmp_query_version"});
  finder.find(s.qapi_enum_lookup, {"qapi_enum_lookup"});
  finder.find(s.run_state_table, {"RunState_lookup"});
  finder.find(s.shutdown_action, {"shutdown_action"});

  finder.find(s.get_ptr_rcu_reader, {"get_ptr_rcu_reader"});
  finder.find(s.rcu_remove_force_rcu_notifier, {"rcu_remove_force_rcu_notifier"});

  finder.find(s.all_cpu_threads_idle, {"all_cpu_threads_idle"});
  finder.find(s.qemu_system_shutdown_request_with_code, {"qemu_system_shutdown_request_with_code"});
  finder.find(s.qemu_register_shutdown_notifier, {"qemu_register_shutdown_notifier"});
  finder.find(s.timerlist_deadline_ns, {"timerlist_deadline_ns"});
  finder.find(s.runstate_get, {"runstate_get"});
  finder.find(s.qemu_register_reset, {"qemu_register_reset"});

  finder.find(s.qemu_in_vcpu_thread, {"qemu_in_vcpu_thread"});
  finder.find(s.timerlist_has_timers, {"timerlist_has_timers"});
  finder.find(s.timerlist_notify, {"timerlist_notify"});
  finder.find(s.qemu_timer_notify_cb, {"qemu_timer_notify_cb"});
  finder.find(s.main_loop_tlg, {"main_loop_tlg"});
  finder.find(s.bql_mutex_lock_func, {"bql_mutex_lock_func", "qemu_bql_mutex_lock_func"});
  finder.find(s.qemu_clock_run_timers, {"qemu_clock_run_timers"});
  finder.find(s.icount_start_warp_timer, {"icount_start_warp_timer"});
  finder.find(s.cpus_get_accel, {"cpus_get_accel"});
  finder.find(s.rr_kick_vcpu_thread, {"rr_kick_vcpu_thread"});
  return search;
}

}  // namespace fermata::qemu
