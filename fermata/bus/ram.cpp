// SPDX-License-Identifier: MIT
#include "fermata/bus/ram.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <vector>

#include "fermata/base/error.hpp"

namespace fermata::bus {
namespace {

// The guest's and the format's page, whatever the host's is.
constexpr std::uint64_t page_size = 4096;
constexpr std::uint64_t no_more_pages = std::numeric_limits<std::uint64_t>::max();
// Below this a huge page would make untouched memory cost something; above it the host's own choice is the better one.
constexpr std::uint64_t host_may_use_huge_pages_from = std::uint64_t{64} << 20;

void* map_memory(const std::string& name, std::uint64_t size) {
  void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) {
    throw base::Error(base::ErrorCode::host_failure,
                      fmt::format("no address space for {} bytes of `{}`: {}; ask for a smaller memory", size, name,
                                  std::strerror(errno)));
  }
  if (size < host_may_use_huge_pages_from) {
    static_cast<void>(::madvise(at, size, MADV_NOHUGEPAGE));  // a hint: a host without huge pages refuses it
  }
  return at;
}

bool is_zero(std::span<const std::byte> page) {
  static constexpr std::array<std::byte, page_size> zeros{};
  return std::memcmp(page.data(), zeros.data(), page.size()) == 0;
}

/// Tells pages that were never touched, so that looking at memory does not have the host provide it. Where the host
/// does not tell, all may have been.
class TouchedPages {
 public:
  explicit TouchedPages(const std::byte* begin)
      : pagemap_(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)),
        host_page_size_(static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))),
        begin_(reinterpret_cast<std::uintptr_t>(begin)) {}
  ~TouchedPages() {
    if (pagemap_ >= 0) {
      ::close(pagemap_);
    }
  }
  TouchedPages(const TouchedPages&) = delete;
  TouchedPages& operator=(const TouchedPages&) = delete;

  [[nodiscard]] bool contains(std::uint64_t offset) {
    const std::uint64_t wanted = (begin_ + offset) / host_page_size_;
    if (wanted < first_ || wanted >= first_ + count_) {
      fetch(wanted);
    }
    return wanted >= first_ + count_ || (entries_[wanted - first_] & present_or_swapped) != 0;
  }

 private:
  static constexpr std::uint64_t present_or_swapped = std::uint64_t{3} << 62;

  void fetch(std::uint64_t first) {
    first_ = first;
    const ssize_t got =
        ::pread(pagemap_, entries_.data(), sizeof entries_, static_cast<off_t>(first * sizeof(std::uint64_t)));
    count_ = got > 0 ? static_cast<std::size_t>(got) / sizeof(std::uint64_t) : 0;
  }

  int pagemap_;
  std::uint64_t host_page_size_;
  std::uintptr_t begin_;
  std::array<std::uint64_t, 512> entries_{};
  std::uint64_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace

Ram::Ram(std::string name, std::uint64_t size, bool is_writable)
    : name_(std::move(name)), size_(size), is_writable_(is_writable) {
  if (size == 0 || size % page_size != 0) {
    throw base::BadArgument(fmt::format("size of `{}`: {} is not a positive multiple of {}", name_, size, page_size));
  }
  data_ = static_cast<std::byte*>(map_memory(name_, size));
}

Ram::~Ram() { ::munmap(data_, size_); }

void Ram::clear() {
  if (::madvise(data_, size_, MADV_DONTNEED) != 0) {
    std::memset(data_, 0, size_);
  }
}

void Ram::save(state::Writer& writer) const {
  writer.section("ram " + name_);
  writer.u64(size_);
  TouchedPages touched(data_);
  for (std::uint64_t at = 0; at < size_; at += page_size) {
    const std::span page(data_ + at, page_size);
    if (touched.contains(at) && !is_zero(page)) {
      writer.u64(at / page_size);
      writer.bytes(page);
    }
  }
  writer.u64(no_more_pages);
}

void Ram::load(state::Reader& reader) {
  reader.section("ram " + name_);
  if (const std::uint64_t size = reader.u64(); size != size_) {
    reader.fail(fmt::format("it has {} bytes of memory, here are {}", size, size_));
  }
  clear();
  for (std::uint64_t page = reader.u64(); page != no_more_pages; page = reader.u64()) {
    const auto bytes = reader.bytes();
    if (page >= size_ / page_size || bytes.size() != page_size) {
      reader.fail("a page is beyond the memory or of another size");
    }
    std::ranges::copy(bytes, data_ + page * page_size);
  }
}

}  // namespace fermata::bus
