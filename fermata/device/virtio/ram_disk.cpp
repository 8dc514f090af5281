// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/ram_disk.hpp"

#include <algorithm>

namespace fermata::device::virtio {

bool RamDisk::read(std::uint64_t sector, std::span<std::byte> into) {
  std::ranges::copy(memory_.bytes().subspan(sector * sector_size, into.size()), into.begin());
  return true;
}

bool RamDisk::write(std::uint64_t sector, std::span<const std::byte> bytes) {
  std::ranges::copy(bytes, memory_.bytes().subspan(sector * sector_size).begin());
  return true;
}

}  // namespace fermata::device::virtio
