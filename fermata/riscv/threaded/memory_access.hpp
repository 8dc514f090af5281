// SPDX-License-Identifier: MIT
//
// Loads and stores of the handlers. The fast path is a look at the hart's view of memory; whatever is not there, not
// aligned, a device, or code, goes the slow way.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "fermata/riscv/code_block.hpp"
#include "fermata/riscv/core/hart_state.hpp"
#include "fermata/riscv/core/memory_view.hpp"

namespace fermata::riscv::threaded {

static_assert(std::endian::native == std::endian::little, "guest memory is accessed as the host's");

/// Where an aligned T is, if the fast path has it; else null.
template <class T>
const std::byte* fast_load_pointer(core::HartState& hart, std::uint64_t address) {
  const core::LoadEntry& entry = hart.data->loads[core::MemoryView::page_index(address)];
  return (address & (core::page_mask | (sizeof(T) - 1))) == entry.tag ? core::host_pointer(address, entry.to_host)
                                                                      : nullptr;
}
template <class T>
std::byte* fast_store_pointer(core::HartState& hart, std::uint64_t address) {
  const core::StoreEntry& entry = hart.data->stores[core::MemoryView::page_index(address)];
  return (address & (core::page_mask | (sizeof(T) - 1))) == entry.tag ? core::host_pointer(address, entry.to_host)
                                                                      : nullptr;
}

template <class T>
T read_at(const std::byte* host) {
  T value;
  std::memcpy(&value, host, sizeof value);
  return value;
}
template <class T>
void write_at(std::byte* host, T value) {
  std::memcpy(host, &value, sizeof value);
}

/// What a slow load found; not `done`: `leave_load` is to follow.
struct Loaded {
  bool done;
  std::uint64_t value;  ///< not sign-extended
};
[[nodiscard]] Loaded load_slowly(core::HartState& hart, Op* op, std::uint64_t address, unsigned size);
/// False: the trap is taken and the block left.
[[nodiscard]] bool store_slowly(core::HartState& hart, Op* op, std::uint64_t address, unsigned size,
                                std::uint64_t value);
/// After a load that is not done: the trap has been taken; or its value comes later, for which `finish` is kept, and
/// the block is left as after the load. Always null.
Op* leave_load(core::HartState& hart, Op* op,
               void (*finish)(core::HartState& hart, std::uint8_t rd, std::uint64_t value));

}  // namespace fermata::riscv::threaded
