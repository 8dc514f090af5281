// SPDX-License-Identifier: MIT
// For tests: makes small ELF files, whole or damaged in one place.
#pragma once

#include <elf.h>

#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "fermata/machine/boot/image.hpp"

namespace fermata::machine::boot {

class ElfBuilder {
 public:
  ElfBuilder() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_RISCV;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phoff = sizeof header;
    header.e_entry = 0x80000000;
  }

  /// A segment whose content follows the headers; returns it for changes.
  Elf64_Phdr& add(std::uint64_t at, const std::vector<std::uint8_t>& content, std::uint64_t memory_size) {
    segments.push_back({.p_type = PT_LOAD,
                        .p_flags = PF_R | PF_X,
                        .p_offset = data_offset + data.size(),
                        .p_vaddr = at,
                        .p_paddr = at,
                        .p_filesz = content.size(),
                        .p_memsz = memory_size,
                        .p_align = 1});
    data.insert(data.end(), content.begin(), content.end());
    return segments.back();
  }

  [[nodiscard]] std::vector<std::byte> build() {
    header.e_phnum = static_cast<Elf64_Half>(segments.size());
    std::vector<std::byte> file(data_offset);
    std::memcpy(file.data(), &header, sizeof header);
    if (!segments.empty()) {
      std::memcpy(file.data() + sizeof header, segments.data(), segments.size() * sizeof(Elf64_Phdr));
    }
    const auto content = std::as_bytes(std::span(data));
    file.insert(file.end(), content.begin(), content.end());
    return file;
  }
  [[nodiscard]] SharedBytes share() { return std::make_shared<const std::vector<std::byte>>(build()); }

  Elf64_Ehdr header{};
  std::vector<Elf64_Phdr> segments;

 private:
  static constexpr std::uint64_t data_offset = 1024;  // room for 17 segments
  std::vector<std::uint8_t> data;
};

}  // namespace fermata::machine::boot
