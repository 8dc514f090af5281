// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/accelerator_clock.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace fermata::qemu {
namespace {

// Where AccelOpsClass has get_virtual_clock and get_elapsed_ticks, in 11.1, 10.0 and 7.2, and their neighbours.
constexpr std::array<std::size_t, 4> clock_offsets = {200, 192, 184, 176};
constexpr std::array<std::size_t, 4> tick_offsets = {216, 208, 200, 192};

// QEMU's slots carry no context.
const AcceleratorClock::Reader* reader_in_use = nullptr;
bool was_read = false;

std::int64_t read_clock() { return reader_in_use->virtual_ns(); }

std::int64_t read_to_prove() {
  was_read = true;
  return 0;
}

using ReadClock = std::int64_t (*)();

// Fills the first empty slot through which `ask` comes to us. Each is restored that is not the one.
bool fill(std::byte* accelerator, std::span<const std::size_t> offsets, ReadClock ask) {
  for (const std::size_t offset : offsets) {
    auto* slot = reinterpret_cast<ReadClock*>(accelerator + offset);
    if (*slot != nullptr) {
      continue;
    }
    *slot = read_to_prove;
    was_read = false;
    static_cast<void>(ask());
    *slot = was_read ? read_clock : nullptr;
    if (was_read) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string AcceleratorClock::install(const TimeSymbols& symbols, const Reader& reader, bool has_tick_counter) {
  reader_in_use = &reader;
  auto* accelerator = static_cast<std::byte*>(symbols.cpus_get_accel());
  if (accelerator == nullptr || !fill(accelerator, clock_offsets, symbols.cpus_get_virtual_clock)) {
    return "the accelerator has no place for a virtual clock where a tested QEMU has it";
  }
  if (has_tick_counter && !fill(accelerator, tick_offsets, symbols.cpus_get_elapsed_ticks)) {
    return "the accelerator has no place for a cycle counter where a tested QEMU has it";
  }
  return {};
}

}  // namespace fermata::qemu
