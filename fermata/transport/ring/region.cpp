// SPDX-License-Identifier: MIT
#include "fermata/transport/ring/region.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"

namespace fermata::transport::ring {
namespace {

constexpr SealedMemory::Wanted wanted{.least = sizeof(Header),
                                      .advice = "pass the memory of a shared_memory stream of this version"};

[[noreturn]] void refuse(int descriptor, const std::string& why) { SealedMemory::refuse(descriptor, why, wanted); }

// Reads the header into memory of our own and checks it there, so that the peer cannot change it between the two.
std::size_t checked_capacity(int descriptor, std::size_t size) {
  std::array<std::byte, offsetof(Header, sides)> head{};
  if (::pread(descriptor, head.data(), head.size(), 0) != static_cast<ssize_t>(head.size())) {
    throw base::host_error("read the header of shared memory", errno);
  }
  if (std::memcmp(head.data() + offsetof(Header, magic), layout_magic.data(), layout_magic.size()) != 0) {
    refuse(descriptor, "does not begin with FRMTRING");
  }
  std::uint32_t version = 0;
  std::uint32_t header_bytes = 0;
  std::uint64_t capacity = 0;
  std::memcpy(&version, head.data() + offsetof(Header, version), sizeof version);
  std::memcpy(&header_bytes, head.data() + offsetof(Header, header_bytes), sizeof header_bytes);
  std::memcpy(&capacity, head.data() + offsetof(Header, capacity), sizeof capacity);
  if (version != layout_version) {
    refuse(descriptor, "has version " + std::to_string(version) + " of the layout where this program speaks version " +
                           std::to_string(layout_version));
  }
  if (header_bytes != sizeof(Header)) {
    refuse(descriptor, "has a header of " + std::to_string(header_bytes) + " bytes where this version has 4096");
  }
  if (!is_capacity(capacity)) {
    refuse(descriptor, "has rings of " + std::to_string(capacity) + " bytes, not a power of two from 64 to 16 MiB");
  }
  if (size != region_bytes(capacity)) {
    refuse(descriptor,
           "has " + std::to_string(size) + " bytes where its rings need " + std::to_string(region_bytes(capacity)));
  }
  return capacity;
}

}  // namespace

host::UniqueFd Region::make(std::size_t capacity) {
  base::expects(is_capacity(capacity), "Region: the capacity is a power of two in its range");
  host::UniqueFd memory = SealedMemory::make("fermata-stream", region_bytes(capacity));
  // Fresh memory is zero, which is an open and empty stream.
  const Region region(SealedMemory::map(memory.get(), wanted), capacity);
  region.header().magic = layout_magic;
  region.header().version = layout_version;
  region.header().header_bytes = sizeof(Header);
  region.header().capacity = capacity;
  return memory;
}

Region Region::map(int descriptor) {
  SealedMemory memory = SealedMemory::map(descriptor, wanted);
  const std::size_t capacity = checked_capacity(descriptor, memory.size());
  return {std::move(memory), capacity};
}

std::span<Slot> Region::slots(std::size_t side) const {
  const std::size_t count = capacity_ / sizeof(Slot);
  return {reinterpret_cast<Slot*>(&header() + 1) + side * count, count};
}

}  // namespace fermata::transport::ring
