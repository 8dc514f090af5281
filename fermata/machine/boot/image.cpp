// SPDX-License-Identifier: MIT
#include "fermata/machine/boot/image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <span>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/machine/boot/elf_file.hpp"

namespace fermata::machine::boot {
namespace {

[[noreturn]] void refuse_place(const Image& image, const Image::Piece& piece) {
  throw base::Error(base::ErrorCode::unsupported,
                    fmt::format("{}: {:#x} bytes at {:#x} are to be loaded where the machine has no RAM for all of "
                                "them; give it more memory (-m), or link the image elsewhere",
                                image.name, piece.size, piece.at));
}

// RAM is one block, so both ends in one RAM mean that all of it is.
bool is_all_ram(const bus::AddressSpace& memory, const Image::Piece& piece) {
  const auto first = memory.ram_at(piece.at);
  const auto last = memory.ram_at(piece.at + (piece.size - 1));
  return first && last && first->ram == last->ram && first->ram->is_writable();
}

bool is_zero(const bus::AddressSpace& memory, bus::Address at, std::uint64_t size) {
  const auto place = memory.ram_at(at);
  const std::byte* begin = place->ram->data() + place->offset;
  return std::all_of(begin, begin + size, [](std::byte byte) { return byte == std::byte{0}; });
}

// Zeros are written only where there is something else: reading an untouched page costs the host no memory.
void clear(bus::AddressSpace& memory, bus::Address at, std::uint64_t size) {
  static constexpr std::array<std::byte, 4096> zeros{};
  while (size > 0) {
    const std::uint64_t count = std::min<std::uint64_t>(size, zeros.size() - at % zeros.size());
    if (!is_zero(memory, at, count)) {
      static_cast<void>(memory.copy_to(at, std::span(zeros).first(count)));
    }
    at += count;
    size -= count;
  }
}

}  // namespace

bus::Address Image::end() const { return pieces.empty() ? entry : pieces.back().at + pieces.back().size; }

SharedBytes read_bytes(const std::string& path) {
  std::error_code no_file;
  const auto size = std::filesystem::is_regular_file(path, no_file) ? std::filesystem::file_size(path, no_file) : 0;
  std::ifstream file(path, std::ios::binary);
  if (no_file || !file || !std::filesystem::is_regular_file(path, no_file)) {
    throw base::Error(base::ErrorCode::not_found, path + " cannot be read; check that it is a file, and its rights");
  }
  auto bytes = std::make_shared<std::vector<std::byte>>(size);
  file.read(reinterpret_cast<char*>(bytes->data()), static_cast<std::streamsize>(size));
  if (static_cast<std::uintmax_t>(file.gcount()) != size) {
    throw base::Error(base::ErrorCode::not_found, path + " cannot be read to its end; try again, or check the disk");
  }
  return bytes;
}

Image raw_image(std::string name, SharedBytes bytes, bus::Address at) {
  const std::uint64_t size = bytes->size();
  if (size > 0 && size - 1 > ~at) {
    throw base::BadArgument(fmt::format("address of {}: {:#x} and {} bytes go beyond 64 bits", name, at, size));
  }
  Image image{.name = std::move(name), .file = std::move(bytes), .pieces = {}, .entry = at};
  if (size > 0) {
    image.pieces.push_back({.at = at, .size = size, .file_offset = 0, .file_size = size});
  }
  return image;
}

Image elf_or_raw_image(std::string name, SharedBytes bytes, bus::Address raw_at) {
  return is_elf(*bytes) ? read_elf(std::move(name), std::move(bytes))
                        : raw_image(std::move(name), std::move(bytes), raw_at);
}

void load(const Image& image, bus::AddressSpace& memory) {
  for (const Image::Piece& piece : image.pieces) {
    if (!is_all_ram(memory, piece)) {
      refuse_place(image, piece);
    }
    const auto bytes = std::span(*image.file).subspan(piece.file_offset, piece.file_size);
    if (!bytes.empty() && !memory.copy_to(piece.at, bytes)) {
      refuse_place(image, piece);
    }
    clear(memory, piece.at + piece.file_size, piece.size - piece.file_size);
  }
}

}  // namespace fermata::machine::boot
