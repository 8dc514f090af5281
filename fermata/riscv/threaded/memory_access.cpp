// SPDX-License-Identifier: MIT
#include "fermata/riscv/threaded/memory_access.hpp"

#include <utility>

#include "fermata/riscv/core/csr_bits.hpp"
#include "fermata/riscv/core/memory.hpp"
#include "fermata/riscv/threaded/dispatch.hpp"

namespace fermata::riscv::threaded {
namespace {

using core::Place;
using translation::AccessKind;

bool crosses_page(std::uint64_t address, unsigned size) {
  return (address & ~core::page_mask) + size > core::page_size;
}

std::uint64_t read_bytes(const std::byte* host, unsigned size) {
  std::uint64_t value = 0;
  std::memcpy(&value, host, size);
  return value;
}

/// A page that the view has, for an access that is only not aligned.
Place known_load(HartState& hart, std::uint64_t address) {
  const core::LoadEntry& entry = hart.data->loads[core::MemoryView::page_index(address)];
  if (entry.tag != (address & core::page_mask)) {
    return {};
  }
  return {.kind = Place::Kind::ram, .host = core::host_pointer(address, entry.to_host)};
}

Place place_of_load(HartState& hart, std::uint64_t address, unsigned size) {
  const Place known = known_load(hart, address);
  return known.kind == Place::Kind::ram ? known : core::resolve(hart, address, size, AccessKind::load);
}

/// Whether all of an instruction's access is in the page, or only a part of it.
enum class Extent : std::uint8_t { whole, part };

bool is_refused(const HartState& hart, const Place& place, Extent extent) {
  return extent == Extent::part && place.kind == Place::Kind::window && hart.memory->may_answer_later(place.physical);
}

Loaded load_in_page(HartState& hart, Op* op, std::uint64_t address, unsigned size, Extent extent) {
  Place place = place_of_load(hart, address, size);
  if (is_refused(hart, place, extent)) {
    place = {.cause = core::cause::load_access};
  }
  switch (place.kind) {
    case Place::Kind::ram: return {true, read_bytes(place.host, size)};
    case Place::Kind::window: {
      synchronise_time(hart, op);
      const std::uint64_t value = hart.memory->read(place.physical, size).value_or(0);
      return {!hart.deferred.is_wanted, value};
    }
    case Place::Kind::fault: break;
  }
  raise(hart, op, place.cause, address);
  return {false, 0};
}

/// A store into a page that the view has, but with code in it; false if it has it not.
bool store_into_code(HartState& hart, std::uint64_t address, unsigned size, std::uint64_t value) {
  core::StoreEntry& entry = hart.data->stores[core::MemoryView::page_index(address)];
  if ((entry.tag & ~core::StoreEntry::has_code) != (address & core::page_mask)) {
    return false;
  }
  std::memcpy(core::host_pointer(address, entry.to_host), &value, size);
  if (entry.page != nullptr) {
    hart.code->written(*entry.page, entry.page->physical | (address & ~core::page_mask), size);
    entry.tag &= entry.page->lines == 0 ? ~core::StoreEntry::has_code : ~std::uint64_t{0};
  }
  return true;
}

bool store_in_page(HartState& hart, Op* op, std::uint64_t address, unsigned size, std::uint64_t value) {
  if (store_into_code(hart, address, size, value)) {
    return true;
  }
  const Place place = core::resolve(hart, address, size, AccessKind::store);
  switch (place.kind) {
    case Place::Kind::ram:
      std::memcpy(place.host, &value, size);
      hart.code->written(place.physical, size);
      return true;
    case Place::Kind::window:
      synchronise_time(hart, op);
      (void)hart.memory->write(place.physical, size, value);  // cannot fail: the window takes it
      return true;
    case Place::Kind::fault: break;
  }
  raise(hart, op, place.cause, address);
  return false;
}

}  // namespace

Loaded load_slowly(HartState& hart, Op* op, std::uint64_t address, unsigned size) {
  if (!crosses_page(address, size)) {
    return load_in_page(hart, op, address, size, Extent::whole);
  }
  const std::uint64_t second = (address + size) & core::page_mask;
  const auto in_first = static_cast<unsigned>(second - address);
  const Loaded low = load_in_page(hart, op, address, in_first, Extent::part);
  if (!low.done) {
    return low;
  }
  const Loaded high = load_in_page(hart, op, second, size - in_first, Extent::part);
  return {high.done, low.value | high.value << (8 * in_first)};
}

Op* leave_load(HartState& hart, Op* op, void (*finish)(HartState& hart, std::uint8_t rd, std::uint64_t value)) {
  if (hart.deferred.is_wanted) {
    hart.deferred.rd = op->rd;
    hart.deferred.finish = finish;
    leave_after(hart, op);
  }
  return nullptr;
}

bool store_slowly(HartState& hart, Op* op, std::uint64_t address, unsigned size, std::uint64_t value) {
  if (!crosses_page(address, size)) {
    return store_in_page(hart, op, address, size, value);
  }
  const std::uint64_t second = (address + size) & core::page_mask;
  const auto in_first = static_cast<unsigned>(second - address);
  // Nothing is written unless all of it can be.
  for (const auto& [at, bytes] : {std::pair(address, in_first), std::pair(second, size - in_first)}) {
    Place place = core::resolve(hart, at, bytes, AccessKind::store);
    if (is_refused(hart, place, Extent::part)) {
      place = {.cause = core::cause::store_access};
    }
    if (place.kind == Place::Kind::fault) {
      raise(hart, op, place.cause, at);
      return false;
    }
  }
  return store_in_page(hart, op, address, in_first, value) &&
         store_in_page(hart, op, second, size - in_first, value >> (8 * in_first));
}

}  // namespace fermata::riscv::threaded
