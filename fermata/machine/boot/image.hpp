// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fermata/bus/address_space.hpp"

namespace fermata::machine::boot {

/// Bytes that may be large and are shared by all machines that are started from them; never changed.
using SharedBytes = std::shared_ptr<const std::vector<std::byte>>;

/// What is to stand in a machine's memory at its start: pieces of a file, each at its guest-physical address. A value;
/// copies share the bytes. Any thread.
struct Image {
  /// `size` bytes at `at`: the file's, zeros behind them.
  struct Piece {
    bus::Address at = 0;
    std::uint64_t size = 0;
    std::uint64_t file_offset = 0;  ///< in `Image::file`
    std::uint64_t file_size = 0;    ///< at most `size`
  };

  std::string name;  ///< of the file, for messages
  SharedBytes file;
  std::vector<Piece> pieces;  ///< by address, without overlap, none empty
  bus::Address entry = 0;     ///< guest-physical address of the first instruction
  [[nodiscard]] bus::Address end() const;
};

/// Reads a whole file. Throws base::Error (not_found) naming it if it cannot be read.
[[nodiscard]] SharedBytes read_bytes(const std::string& path);

/// `bytes` as they are, at `at`, which is the entry too. Throws base::BadArgument if they would go beyond 64 bits.
[[nodiscard]] Image raw_image(std::string name, SharedBytes bytes, bus::Address at);

/// An ELF file's loadable segments by physical address, or the bytes as they are, at `raw_at`, where they are no ELF.
/// Throws as `read_elf` does.
[[nodiscard]] Image elf_or_raw_image(std::string name, SharedBytes bytes, bus::Address raw_at);

/// Writes an image into RAM. Throws base::Error (unsupported), saying which part stands where no RAM is and what to do;
/// some pieces may have been written then.
void load(const Image& image, bus::AddressSpace& memory);

}  // namespace fermata::machine::boot
