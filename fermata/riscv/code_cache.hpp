// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "fermata/bus/address_space.hpp"
#include "fermata/riscv/code_block.hpp"

namespace fermata::riscv {

/// Is told what happens to decoded code: harts, which keep pointers to blocks and pages.
class CodeUser {
 public:
  virtual ~CodeUser() = default;
  /// A page that had no code has some from here on: writes into it must come to `CodeCache::written`.
  virtual void code_appeared(CodePage& page) = 0;
  /// The page's blocks are not valid any more. Their memory stays until all is dropped.
  virtual void code_dropped(const CodePage& page) = 0;
  /// No block and no page exists any more.
  virtual void all_code_dropped() = 0;
};

/// Keeps the decoded code of a machine, shared by its harts, coherent with RAM: whoever writes tells `written`, the
/// address space's own writes come as from RamObserver. What it holds is derived from RAM and never saved. One thread,
/// that of the harts.
class CodeCache final : public bus::RamObserver {
 public:
  static constexpr std::size_t default_limit = std::size_t{32} << 20;

  /// Makes itself the address space's observer, for its lifetime. `limit` bounds the bytes of decoded blocks, roughly:
  /// beyond it `is_full` says so.
  explicit CodeCache(bus::AddressSpace& memory, std::size_t limit = default_limit);
  ~CodeCache() override;
  CodeCache(const CodeCache&) = delete;
  CodeCache& operator=(const CodeCache&) = delete;

  /// `user` until it is removed.
  void add_user(CodeUser& user);
  void remove_user(CodeUser& user);

  /// The page at a multiple of 4096; null if nothing was decoded from it since `drop_all`, respectively if it is not
  /// RAM as a whole.
  [[nodiscard]] CodePage* find_page(std::uint64_t physical);
  [[nodiscard]] CodePage* page_at(std::uint64_t physical);

  /// Room for a block with so many Ops or Links behind it, uninitialised; `keep` then makes it the page's.
  [[nodiscard]] std::byte* allocate(std::size_t ops);
  void keep(Block& block);

  /// Bytes of RAM have changed: drops the blocks of their pages if one of them was decoded from these bytes.
  void written(std::uint64_t at, std::uint64_t size);
  void written(CodePage& page, std::uint64_t at, std::uint64_t size);
  void ram_written(bus::Address at, std::uint64_t size) override { written(at, size); }

  [[nodiscard]] bool is_full() const { return used_ > limit_; }
  /// Not while a block is executed.
  void drop_all();
  /// Bytes of host memory held for blocks.
  [[nodiscard]] std::size_t memory_used() const { return used_; }

 private:
  void drop(CodePage& page);

  bus::AddressSpace& memory_;
  std::size_t limit_;
  std::vector<CodeUser*> users_;
  std::unordered_map<std::uint64_t, std::unique_ptr<CodePage>> pages_;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::byte* free_ = nullptr;
  std::size_t free_size_ = 0;
  std::size_t used_ = 0;
};

}  // namespace fermata::riscv
