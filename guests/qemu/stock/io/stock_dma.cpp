// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is memory, QEMU has no question for that all versions know. But what it maps for writing is either RAM itself,
// or a buffer of its own that is written back later, and can be told from RAM; a mapping that is given back as not
// written has no effect. ROM cannot be found that way, nor may what could be a device be mapped for reading, which
// reads it.
#include "guests/qemu/stock/io/stock_dma.hpp"

#include <algorithm>
#include <limits>

namespace fermata::qemu {
namespace {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t no_ram_address = ~std::uint64_t{0};

}  // namespace

// The region of the RAM at an address, `size` cut to what lies there in one piece; null if it is no RAM.
void* StockDma::ram_region(std::uint64_t at, std::uint64_t& size) const {
  void* const bytes = qemu_.physical_memory_map(at, &size, true);
  if (bytes == nullptr) {
    return nullptr;
  }
  std::uint64_t offset = 0;
  void* const region = qemu_.memory_region_from_host(bytes, &offset);
  qemu_.physical_memory_unmap(bytes, size, false, 0);
  return region;
}

// Where in a section its region is named: looked up at RAM, whose region is known.
bool StockDma::are_sections_understood() {
  constexpr std::uint64_t usual_ram[] = {0x8000'0000, 0x4000'0000, 0};  // of RISC-V, of ARM, and of a PC
  for (const std::uint64_t at : usual_ram) {
    std::uint64_t size = 1;
    void* const region = are_sections_understood_ ? nullptr : ram_region(at, size);
    if (region != nullptr && qemu_.memory_region_find(qemu_.get_system_memory(), at, 1).region == region) {
      qemu_.memory_region_unref(region);
      are_sections_understood_ = true;
    }
  }
  return are_sections_understood_;
}

// Of a page that is no RAM.
bool StockDma::is_rom(std::uint64_t at) {
  if (qemu_.cpu_physical_memory_is_io != nullptr) {
    return !qemu_.cpu_physical_memory_is_io(at);
  }
  if (!are_sections_understood()) {
    return false;
  }
  void* const region = qemu_.memory_region_find(qemu_.get_system_memory(), at, 1).region;
  if (region == nullptr) {
    return false;
  }
  const bool is_memory =
      qemu_.memory_region_get_ram_addr(region) != no_ram_address && !qemu_.memory_region_is_ram_device(region);
  qemu_.memory_region_unref(region);
  return is_memory;
}

bool StockDma::is_memory(std::uint64_t at, std::uint64_t size, Need need) {
  if (qemu_.physical_memory_map == nullptr || qemu_.physical_memory_unmap == nullptr ||
      qemu_.memory_region_from_host == nullptr) {
    return false;
  }
  if (size != 0 && size - 1 > std::numeric_limits<std::uint64_t>::max() - at) {
    return false;
  }
  while (size > 0) {
    std::uint64_t part = size;
    if (ram_region(at, part) == nullptr) {
      if (need == Need::writing || !is_rom(at)) {
        return false;
      }
      part = std::min(size, page - at % page);
    }
    size -= part;
    at += part;
  }
  return true;
}

void StockDma::copy_from(std::uint64_t at, std::span<std::byte> into) {
  if (qemu_.physical_memory_read != nullptr) {
    qemu_.physical_memory_read(at, into.data(), into.size());
  } else {
    qemu_.cpu_physical_memory_rw(at, into.data(), into.size(), false);
  }
}

void StockDma::copy_to(std::uint64_t at, std::span<const std::byte> bytes) {
  if (qemu_.physical_memory_write != nullptr) {
    qemu_.physical_memory_write(at, bytes.data(), bytes.size());
  } else {
    qemu_.cpu_physical_memory_rw(at, const_cast<std::byte*>(bytes.data()), bytes.size(), true);  // NOLINT: QEMU's type
  }
}

bool StockDma::read(bus::Address at, std::span<std::byte> into) {
  const bool is_there = is_memory(at, into.size(), Need::reading);
  if (is_there) {
    copy_from(at, into);
  }
  return is_there;
}

bool StockDma::write(bus::Address at, std::span<const std::byte> bytes) {
  const bool is_there = is_memory(at, bytes.size(), Need::writing);
  if (is_there) {
    copy_to(at, bytes);
  }
  return is_there;
}

}  // namespace fermata::qemu
