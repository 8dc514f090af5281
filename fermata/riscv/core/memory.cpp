// SPDX-License-Identifier: MIT
#include "fermata/riscv/core/memory.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "fermata/riscv/core/csr_bits.hpp"
#include "fermata/riscv/translation/mmu.hpp"

namespace fermata::riscv::core {
namespace {

using translation::AccessKind;

constexpr std::size_t user_view = 0, supervisor_view = 1, supervisor_sum_view = 2, machine_view = 3;

std::byte* ram_pointer(HartState& hart, std::uint64_t physical, bool for_writing) {
  const auto place = hart.memory->ram_at(physical);
  return place && (!for_writing || place->ram->is_writable()) ? place->ram->data() + place->offset : nullptr;
}

/// Page tables in RAM, as supervisor mode may access it (privileged specification, "Virtual Address Translation
/// Process": PMP checks apply to the walk as if by supervisor mode).
class RamPageTables final : public translation::PageTablePort {
 public:
  explicit RamPageTables(HartState& hart) : hart_(hart) {}

  std::optional<std::uint64_t> read_entry(std::uint64_t physical) override {
    const std::byte* const host = pointer(physical, AccessKind::load);
    if (host == nullptr) {
      return std::nullopt;
    }
    std::uint64_t entry = 0;
    std::memcpy(&entry, host, sizeof entry);
    return entry;
  }

  Update update_entry(std::uint64_t physical, std::uint64_t expected, std::uint64_t desired) override {
    std::byte* const host = pointer(physical, AccessKind::store);
    if (host == nullptr) {
      return Update::fault;
    }
    std::uint64_t entry = 0;
    std::memcpy(&entry, host, sizeof entry);
    if (entry != expected) {
      return Update::changed;
    }
    std::memcpy(host, &desired, sizeof desired);
    hart_.code->written(physical, sizeof desired);
    return Update::done;
  }

 private:
  std::byte* pointer(std::uint64_t physical, AccessKind kind) {
    return hart_.pmp.permits(physical, sizeof(std::uint64_t), kind, false)
               ? ram_pointer(hart_, physical, kind == AccessKind::store)
               : nullptr;
  }
  HartState& hart_;
};

std::uint64_t page_fault(AccessKind kind) {
  return kind == AccessKind::fetch  ? cause::fetch_page
         : kind == AccessKind::load ? cause::load_page
                                    : cause::store_page;
}
std::uint64_t access_fault(AccessKind kind) {
  return kind == AccessKind::fetch  ? cause::fetch_access
         : kind == AccessKind::load ? cause::load_access
                                    : cause::store_access;
}

Privilege effective_privilege(const HartState& hart, AccessKind kind) {
  const bool is_modified = kind != AccessKind::fetch && (hart.csrs.mstatus & status::mprv) != 0;
  return is_modified ? static_cast<Privilege>(hart.csrs.mstatus >> status::mpp_shift & 3) : hart.privilege;
}

translation::Translation translate(HartState& hart, std::uint64_t address, AccessKind kind, Privilege privilege) {
  if (privilege == Privilege::machine) {
    return {.physical = address, .rights = translation::Rights::all()};
  }
  RamPageTables tables(hart);
  return translation::translate({.satp = hart.csrs.satp,
                                 .is_user = privilege == Privilege::user,
                                 .sum = (hart.csrs.mstatus & status::sum) != 0,
                                 .mxr = (hart.csrs.mstatus & status::mxr) != 0},
                                address, kind, tables);
}

/// Lets the next accesses to the page take the fast path, as far as `rights` say.
void remember(HartState& hart, std::uint64_t address, const Place& place, translation::Rights rights) {
  const std::uint64_t tag = address & page_mask;
  const std::uint64_t to_host = distance_to_host(address, place.host);
  const auto begin = hart.memory->ram_at(place.physical & page_mask);
  const auto end = hart.memory->ram_at(place.physical | ~page_mask);
  if (!begin || !end || begin->ram != end->ram) {
    return;
  }
  if (rights.load) {
    hart.data->loads.fill(MemoryView::page_index(address), {tag, to_host});
  }
  if (rights.store && begin->ram->is_writable()) {
    CodePage* const page = hart.code->find_page(place.physical & page_mask);
    const bool has_code = page != nullptr && page->lines != 0;
    hart.data->stores.fill(MemoryView::page_index(address),
                           {tag | (has_code ? StoreEntry::has_code : 0), to_host, page});
  }
}

MemoryView* view(HartState& hart, std::size_t index) {
  auto& slot = hart.views[index];
  if (slot == nullptr) {
    slot = std::make_unique<MemoryView>();
  }
  return slot.get();
}

void forget(MemoryView* view) {
  if (view != nullptr) {
    view->forget();
  }
}

}  // namespace

Place resolve(HartState& hart, std::uint64_t address, unsigned size, AccessKind kind) {
  const Privilege privilege = effective_privilege(hart, kind);
  const translation::Translation found = translate(hart, address, kind, privilege);
  if (found.fault != translation::Fault::none) {
    return {.cause = found.fault == translation::Fault::page ? page_fault(kind) : access_fault(kind)};
  }
  const bool is_machine = privilege == Privilege::machine;
  const auto protection = hart.pmp.page_rights(found.physical, is_machine);
  if (protection.is_uniform ? !protection.rights.permit(kind)
                            : !hart.pmp.permits(found.physical, size, kind, is_machine)) {
    return {.cause = access_fault(kind)};
  }
  Place place{.physical = found.physical};
  place.host = ram_pointer(hart, found.physical, kind == AccessKind::store);
  if (place.host != nullptr && ram_pointer(hart, found.physical + size - 1, false) == place.host + size - 1) {
    place.kind = Place::Kind::ram;
    place.is_page_uniform = protection.is_uniform;
    if (protection.is_uniform && kind != AccessKind::fetch) {
      remember(hart, address, place, found.rights & protection.rights);
    }
  } else if (kind != AccessKind::fetch && hart.memory->window_takes(found.physical, size)) {
    place.kind = Place::Kind::window;
  } else {
    place.cause = access_fault(kind);
  }
  return place;
}

void update_views(HartState& hart) {
  const Privilege privilege = effective_privilege(hart, AccessKind::load);
  const bool sum = (hart.csrs.mstatus & status::sum) != 0;
  hart.fetch = view(hart, hart.privilege == Privilege::user         ? user_view
                          : hart.privilege == Privilege::supervisor ? supervisor_view
                                                                    : machine_view);
  hart.data = view(hart, privilege == Privilege::user      ? user_view
                         : privilege == Privilege::machine ? machine_view
                         : sum                             ? supervisor_sum_view
                                                           : supervisor_view);
}

void flush_translations(HartState& hart) {
  for (const std::size_t index : {user_view, supervisor_view, supervisor_sum_view}) {
    forget(hart.views[index].get());
  }
}

void flush_views(HartState& hart) {
  flush_translations(hart);
  forget(hart.views[machine_view].get());
}

}  // namespace fermata::riscv::core
