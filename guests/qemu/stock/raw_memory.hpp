// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstring>

namespace fermata::qemu {

/// The value that stands `offset` bytes into one of QEMU's structures.
template <typename T>
T load(const void* base, std::size_t offset) {
  T value;
  std::memcpy(&value, static_cast<const std::byte*>(base) + offset, sizeof value);
  return value;
}

/// Puts one there.
template <typename T>
void store(void* base, std::size_t offset, T value) {
  std::memcpy(static_cast<std::byte*>(base) + offset, &value, sizeof value);
}

}  // namespace fermata::qemu
