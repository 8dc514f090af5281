// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/symbols.hpp"

namespace fermata::qemu {
namespace {

// One visit of all symbols, for finding and for listing what lacks.
template <typename Visit>
void visit_symbols(TimeSymbols& s, Visit visit) {
  constexpr auto host = TimeFeature::host_time;
  visit(host, "cpus_get_accel", s.cpus_get_accel);
  visit(host, "cpus_get_virtual_clock", s.cpus_get_virtual_clock);
  visit(host, "cpus_get_elapsed_ticks", s.cpus_get_elapsed_ticks);
  visit(host, "cpu_get_clock", s.cpu_get_clock);
  visit(host, "timers_state", s.timers_state);
  visit(host, "pause_all_vcpus", s.pause_all_vcpus);
  visit(host, "resume_all_vcpus", s.resume_all_vcpus);
  visit(host, "cpu_stop_current", s.cpu_stop_current);
  visit(host, "qemu_clock_run_timers", s.qemu_clock_run_timers);
  visit(host, "qemu_clock_enable", s.qemu_clock_enable);
  visit(host, "cpus_are_resettable", s.cpus_are_resettable);
  visit(host, "cpu_synchronize_post_init", s.cpu_synchronize_post_init);
  visit(host, "timerlist_new", s.timerlist_new);
  visit(host, "rcu_register_thread", s.rcu_register_thread);
  constexpr auto kvm = TimeFeature::kvm;
  visit(kvm, "kvm_allowed", s.kvm_allowed);
  visit(kvm, "kvm_state", s.kvm_state);
  visit(kvm, "kvm_kernel_irqchip", s.kvm_kernel_irqchip);
  visit(kvm, "kvm_split_irqchip", s.kvm_split_irqchip);
  visit(kvm, "kvm_vm_ioctl", s.kvm_vm_ioctl);
  visit(kvm, "kvm_cpu_synchronize_post_init", s.kvm_cpu_synchronize_post_init);
  visit(kvm, "kvm_vcpu_ioctl", s.kvm_vcpu_ioctl);
  constexpr auto instructions = TimeFeature::instruction_time;
  visit(instructions, "qemu_plugin_scoreboard_new", s.qemu_plugin_scoreboard_new);
  visit(instructions, "qemu_plugin_scoreboard_find", s.qemu_plugin_scoreboard_find);
  visit(instructions, "qemu_plugin_register_vcpu_tb_exec_cond_cb", s.qemu_plugin_register_vcpu_tb_exec_cond_cb);
  visit(instructions, "qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu",
        s.qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu);
  visit(instructions, "qemu_plugin_tb_n_insns", s.qemu_plugin_tb_n_insns);
  visit(instructions, "cpu_thread_is_idle", s.cpu_thread_is_idle);
  visit(instructions, "cpu_is_stopped", s.cpu_is_stopped);
}

}  // namespace

const char* to_string(TimeFeature feature) {
  switch (feature) {
    case TimeFeature::host_time: return "multi-threaded TCG";
    case TimeFeature::kvm: return "KVM";
    case TimeFeature::instruction_time: return "multi-threaded TCG, time from instructions";
  }
  return "unknown";
}

std::vector<std::string> missing_for(TimeFeature feature, const SymbolLookup& lookup) {
  std::vector<std::string> missing;
  TimeSymbols symbols;
  visit_symbols(symbols, [&](TimeFeature of, const char* name, auto& /*slot*/) {
    if ((of == feature || of == TimeFeature::host_time) && lookup(name) == nullptr) {
      missing.emplace_back(name);
    }
  });
  return missing;
}

TimeSymbols find_time_symbols(const SymbolLookup& lookup) {
  TimeSymbols symbols;
  visit_symbols(symbols, [&]<typename Pointer>(TimeFeature, const char* name, Pointer& slot) {
    slot = reinterpret_cast<Pointer>(lookup(name));
  });
  symbols.qemu_cpu_kick = reinterpret_cast<void (*)(QemuCpu*)>(lookup("qemu_cpu_kick"));
  symbols.cpu_list_generation_id_get = reinterpret_cast<unsigned (*)()>(lookup("cpu_list_generation_id_get"));
  symbols.arm_handle_psci_call = lookup("arm_handle_psci_call");
  symbols.semihosting_enabled = reinterpret_cast<bool (*)(bool)>(lookup("semihosting_enabled"));
  symbols.qemu_mutex_unlock_impl = reinterpret_cast<LockFunction>(lookup("qemu_mutex_unlock_impl"));
  symbols.qemu_cond_wait_func = static_cast<SleepFunction*>(lookup("qemu_cond_wait_func"));
  return symbols;
}

}  // namespace fermata::qemu
