// SPDX-License-Identifier: MIT
// What two processes see in the memory of a shared_memory stream; docs/protocol/shared-memory.md says it for other
// languages. Each word has one writer, but for `asleep`, which its owner's peer may set back to 0.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace fermata::transport::ring {

static_assert(std::endian::native == std::endian::little, "the layout is little-endian and used in place");
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free,
              "a lock would stand in one process only");

inline constexpr std::array<char, 8> layout_magic{'F', 'R', 'M', 'T', 'R', 'I', 'N', 'G'};
inline constexpr std::uint32_t layout_version = 2;
inline constexpr std::size_t smallest_capacity = 64;
inline constexpr std::size_t greatest_capacity = std::size_t{16} * 1024 * 1024;

/// Two cache lines, because processors fetch them in pairs.
inline constexpr std::size_t line_bytes = 128;

/// A piece of the stream. The tag has the count of its bytes, 1 to 60, in its low 8 bits, above them the lap around the
/// ring on which it was written, from 1 on, modulo 2^24; it is stored last. One cache line.
struct alignas(64) Slot {
  std::atomic<std::uint32_t> tag;
  std::array<std::byte, 60> bytes;
};
inline constexpr std::size_t slot_bytes = 60;
inline constexpr std::uint64_t slot_unit = sizeof(Slot);  ///< what a slot adds to a position
inline constexpr unsigned count_bits = 8;
inline constexpr std::uint32_t count_mask = 0xff;
inline constexpr std::uint32_t lap_mask = 0xff'ffff;
static_assert(sizeof(Slot) == 64 && offsetof(Slot, bytes) == 4);

/// What a side that sleeps waits for; the value of its word `asleep`.
enum class WaitsFor : std::uint32_t { nothing = 0, bytes = 1, room = 2 };

/// The words that one side writes. Positions count slots since the beginning, 64 for each, modulo 2^64.
struct SideWords {
  alignas(line_bytes) std::atomic<std::uint64_t> written;  ///< into the ring that leads away; for who adopts the side
  alignas(line_bytes) std::atomic<std::uint64_t> read;    ///< from the ring that leads to it, and bytes of a slot begun
  alignas(line_bytes) std::atomic<std::uint32_t> asleep;  ///< a WaitsFor, and the futex that it sleeps on
  std::atomic<std::uint32_t> closed;                      ///< 1 once this side writes and reads no more
  std::atomic<std::uint32_t> processor;                   ///< where it slept last, from 1 on; 0: not told
};

/// The head of the memory. The ring of side 0's slots follows, then that of side 1's, `capacity` bytes each.
struct Header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t header_bytes;  ///< sizeof(Header): where the first ring begins
  std::uint64_t capacity;      ///< of each ring, its slots' tags with it, in bytes; a power of two
  std::array<SideWords, 2> sides;
  std::array<std::byte, 3200> reserved;
};

static_assert(sizeof(SideWords) == 384 && offsetof(SideWords, written) == 0 && offsetof(SideWords, read) == 128 &&
              offsetof(SideWords, asleep) == 256 && offsetof(SideWords, closed) == 260 &&
              offsetof(SideWords, processor) == 264);
static_assert(sizeof(Header) == 4096 && offsetof(Header, magic) == 0 && offsetof(Header, version) == 8 &&
              offsetof(Header, header_bytes) == 12 && offsetof(Header, capacity) == 16 &&
              offsetof(Header, sides) == 128);

/// Whether rings can have this capacity.
constexpr bool is_capacity(std::uint64_t capacity) {
  return std::has_single_bit(capacity) && capacity >= smallest_capacity && capacity <= greatest_capacity;
}

/// The size of the memory with rings of this capacity.
constexpr std::size_t region_bytes(std::size_t capacity) { return sizeof(Header) + 2 * capacity; }

}  // namespace fermata::transport::ring
