// SPDX-License-Identifier: MIT
#include "tests/differential/support/memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/host/unique_fd.hpp"
#include "tests/differential/layout.h"

namespace fermata::differential {
namespace {

constexpr std::size_t page = 4096;

std::byte* map(int flags, int descriptor) {
  void* at = ::mmap(nullptr, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE | flags, descriptor, 0);
  if (at == MAP_FAILED) {
    throw base::host_error("map a machine's memory", errno);
  }
  return static_cast<std::byte*>(at);
}

std::byte* map_file(const std::string& path) {
  const host::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    throw base::host_error("open " + path, errno);
  }
  return map(0, file.get());
}

bool is_zero(const std::byte* at) {
  static constexpr std::array<std::byte, page> zeros{};
  return std::memcmp(at, zeros.data(), page) == 0;
}

}  // namespace

const std::size_t Memory::size = RAM_SIZE;

Memory::Memory() : data_(map(MAP_ANONYMOUS, -1)) {}

Memory::Memory(const std::string& path) : data_(map_file(path)) {}

Memory::~Memory() {
  if (data_ != nullptr) {
    ::munmap(data_, size);
  }
}

Memory::Memory(Memory&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}

void Memory::copy(const std::byte* from, std::byte* to) {
  for (std::size_t at = 0; at < size; at += page) {
    if (!is_zero(from + at)) {
      std::memcpy(to + at, from + at, page);
    }
  }
}

void Memory::write_to(const std::string& path) const {
  std::ofstream file(path, std::ios::binary);
  for (std::size_t at = 0; at < size; at += page) {
    if (at + page == size || !is_zero(data_ + at)) {
      file.seekp(static_cast<std::streamoff>(at));
      file.write(reinterpret_cast<const char*>(data_ + at), page);
    }
  }
}

}  // namespace fermata::differential
