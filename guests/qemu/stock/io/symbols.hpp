// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guests/qemu/stock/symbols.hpp"

namespace fermata::qemu {

/// What memory_region_find gives: QEMU's MemoryRegionSection, of which only the region is looked at, once its place was
/// verified.
struct MemorySection {
  std::uint64_t size[2];
  void* region;
  void* rest[61];  // far more than any QEMU writes
};

/// QEMU's functions for the far ends of its guest's devices, found by name. All are null where the QEMU lacks one of
/// the same feature.
struct IoSymbols {
  // Serial lines: character devices.
  void* (*qemu_chr_find)(const char* id) = nullptr;
  int (*qemu_chr_be_can_write)(void* chardev) = nullptr;
  void (*qemu_chr_be_write)(void* chardev, const std::uint8_t* bytes, int count) = nullptr;
  int (*qemu_chr_write)(void* chardev, const std::uint8_t* bytes, int count, bool all) = nullptr;
  void (*qemu_chr_fe_accept_input)(void* frontend) = nullptr;
  void* (*object_get_class)(void* object) = nullptr;
  // Ethernet.
  void* (*qemu_new_net_client)(const void* info, void* peer, const char* model, const char* name) = nullptr;
  long (*qemu_send_packet_async)(void* client, const std::uint8_t* frame, int size,
                                 void (*sent)(void* client, long result)) = nullptr;
  // Interrupt lines.
  void* (*object_resolve_path_type)(const char* path, const char* type, bool* is_ambiguous) = nullptr;
  void* (*object_property_find)(void* object, const char* name) = nullptr;
  void* (*qdev_get_gpio_in)(void* device, int number) = nullptr;
  void (*qemu_set_irq)(void* irq, int level) = nullptr;
  // Windows.
  void (*memory_region_init_io)(void* region, void* owner, const void* operations, void* opaque, const char* name,
                                std::uint64_t size) = nullptr;
  void (*memory_region_add_subregion_overlap)(void* container, std::uint64_t offset, void* region,
                                              int priority) = nullptr;
  void* (*get_system_memory)() = nullptr;
  void* (*get_system_io)() = nullptr;
  // A device's access to memory: the first before 11, the others from then on.
  void (*cpu_physical_memory_rw)(std::uint64_t at, void* bytes, std::uint64_t size, bool is_write) = nullptr;
  void (*physical_memory_read)(std::uint64_t at, void* bytes, std::uint64_t size) = nullptr;
  void (*physical_memory_write)(std::uint64_t at, const void* bytes, std::uint64_t size) = nullptr;
  bool (*cpu_physical_memory_is_io)(std::uint64_t at) = nullptr;  // before 11
  // What is memory. Of the first two, before 11 the one, from then on the other.
  void* (*physical_memory_map)(std::uint64_t at, std::uint64_t* size, bool is_write) = nullptr;
  void (*physical_memory_unmap)(void* bytes, std::uint64_t size, bool is_write, std::uint64_t accessed) = nullptr;
  void* (*memory_region_from_host)(void* bytes, std::uint64_t* offset) = nullptr;
  MemorySection (*memory_region_find)(void* container, std::uint64_t at, std::uint64_t size) = nullptr;
  std::uint64_t (*memory_region_get_ram_addr)(void* region) = nullptr;
  bool (*memory_region_is_ram_device)(void* region) = nullptr;
  void (*memory_region_unref)(void* region) = nullptr;
  // Snapshots.
  char* (*qmp_human_monitor_command)(const char* line, bool has_cpu, std::int64_t cpu, void** error) = nullptr;
  void (*aio_bh_schedule_oneshot_full)(void* context, void (*call)(void*), void* opaque, const char* name) = nullptr;
  void* (*qemu_get_aio_context)() = nullptr;
  void (*qemu_register_shutdown_notifier)(QemuNotifier*) = nullptr;  // done without, as is the next
  const int* shutdown_action = nullptr;
};

/// What the agent can do of I/O in a QEMU.
enum class IoFeature : std::uint8_t { serial, ethernet, lines, windows, memory, snapshots };
/// The feature as words for messages, e.g. "exact serial".
[[nodiscard]] const char* to_string(IoFeature feature);

/// The names that `feature` needs and the program lacks.
[[nodiscard]] std::vector<std::string> missing_for(IoFeature feature, const SymbolLookup& lookup);

/// Finds them all.
[[nodiscard]] IoSymbols find_io_symbols(const SymbolLookup& lookup);

}  // namespace fermata::qemu
