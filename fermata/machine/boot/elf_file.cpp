// SPDX-License-Identifier: MIT
#include "fermata/machine/boot/elf_file.hpp"

#include <fmt/format.h>
#include <gelf.h>

#include <algorithm>
#include <array>
#include <utility>

#include "fermata/base/error.hpp"

namespace fermata::machine::boot {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw base::Error(base::ErrorCode::unsupported, fmt::format("{}: {}", name, why));
}

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, ElfEnd>;

// libelf takes a pointer to non-const, and may keep notes in the image where it is not aligned: it gets its own copy.
ElfHandle open(const std::string& name, std::vector<std::byte>& copy) {
  if (elf_version(EV_CURRENT) == EV_NONE) {
    refuse(name, "this libelf is too old to read it; install a current libelf");
  }
  ElfHandle elf(elf_memory(reinterpret_cast<char*>(copy.data()), copy.size()));
  if (elf == nullptr || elf_kind(elf.get()) != ELF_K_ELF) {
    refuse(name, "a damaged ELF file; build or fetch it again");
  }
  return elf;
}

void check_header(const std::string& name, const GElf_Ehdr& header) {
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
    refuse(name, "an ELF file of another kind of machine; this one runs 64-bit little-endian RISC-V");
  }
  if (header.e_machine != EM_RISCV) {
    refuse(name, fmt::format("an ELF file for another machine (e_machine {}); this one is RISC-V ({})",
                             header.e_machine, EM_RISCV));
  }
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
    refuse(name, "an ELF file that is not linked (no executable); link it first");
  }
}

// Nothing for a segment that takes no memory.
std::optional<Image::Piece> piece_of(const std::string& name, const GElf_Phdr& segment, std::uint64_t file_size) {
  if (segment.p_type != PT_LOAD || segment.p_memsz == 0) {
    return std::nullopt;
  }
  if (segment.p_filesz > segment.p_memsz) {
    refuse(name, fmt::format("segment at {:#x} is larger in the file ({}) than in memory ({}); the file is damaged",
                             segment.p_paddr, segment.p_filesz, segment.p_memsz));
  }
  if (segment.p_offset > file_size || segment.p_filesz > file_size - segment.p_offset) {
    refuse(name, fmt::format("segment at {:#x} ends beyond the end of the file; the file is cut off or damaged",
                             segment.p_paddr));
  }
  if (segment.p_memsz - 1 > ~segment.p_paddr) {
    refuse(name, fmt::format("segment at {:#x} of {:#x} bytes goes beyond 64 bits; the file is damaged",
                             segment.p_paddr, segment.p_memsz));
  }
  return Image::Piece{
      .at = segment.p_paddr, .size = segment.p_memsz, .file_offset = segment.p_offset, .file_size = segment.p_filesz};
}

void check_overlap(const std::string& name, std::vector<Image::Piece>& pieces) {
  std::ranges::sort(pieces, {}, &Image::Piece::at);
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    if (pieces[i].at - pieces[i - 1].at < pieces[i - 1].size) {
      refuse(name, fmt::format("its segments at {:#x} and {:#x} overlap; correct its link script", pieces[i - 1].at,
                               pieces[i].at));
    }
  }
}

}  // namespace

bool is_elf(const std::vector<std::byte>& bytes) {
  constexpr std::array magic{std::byte{0x7f}, std::byte{'E'}, std::byte{'L'}, std::byte{'F'}};
  return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
}

Image read_elf(std::string name, SharedBytes bytes) {
  std::vector<std::byte> copy(*bytes);
  const ElfHandle elf = open(name, copy);
  GElf_Ehdr header;
  std::size_t count = 0;
  if (gelf_getehdr(elf.get(), &header) == nullptr) {
    refuse(name, "an ELF file whose header is damaged; build or fetch it again");
  }
  check_header(name, header);
  if (elf_getphdrnum(elf.get(), &count) != 0) {
    refuse(name, "an ELF file whose header is damaged; build or fetch it again");
  }
  Image image{.name = std::move(name), .file = std::move(bytes), .pieces = {}, .entry = header.e_entry};
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf.get(), static_cast<int>(i), &segment) == nullptr) {
      refuse(image.name, "an ELF file whose program headers are cut off or damaged; build or fetch it again");
    }
    if (const auto piece = piece_of(image.name, segment, image.file->size())) {
      image.pieces.push_back(*piece);
      if (header.e_entry - segment.p_vaddr < segment.p_memsz) {
        image.entry = header.e_entry - segment.p_vaddr + segment.p_paddr;
      }
    }
  }
  if (image.pieces.empty()) {
    refuse(image.name, "an ELF file without anything to load; it needs a PT_LOAD segment");
  }
  check_overlap(image.name, image.pieces);
  return image;
}

}  // namespace fermata::machine::boot
