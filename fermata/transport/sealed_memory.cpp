// SPDX-License-Identifier: MIT
#include "fermata/transport/sealed_memory.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "fermata/base/error.hpp"

namespace fermata::transport {
namespace {

constexpr int seals_needed = F_SEAL_SHRINK | F_SEAL_GROW;

// The size of the memory, once nothing can make it smaller under a mapping: a read beyond the end would be a SIGBUS.
std::size_t checked_size(int descriptor, const SealedMemory::Wanted& wanted) {
  const int seals = ::fcntl(descriptor, F_GET_SEALS);
  if (seals < 0) {
    SealedMemory::refuse(descriptor, errno == EBADF ? "is not open" : "is no memfd", wanted);
  }
  if ((seals & seals_needed) != seals_needed) {
    SealedMemory::refuse(descriptor,
                         "is a memfd that can still change its size (it lacks F_SEAL_SHRINK or F_SEAL_GROW)", wanted);
  }
  struct statfs system {};
  struct stat status {};
  if (::fstatfs(descriptor, &system) < 0 || ::fstat(descriptor, &status) < 0) {
    throw base::host_error("look at shared memory", errno);
  }
  // Huge pages can run out under a mapping, which is a SIGBUS, too.
  if (system.f_type != TMPFS_MAGIC) {
    SealedMemory::refuse(descriptor, "is a memfd of huge pages", wanted);
  }
  if (status.st_size < static_cast<off_t>(wanted.least)) {
    SealedMemory::refuse(descriptor, "has " + std::to_string(status.st_size) + " bytes, less than a header", wanted);
  }
  return static_cast<std::size_t>(status.st_size);
}

}  // namespace

void SealedMemory::refuse(int descriptor, const std::string& why, const Wanted& wanted) {
  throw base::Error(base::ErrorCode::unsupported,
                    "descriptor " + std::to_string(descriptor) + " " + why + "; " + std::string(wanted.advice));
}

host::UniqueFd SealedMemory::make(const char* name, std::size_t size) {
  host::UniqueFd memory(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.is_open()) {
    throw base::host_error("make shared memory", errno);
  }
  if (::ftruncate(memory.get(), static_cast<off_t>(size)) < 0 ||
      ::fcntl(memory.get(), F_ADD_SEALS, seals_needed | F_SEAL_SEAL) < 0) {
    throw base::host_error("size and seal shared memory", errno);
  }
  return memory;
}

SealedMemory SealedMemory::map(int descriptor, const Wanted& wanted) {
  const std::size_t size = checked_size(descriptor, wanted);
  // Populated, because the first use of each page costs some 25 us, in the middle of a hand-shake.
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, 0);
  if (memory == MAP_FAILED) {
    if (errno == EPERM || errno == EACCES) {
      refuse(descriptor, "cannot be written to", wanted);
    }
    throw base::host_error("map shared memory", errno);
  }
  return {static_cast<std::byte*>(memory), size};
}

SealedMemory::SealedMemory(SealedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}

SealedMemory::~SealedMemory() {
  if (data_ != nullptr) {
    ::munmap(data_, size_);
  }
}

}  // namespace fermata::transport
