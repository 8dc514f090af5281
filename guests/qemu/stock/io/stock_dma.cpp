// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/io/stock_dma.hpp"

namespace fermata::qemu {

// From 11 on QEMU has no such question; its copy passes over what is no memory.
bool StockDma::is_memory(bus::Address at, std::size_t size) const {
  if (qemu_.cpu_physical_memory_is_io == nullptr) {
    return true;
  }
  constexpr bus::Address page = 4096;
  for (bus::Address page_at = at & ~(page - 1); page_at < at + size; page_at += page) {
    if (qemu_.cpu_physical_memory_is_io(page_at)) {
      return false;
    }
  }
  return true;
}

bool StockDma::read(bus::Address at, std::span<std::byte> into) {
  if (!is_memory(at, into.size())) {
    return false;
  }
  if (qemu_.physical_memory_read != nullptr) {
    qemu_.physical_memory_read(at, into.data(), into.size());
  } else {
    qemu_.cpu_physical_memory_rw(at, into.data(), into.size(), false);
  }
  return true;
}

bool StockDma::write(bus::Address at, std::span<const std::byte> bytes) {
  if (!is_memory(at, bytes.size())) {
    return false;
  }
  if (qemu_.physical_memory_write != nullptr) {
    qemu_.physical_memory_write(at, bytes.data(), bytes.size());
  } else {
    qemu_.cpu_physical_memory_rw(at, const_cast<std::byte*>(bytes.data()), bytes.size(), true);  // NOLINT: QEMU's type
  }
  return true;
}

}  // namespace fermata::qemu
