// SPDX-License-Identifier: MIT
#include "cli/memory_file.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "fermata/base/error.hpp"

namespace fermata::cli {

MemoryFile::MemoryFile(const char* name) : fd_(::memfd_create(name, MFD_CLOEXEC)) {
  if (!fd_.is_open()) {
    throw base::host_error("make a file in memory", errno);
  }
}

std::string MemoryFile::content() const {
  struct stat info {};
  if (::fstat(fd_.get(), &info) < 0) {
    throw base::host_error("look at a file in memory", errno);
  }
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  const ssize_t count = ::pread(fd_.get(), text.data(), text.size(), 0);
  if (count < 0) {
    throw base::host_error("read a file in memory", errno);
  }
  text.resize(static_cast<std::size_t>(count));
  return text;
}

SharedStatistics::SharedStatistics() : file_("fermata-statistics") {
  if (::ftruncate(file_.descriptor(), sizeof(guest::Statistics)) < 0) {
    throw base::host_error("size a file in memory", errno);
  }
  void* memory = ::mmap(nullptr, sizeof(guest::Statistics), PROT_READ | PROT_WRITE, MAP_SHARED, file_.descriptor(), 0);
  if (memory == MAP_FAILED) {
    throw base::host_error("map a file in memory", errno);
  }
  counts_ = new (memory) guest::Statistics;
  counts_->layout = 0;
}

SharedStatistics::~SharedStatistics() { ::munmap(counts_, sizeof(guest::Statistics)); }

bool SharedStatistics::is_used() const { return counts_->layout == guest::Statistics::current_layout; }

}  // namespace fermata::cli
