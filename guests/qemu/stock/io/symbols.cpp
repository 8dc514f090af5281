// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/io/symbols.hpp"

namespace fermata::qemu {
namespace {

// One visit of all symbols, for finding and for listing what lacks.
template <typename Visit>
void visit_symbols(IoSymbols& s, Visit visit) {
  visit(IoFeature::serial, "qemu_chr_find", s.qemu_chr_find);
  visit(IoFeature::serial, "qemu_chr_be_can_write", s.qemu_chr_be_can_write);
  visit(IoFeature::serial, "qemu_chr_be_write", s.qemu_chr_be_write);
  visit(IoFeature::serial, "qemu_chr_write", s.qemu_chr_write);
  visit(IoFeature::serial, "qemu_chr_fe_accept_input", s.qemu_chr_fe_accept_input);
  visit(IoFeature::serial, "object_get_class", s.object_get_class);
  visit(IoFeature::ethernet, "qemu_new_net_client", s.qemu_new_net_client);
  visit(IoFeature::ethernet, "qemu_send_packet_async", s.qemu_send_packet_async);
  visit(IoFeature::lines, "object_resolve_path_type", s.object_resolve_path_type);
  visit(IoFeature::lines, "object_property_find", s.object_property_find);
  visit(IoFeature::lines, "qdev_get_gpio_in", s.qdev_get_gpio_in);
  visit(IoFeature::lines, "qemu_set_irq", s.qemu_set_irq);
  visit(IoFeature::windows, "memory_region_init_io", s.memory_region_init_io);
  visit(IoFeature::windows, "memory_region_add_subregion_overlap", s.memory_region_add_subregion_overlap);
  visit(IoFeature::windows, "get_system_memory", s.get_system_memory);
  visit(IoFeature::windows, "get_system_io", s.get_system_io);
  visit(IoFeature::memory, "get_system_memory", s.get_system_memory);
  visit(IoFeature::memory, "memory_region_from_host", s.memory_region_from_host);
  visit(IoFeature::memory, "memory_region_find", s.memory_region_find);
  visit(IoFeature::memory, "memory_region_get_ram_addr", s.memory_region_get_ram_addr);
  visit(IoFeature::memory, "memory_region_is_ram_device", s.memory_region_is_ram_device);
  visit(IoFeature::memory, "memory_region_unref", s.memory_region_unref);
  visit(IoFeature::snapshots, "qmp_human_monitor_command", s.qmp_human_monitor_command);
  visit(IoFeature::snapshots, "aio_bh_schedule_oneshot_full", s.aio_bh_schedule_oneshot_full);
  visit(IoFeature::snapshots, "qemu_get_aio_context", s.qemu_get_aio_context);
}

}  // namespace

const char* to_string(IoFeature feature) {
  switch (feature) {
    case IoFeature::serial: return "exact serial";
    case IoFeature::ethernet: return "exact Ethernet";
    case IoFeature::lines: return "interrupt lines";
    case IoFeature::windows: return "register windows";
    case IoFeature::memory: return "guest memory";
    case IoFeature::snapshots: return "checkpoints";
  }
  return "unknown";
}

std::vector<std::string> missing_for(IoFeature feature, const SymbolLookup& lookup) {
  std::vector<std::string> missing;
  IoSymbols symbols;
  visit_symbols(symbols, [&](IoFeature of, const char* name, auto& /*slot*/) {
    if (of == feature && lookup(name) == nullptr) {
      missing.emplace_back(name);
    }
  });
  for (const char* name : {"map", "unmap"}) {  // called otherwise from 11 on
    const std::string old_name = std::string("cpu_physical_memory_") + name;
    const std::string new_name = std::string("physical_memory_") + name;
    if (feature == IoFeature::memory && lookup(old_name.c_str()) == nullptr && lookup(new_name.c_str()) == nullptr) {
      missing.push_back(new_name);
    }
  }
  return missing;
}

IoSymbols find_io_symbols(const SymbolLookup& lookup) {
  IoSymbols symbols;
  const auto find = [&]<typename Pointer>(const char* name, Pointer& slot) {
    slot = reinterpret_cast<Pointer>(lookup(name));
  };
  visit_symbols(symbols, [&](IoFeature, const char* name, auto& slot) { find(name, slot); });
  find("qemu_register_shutdown_notifier", symbols.qemu_register_shutdown_notifier);
  find("shutdown_action", symbols.shutdown_action);
  find("cpu_physical_memory_rw", symbols.cpu_physical_memory_rw);
  find("physical_memory_read", symbols.physical_memory_read);
  find("physical_memory_write", symbols.physical_memory_write);
  find("cpu_physical_memory_is_io", symbols.cpu_physical_memory_is_io);
  const auto find_either = [&](const char* old_name, const char* new_name, auto& slot) {
    find(lookup(new_name) != nullptr ? new_name : old_name, slot);
  };
  find_either("cpu_physical_memory_map", "physical_memory_map", symbols.physical_memory_map);
  find_either("cpu_physical_memory_unmap", "physical_memory_unmap", symbols.physical_memory_unmap);
  return symbols;
}

}  // namespace fermata::qemu
