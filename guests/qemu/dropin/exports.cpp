// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/exports.hpp"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <set>
#include <string_view>

#include "fermata/base/error.hpp"
#include "fermata/host/unique_fd.hpp"

namespace fermata::qemu {
namespace {

// A file in memory, read only. Offsets from the file are checked before they are followed.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path) {
    const host::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (fd.is_open() && ::fstat(fd.get(), &info) == 0 && info.st_size > 0) {
      size_ = static_cast<std::size_t>(info.st_size);
      data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    }
  }
  ~MappedFile() {
    if (is_mapped()) {
      ::munmap(data_, size_);
    }
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // Copies of the `count` records at `offset`; none if they are not all inside.
  template <typename T>
  [[nodiscard]] std::vector<T> records(std::size_t offset, std::size_t count) const {
    if (!is_mapped() || offset > size_ || count > (size_ - offset) / sizeof(T)) {
      return {};
    }
    std::vector<T> copies(count);
    if (count > 0) {
      std::memcpy(copies.data(), static_cast<const char*>(data_) + offset, count * sizeof(T));
    }
    return copies;
  }
  [[nodiscard]] std::string_view text(std::size_t offset, std::size_t size) const {
    return is_mapped() && offset <= size_ && size <= size_ - offset
               ? std::string_view(static_cast<const char*>(data_) + offset, size)
               : std::string_view();
  }

 private:
  [[nodiscard]] bool is_mapped() const { return data_ != MAP_FAILED; }
  void* data_ = MAP_FAILED;
  std::size_t size_ = 0;
};

bool is_native_elf(const ElfW(Ehdr) & header) {
  constexpr unsigned char native_class = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
  return std::memcmp(&header.e_ident[0], ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == native_class &&
         header.e_shentsize == sizeof(ElfW(Shdr)) && header.e_shnum > 0;
}

}  // namespace

std::vector<std::string> missing_exports(const std::filesystem::path& path, std::span<const char* const> symbols) {
  const MappedFile file(path);
  const auto headers = file.records<ElfW(Ehdr)>(0, 1);
  if (headers.empty() || !is_native_elf(headers.front())) {
    return {};
  }
  const auto sections = file.records<ElfW(Shdr)>(headers.front().e_shoff, headers.front().e_shnum);
  if (sections.empty()) {
    return {};
  }
  std::set<std::string_view> missing(symbols.begin(), symbols.end());
  for (const auto& section : sections) {
    if (section.sh_type != SHT_DYNSYM || section.sh_link >= sections.size()) {
      continue;
    }
    const auto& names = sections[section.sh_link];
    const std::string_view table = file.text(names.sh_offset, names.sh_size);
    for (const auto& symbol : file.records<ElfW(Sym)>(section.sh_offset, section.sh_size / sizeof(ElfW(Sym)))) {
      if (symbol.st_shndx != SHN_UNDEF && symbol.st_name < table.size()) {
        const std::string_view rest = table.substr(symbol.st_name);
        missing.erase(rest.substr(0, rest.find('\0')));
      }
    }
  }
  return {missing.begin(), missing.end()};
}

void check_exports(const std::filesystem::path& path) {
  static constexpr std::array needed = {"async_run_on_cpu", "qemu_clock_get_ns", "qemu_plugin_register_vcpu_init_cb",
                                        "timer_init_full"};
  const std::vector<std::string> missing = missing_exports(path, needed);
  if (!missing.empty()) {
    throw base::Error(base::ErrorCode::unsupported,
                      fmt::format("{} does not export {}: it was built without modules or plugins, so the agent cannot "
                                  "be loaded into it; use a QEMU as Debian, Ubuntu and Fedora package it",
                                  path.string(), fmt::join(missing, ", ")));
  }
}

}  // namespace fermata::qemu
