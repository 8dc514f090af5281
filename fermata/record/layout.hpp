// SPDX-License-Identifier: MIT
//
// A recording as it stands in its file: docs/trace-format.md. Little-endian.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace fermata::record {

static_assert(std::endian::native == std::endian::little, "the structures below are the bytes of the file");

inline constexpr std::uint64_t magic = 0x4345'5241'4d52'4546;  // "FERMAREC"
inline constexpr std::uint16_t version_major = 1;
inline constexpr std::uint16_t version_minor = 0;

/// Who wrote the recording.
enum class End : std::uint8_t { simulator = 1, guest = 2 };
/// What the two spoke. Grants and reports of qqq are recorded as those of link v1.
enum class Protocol : std::uint8_t { link = 1, qqq = 2 };

struct FileHeader {
  std::uint64_t magic = record::magic;
  std::uint16_t major = version_major;
  std::uint16_t minor = version_minor;
  End end = End::simulator;
  Protocol protocol = Protocol::link;
  std::uint16_t zero = 0;
  std::uint32_t zero_too = 0;
  std::uint32_t checksum = 0;  ///< CRC-32 of the 20 bytes before it
};
static_assert(sizeof(FileHeader) == 24);

struct BlockHeader {
  std::uint32_t size = 0;      ///< bytes of the payload that follows; bit 31: the end block
  std::uint32_t checksum = 0;  ///< CRC-32 of `size` and the payload, going on from the checksum before
};
static_assert(sizeof(BlockHeader) == 8);
inline constexpr std::uint32_t end_block = 0x8000'0000;

/// What the end block carries.
struct Totals {
  std::uint64_t from_simulator = 0;  ///< messages
  std::uint64_t from_guest = 0;

  friend bool operator==(const Totals&, const Totals&) = default;
};
static_assert(sizeof(Totals) == 16);

/// A block is written when it has this much, and is never beyond the most.
inline constexpr std::size_t full_block = std::size_t{64} << 10;
inline constexpr std::size_t most_block = std::size_t{256} << 10;

/// The low four bits of a record's first byte.
enum class Kind : std::uint8_t {
  raw_from_simulator = 1,
  raw_from_guest = 2,
  input = 3,
  output = 4,
  grant = 5,
  report = 6,
};

}  // namespace fermata::record
