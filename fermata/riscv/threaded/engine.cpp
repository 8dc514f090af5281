// SPDX-License-Identifier: MIT
#include "fermata/riscv/threaded/engine.hpp"

#include <cstring>
#include <new>

#include "fermata/riscv/core/csr_bits.hpp"
#include "fermata/riscv/core/memory.hpp"
#include "fermata/riscv/core/trap.hpp"
#include "fermata/riscv/decoding/decode.hpp"
#include "fermata/riscv/threaded/dispatch.hpp"
#include "fermata/riscv/threaded/handlers.hpp"

namespace fermata::riscv::threaded {
namespace {

using core::Place;
using translation::AccessKind;
namespace attention = core::attention;

// A handler whose first instruction traps retires nothing, for ever. Nobody needs so many traps in a row.
constexpr unsigned patience = 10'000;

std::uint16_t half_at(const std::byte* host) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, host, sizeof bits);
  return bits;
}

}  // namespace

Engine::Engine(core::HartState& hart) : hart_(hart) {
  hart_.code->add_user(*this);
  core::update_views(hart_);
}

Engine::~Engine() { hart_.code->remove_user(*this); }

void Engine::forget() { hart_.code->drop_all(); }

RunStop Engine::run() {
  hart_.link = nullptr;
  std::uint64_t left_before = hart_.left + 1;
  unsigned turns_in_vain = 0;
  while (true) {
    if (hart_.needs_attention() && !take_attention()) {
      return RunStop::left;
    }
    if (hart_.is_waiting) {
      return RunStop::waiting;
    }
    if (hart_.left == 0) {
      return RunStop::budget;
    }
    turns_in_vain = hart_.left == left_before ? turns_in_vain + 1 : 0;
    left_before = hart_.left;
    if (turns_in_vain > patience) {
      return RunStop::stuck;
    }
    Block* const block = find_block();
    if (Block* const fitting = block == nullptr ? nullptr : fit_budget(*block)) {
      execute(*fitting);
    }
  }
}

/// False: it was to leave.
bool Engine::take_attention() {
  const std::uint32_t seen =
      hart_.attention.fetch_and(~(attention::leave | attention::code), std::memory_order_acquire);
  if ((seen & attention::leave) != 0) {
    return false;
  }
  if ((seen & attention::interrupt) != 0 && hart_.left > 0) {
    core::take_interrupt(hart_);
    hart_.link = nullptr;
  }
  return true;
}

void Engine::execute(Block& block) {
  hart_.left -= block.count;
  hart_.block = &block;
  for (Op* op = block.ops(); op != nullptr;) {
    op = op->run(hart_, op);
  }
}

/// The block at the pc, or null: a trap was taken.
Block* Engine::find_block() {
  hart_.page = hart_.pc & core::page_mask;
  const core::JumpEntry& entry = hart_.fetch->jumps[core::MemoryView::jump_index(hart_.pc)];
  Block* block = entry.pc == hart_.pc ? entry.block : nullptr;
  if (block == nullptr) {
    if (hart_.code->is_full()) {
      hart_.link = nullptr;
      hart_.code->drop_all();
    }
    CodePage* const page = fetch_page();
    block = page != nullptr ? find_in_page(*page) : nullptr;
    if (block == nullptr) {
      hart_.link = nullptr;
      return single_instruction();
    }
    hart_.fetch->jumps.fill(core::MemoryView::jump_index(hart_.pc), {hart_.pc, block});
  }
  if (hart_.link != nullptr) {
    *hart_.link = block;
    hart_.link = nullptr;
  }
  return block;
}

/// Null: not all of it is known to be executable RAM.
CodePage* Engine::fetch_page() {
  const std::size_t index = core::MemoryView::fetch_index(hart_.pc);
  if (hart_.fetch->fetches[index].tag != hart_.page) {
    const Place place = core::resolve(hart_, hart_.pc, sizeof(std::uint16_t), AccessKind::fetch);
    if (place.kind != Place::Kind::ram || !place.is_page_uniform) {
      return nullptr;
    }
    CodePage* const page = hart_.code->page_at(place.physical & core::page_mask);
    if (page == nullptr) {
      return nullptr;
    }
    hart_.fetch->fetches.fill(index, {hart_.page, page});
  }
  return hart_.fetch->fetches[index].page;
}

/// Null: the first instruction goes beyond the page.
Block* Engine::find_in_page(CodePage& page) {
  const std::uint64_t physical = page.physical | (hart_.pc & ~core::page_mask);
  Block* const block = page.find(physical);
  return block != nullptr ? block : build(page, physical);
}

Block* Engine::build(CodePage& page, std::uint64_t physical) {
  auto offset = static_cast<unsigned>(physical & ~core::page_mask);
  BlockBuilder builder(offset);
  bool goes_on = true;
  while (goes_on && offset < core::page_size) {
    std::uint32_t bits = half_at(page.host + offset);
    const unsigned length = decoding::length_of(bits);
    if (offset + length > core::page_size) {
      break;
    }
    bits |= length == 4 ? static_cast<std::uint32_t>(half_at(page.host + offset + 2)) << 16 : 0;
    goes_on = builder.add(decoding::decode(bits));
    offset += length;
  }
  if (builder.count() == 0) {
    return nullptr;
  }
  builder.finish();
  Block* const block = new (hart_.code->allocate(builder.slots()))
      Block{.physical = physical, .page = &page, .next = nullptr, .count = builder.count(), .bytes = builder.bytes()};
  builder.put_behind(*block);
  hart_.code->keep(*block);
  return block;
}

/// The 16 bits at `pc`. False: a trap was taken.
bool Engine::fetch_half(std::uint64_t pc, std::uint16_t& bits) {
  const core::FetchEntry& known = hart_.fetch->fetches[core::MemoryView::fetch_index(pc)];
  if (known.tag == (pc & core::page_mask)) {
    bits = half_at(known.page->host + (pc & ~core::page_mask));
    return true;
  }
  const Place place = core::resolve(hart_, pc, sizeof bits, AccessKind::fetch);
  if (place.kind != Place::Kind::ram) {
    core::take_exception(hart_, place.cause, pc);
    return false;
  }
  bits = half_at(place.host);
  if (place.is_page_uniform) {
    if (CodePage* const page = hart_.code->page_at(place.physical & core::page_mask)) {
      hart_.fetch->fetches.fill(core::MemoryView::fetch_index(pc), {pc & core::page_mask, page});
    }
  }
  return true;
}

/// A block of one instruction that is not kept: for one that crosses pages, whose second half may change on its own,
/// and for pages that are executable in part only. Null: a trap was taken.
Block* Engine::single_instruction() {
  std::uint16_t low = 0;
  std::uint16_t high = 0;
  if (!fetch_half(hart_.pc, low)) {
    return nullptr;
  }
  if (decoding::length_of(low) == 4 && !fetch_half(hart_.pc + 2, high)) {
    return nullptr;
  }
  hart_.single_bits = low | static_cast<std::uint32_t>(high) << 16;
  Single& single = singles_[hart_.pc / core::page_size % singles_.size()];
  const std::uint64_t offset = hart_.pc & ~core::page_mask;
  if (single.block.count != 1 || single.bits != hart_.single_bits || single.block.physical != offset) {
    BlockBuilder builder(static_cast<unsigned>(offset));
    (void)builder.add(decoding::decode(hart_.single_bits));
    builder.finish();
    single.bits = hart_.single_bits;
    single.block = {.physical = offset, .page = nullptr, .next = nullptr, .count = 1, .bytes = builder.bytes()};
    builder.put_behind(single.block);
  }
  return &single.block;
}

/// As much of the block as the budget allows: the block itself, or a copy of its beginning.
Block* Engine::fit_budget(Block& block) {
  if (block.count <= hart_.left) {
    return &block;
  }
  Block* const part = &part_.block;
  *part = block;
  part->count = 0;
  Op* into = part->ops();
  for (const Op* op = block.ops(); part->count + op->count() <= hart_.left; ++op) {
    part->count += op->count();
    new (into++) Op(*op);
  }
  if (part->count == 0) {
    return single_instruction();
  }
  new (into) Op{.run = all_handlers().stop, .immediate = 0, .rd = 0, .rs1 = 0, .rs2 = 0, .size = 0};
  return part;
}

void Engine::code_appeared(CodePage& page) {
  for_each_view([&](core::MemoryView& view) {
    view.stores.for_each_filled([&](core::StoreEntry& entry) {
      if (core::host_pointer(entry.tag & core::page_mask, entry.to_host) == page.host) {
        entry.tag |= core::StoreEntry::has_code;
        entry.page = &page;
      }
    });
  });
}

void Engine::code_dropped(const CodePage& page) {
  for_each_view([&](core::MemoryView& view) {
    view.jumps.for_each_filled([&](core::JumpEntry& entry) {
      if (entry.block != nullptr && entry.block->page == &page) {
        entry = {};
      }
    });
  });
  if (hart_.block != nullptr && hart_.block->page == &page) {
    hart_.attention.fetch_or(attention::code, std::memory_order_relaxed);
    hart_.link = nullptr;
  }
}

void Engine::all_code_dropped() {
  core::flush_views(hart_);
  hart_.block = nullptr;
  hart_.link = nullptr;
}

}  // namespace fermata::riscv::threaded
