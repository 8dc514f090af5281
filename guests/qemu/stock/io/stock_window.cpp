// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/io/stock_window.hpp"

#include <cstring>

namespace fermata::qemu {
namespace {

constexpr int in_front = 10;  // priority over what the machine has at the same addresses
constexpr int little_endian = 2;

// MemoryRegionOps.
struct Operations {
  std::uint64_t (*read)(void* window, std::uint64_t offset, unsigned size);
  void (*write)(void* window, std::uint64_t offset, std::uint64_t value, unsigned size);
  void* read_with_attributes;
  void* write_with_attributes;
  int endianness;
  struct Valid {
    unsigned min_size;
    unsigned max_size;
    bool is_misaligned_allowed;
    void* accepts;
  } valid;
  struct Implementation {
    unsigned min_size;
    unsigned max_size;
    bool is_misaligned_allowed;
  } implementation;
};

}  // namespace

void StockWindow::set_operations(const bus::AccessRules& rules) {
  const Operations operations{
      .read =
          [](void* window, std::uint64_t offset, unsigned width) {
            const RegisterWindow::Handlers& handlers = static_cast<StockWindow*>(window)->handlers_;
            return handlers.read ? handlers.read(offset, width) : std::uint64_t{0};
          },
      .write =
          [](void* window, std::uint64_t offset, std::uint64_t value, unsigned width) {
            const RegisterWindow::Handlers& handlers = static_cast<StockWindow*>(window)->handlers_;
            if (handlers.write) {
              handlers.write(offset, width, value);
            }
          },
      .read_with_attributes = nullptr,
      .write_with_attributes = nullptr,
      .endianness = little_endian,
      .valid = {.min_size = rules.min_size,
                .max_size = rules.max_size,
                .is_misaligned_allowed = rules.is_misaligned_allowed,
                .accepts = nullptr},
      .implementation = {.min_size = 1, .max_size = 8, .is_misaligned_allowed = rules.is_misaligned_allowed}};
  static_assert(sizeof operations <= sizeof operations_);
  std::memcpy(operations_.data(), &operations, sizeof operations);
}

StockWindow::StockWindow(const IoSymbols& symbols, const std::string& name, Space space, std::uint64_t base,
                         std::uint64_t size, const bus::AccessRules& rules)
    : name_("fermata-" + name) {
  set_operations(rules);
  symbols.memory_region_init_io(&region_, nullptr, operations_.data(), this, name_.c_str(), size);
  void* container = space == Space::memory ? symbols.get_system_memory() : symbols.get_system_io();
  symbols.memory_region_add_subregion_overlap(container, base, &region_, in_front);
}

}  // namespace fermata::qemu
