// SPDX-License-Identifier: MIT
#include "fermata/riscv/code_cache.hpp"

#include <algorithm>

namespace fermata::riscv {
namespace {

// A tiny guest needs little; a large one should not ask often.
constexpr std::size_t first_chunk = 4096;
constexpr std::size_t largest_chunk = 256 * 1024;

std::uint64_t page_of(std::uint64_t at) { return at & ~(CodePage::size - 1); }

/// The bits of the lines that `size` bytes (at least 1) of a page from `offset` on lie in.
std::uint64_t lines_of(std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t first = offset / CodePage::line_size;
  const std::uint64_t last = (offset + size - 1) / CodePage::line_size;
  return ~std::uint64_t{0} << first & ~std::uint64_t{0} >> (63 - last);
}

bool has_block_in(const CodePage& page, std::uint64_t at, std::uint64_t size) {
  // Whatever covers `at` begins at most two lines before it: see the limit on a block's length in block_builder.hpp.
  const std::uint64_t first = at % CodePage::size / CodePage::line_size;
  const std::uint64_t last = (at % CodePage::size + size - 1) / CodePage::line_size;
  for (std::uint64_t line = first - std::min<std::uint64_t>(first, 2); line <= last; ++line) {
    for (const Block* block = page.first_in_line[line]; block != nullptr; block = block->next) {
      if (block->physical < at + size && at < block->physical + block->bytes) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

CodeCache::CodeCache(bus::AddressSpace& memory, std::size_t limit) : memory_(memory), limit_(limit) {
  memory_.set_ram_observer(this);
}

CodeCache::~CodeCache() { memory_.set_ram_observer(nullptr); }

void CodeCache::add_user(CodeUser& user) { users_.push_back(&user); }

void CodeCache::remove_user(CodeUser& user) { std::erase(users_, &user); }

CodePage* CodeCache::find_page(std::uint64_t physical) {
  const auto found = pages_.find(physical);
  return found == pages_.end() ? nullptr : found->second.get();
}

CodePage* CodeCache::page_at(std::uint64_t physical) {
  if (CodePage* const page = find_page(physical)) {
    return page;
  }
  const auto place = memory_.ram_at(physical);
  const auto end = memory_.ram_at(physical + CodePage::size - 1);
  if (!place || !end || place->ram != end->ram || end->offset - place->offset != CodePage::size - 1) {
    return nullptr;
  }
  auto page = std::make_unique<CodePage>();
  page->physical = physical;
  page->host = place->ram->data() + place->offset;
  return (pages_[physical] = std::move(page)).get();
}

std::byte* CodeCache::allocate(std::size_t ops) {
  const std::size_t size = sizeof(Block) + ops * sizeof(Op);
  if (size > free_size_) {
    const std::size_t chunk = std::clamp(used_, first_chunk, largest_chunk);
    chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(chunk));
    free_ = chunks_.back().get();
    free_size_ = chunk;
    used_ += chunk;
  }
  std::byte* const result = free_;
  free_ += size;
  free_size_ -= size;
  return result;
}

void CodeCache::keep(Block& block) {
  CodePage& page = *block.page;
  const bool is_first = page.lines == 0;
  page.lines |= lines_of(block.physical % CodePage::size, block.bytes);
  Block*& first = page.first_in_line[block.physical % CodePage::size / CodePage::line_size];
  block.next = first;
  first = &block;
  if (is_first) {
    for (CodeUser* user : users_) {
      user->code_appeared(page);
    }
  }
}

void CodeCache::written(std::uint64_t at, std::uint64_t size) {
  while (size > 0) {
    const std::uint64_t in_page = std::min(size, CodePage::size - at % CodePage::size);
    if (CodePage* const page = find_page(page_of(at))) {
      written(*page, at, in_page);
    }
    at += in_page;
    size -= in_page;
  }
}

void CodeCache::written(CodePage& page, std::uint64_t at, std::uint64_t size) {
  if ((page.lines & lines_of(at % CodePage::size, size)) != 0 && has_block_in(page, at, size)) {
    drop(page);
  }
}

void CodeCache::drop(CodePage& page) {
  page.lines = 0;
  page.first_in_line.fill(nullptr);
  for (CodeUser* user : users_) {
    user->code_dropped(page);
  }
}

void CodeCache::drop_all() {
  for (CodeUser* user : users_) {
    user->all_code_dropped();
  }
  pages_.clear();
  chunks_.clear();
  free_ = nullptr;
  free_size_ = 0;
  used_ = 0;
}

}  // namespace fermata::riscv
