// SPDX-License-Identifier: MIT
#include "fermata/transport/ring/region.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"

namespace fermata::transport::ring {
namespace {

constexpr int seals_needed = F_SEAL_SHRINK | F_SEAL_GROW;

[[noreturn]] void refuse(int descriptor, const std::string& why) {
  throw base::Error(base::ErrorCode::unsupported, "descriptor " + std::to_string(descriptor) + " " + why +
                                                      "; pass the memory of a shared_memory stream of this version");
}

// The size of the memory, once nothing can make it smaller under a mapping: a read beyond the end would be a SIGBUS.
std::size_t checked_size(int descriptor) {
  const int seals = ::fcntl(descriptor, F_GET_SEALS);
  if (seals < 0) {
    refuse(descriptor, errno == EBADF ? "is not open" : "is no memfd");
  }
  if ((seals & seals_needed) != seals_needed) {
    refuse(descriptor, "is a memfd that can still change its size (it lacks F_SEAL_SHRINK or F_SEAL_GROW)");
  }
  struct statfs system {};
  struct stat status {};
  if (::fstatfs(descriptor, &system) < 0 || ::fstat(descriptor, &status) < 0) {
    throw base::host_error("look at shared memory", errno);
  }
  // Huge pages can run out under a mapping, which is a SIGBUS, too.
  if (system.f_type != TMPFS_MAGIC) {
    refuse(descriptor, "is a memfd of huge pages");
  }
  if (status.st_size < static_cast<off_t>(sizeof(Header))) {
    refuse(descriptor, "has " + std::to_string(status.st_size) + " bytes, less than a header");
  }
  return static_cast<std::size_t>(status.st_size);
}

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

Header* map_shared(int descriptor, std::size_t size) {
  // Populated, because the first use of each page costs some 25 us, in the middle of a hand-shake.
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, 0);
  if (memory == MAP_FAILED) {
    if (errno == EPERM || errno == EACCES) {
      refuse(descriptor, "cannot be written to");
    }
    throw base::host_error("map shared memory", errno);
  }
  return static_cast<Header*>(memory);
}

}  // namespace

host::UniqueFd Region::make(std::size_t capacity) {
  base::expects(is_capacity(capacity), "Region: the capacity is a power of two in its range");
  host::UniqueFd memory(::memfd_create("fermata-stream", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.is_open()) {
    throw base::host_error("make shared memory", errno);
  }
  const std::size_t size = region_bytes(capacity);
  if (::ftruncate(memory.get(), static_cast<off_t>(size)) < 0 ||
      ::fcntl(memory.get(), F_ADD_SEALS, seals_needed | F_SEAL_SEAL) < 0) {
    throw base::host_error("size and seal shared memory", errno);
  }
  // Fresh memory is zero, which is an open and empty stream.
  const Region region(map_shared(memory.get(), size), capacity);
  region.header_->magic = layout_magic;
  region.header_->version = layout_version;
  region.header_->header_bytes = sizeof(Header);
  region.header_->capacity = capacity;
  return memory;
}

Region Region::map(int descriptor) {
  const std::size_t size = checked_size(descriptor);
  const std::size_t capacity = checked_capacity(descriptor, size);
  return {map_shared(descriptor, size), capacity};
}

Region::Region(Region&& other) noexcept : header_(std::exchange(other.header_, nullptr)), capacity_(other.capacity_) {}

Region::~Region() {
  if (header_ != nullptr) {
    ::munmap(header_, region_bytes(capacity_));
  }
}

std::span<Slot> Region::slots(std::size_t side) const {
  const std::size_t count = capacity_ / sizeof(Slot);
  return {reinterpret_cast<Slot*>(header_ + 1) + side * count, count};
}

}  // namespace fermata::transport::ring
