// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/io/stock_window.hpp"

#include <utility>

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

StockWindow::StockWindow(const IoSymbols& symbols, const std::string& name, Space space, std::uint64_t base,
                         std::uint64_t size)
    : name_("fermata-" + name) {
  static constexpr Operations operations{
      .read =
          [](void* window, std::uint64_t offset, unsigned width) {
            const RegisterWindow::Handlers& handlers = static_cast<StockWindow*>(window)->handlers_;
            return handlers.read ? handlers.read(offset, width) : std::uint64_t{0};
          },
      .write =
          [](void* window, std::uint64_t offset, std::uint64_t value, unsigned width) {
            if (const RegisterWindow::Handlers& handlers = static_cast<StockWindow*>(window)->handlers_;
                handlers.write) {
              handlers.write(offset, width, value);
            }
          },
      .read_with_attributes = nullptr,
      .write_with_attributes = nullptr,
      .endianness = little_endian,
      .valid = {.min_size = 1, .max_size = 8, .is_misaligned_allowed = false, .accepts = nullptr},
      .implementation = {.min_size = 1, .max_size = 8, .is_misaligned_allowed = false}};
  symbols.memory_region_init_io(&region_, nullptr, &operations, this, name_.c_str(), size);
  void* container = space == Space::memory ? symbols.get_system_memory() : symbols.get_system_io();
  symbols.memory_region_add_subregion_overlap(container, base, &region_, in_front);
}

}  // namespace fermata::qemu
