// SPDX-License-Identifier: MIT
//
// The messages of link v1 as they stand on the wire: docs/protocol.md, "Messages". Little-endian.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "fermata/wire/stop.hpp"

namespace fermata::wire::link {

static_assert(std::endian::native == std::endian::little, "the structures below are the bytes of the wire");

inline constexpr std::uint64_t magic = 0x0041'5441'4d52'4546;  // "FERMATA" and 0
inline constexpr std::uint16_t version_major = 1;
inline constexpr std::uint16_t version_minor = 3;  // 1: milestones and progress; 2: dma; 3: shared clocks

inline constexpr std::size_t max_payload = 65'536;
inline constexpr std::size_t max_text = 1'024;
inline constexpr std::size_t max_channels = 256;
inline constexpr std::size_t max_checkpoint_name = 64;

enum class MessageType : std::uint16_t {
  hello = 1,
  welcome = 2,
  channel = 3,
  select = 4,
  refuse = 5,
  bye = 6,
  input = 16,
  output = 17,
  grant = 18,
  report = 19,
  dropped = 20,
  milestones = 21,
  progress = 22,
  follow = 23,
  checkpoint = 24,
  restore = 25,
  done = 26,
};

/// What a guest can do, and what a simulator needs: a set of bits.
enum Ability : std::uint32_t {
  ability_exact = 1,
  ability_reactive = 2,
  ability_present = 4,
  ability_checkpoints = 8,
  ability_raise = 16,
  ability_progress = 32,
  ability_dma = 64,
  ability_clocks = 128,
};

struct Header {
  std::uint32_t size = 0;
  MessageType type{};
  std::uint16_t channel = 0;
};
static_assert(sizeof(Header) == 8);

struct Hello {
  static constexpr MessageType type = MessageType::hello;
  Header header;
  std::uint64_t magic = link::magic;
  std::uint16_t major = version_major;
  std::uint16_t minor = version_minor;
  std::uint32_t needs = 0;
  std::uint32_t zero = 0;
  std::uint32_t length = 0;
};
static_assert(sizeof(Hello) == 32);

struct Welcome {
  static constexpr MessageType type = MessageType::welcome;
  Header header;
  std::uint64_t magic = link::magic;
  std::uint16_t major = version_major;
  std::uint16_t minor = version_minor;
  std::uint32_t abilities = 0;
  std::int64_t now_ns = 0;
  std::uint32_t channels = 0;
  std::uint32_t length = 0;
};
static_assert(sizeof(Welcome) == 40);

struct ChannelDeclaration {
  static constexpr MessageType type = MessageType::channel;
  Header header;
  std::uint8_t kind = 0;
  std::uint8_t directions = 0;
  std::uint8_t timing = 0;
  std::uint8_t zero = 0;
  std::uint32_t input_bound = 0;
  std::uint32_t output_bound = 0;
  std::uint32_t length = 0;
  std::uint64_t base = 0;
  std::uint64_t extent = 0;
};
static_assert(sizeof(ChannelDeclaration) == 40);
inline constexpr std::uint8_t direction_input = 1;
inline constexpr std::uint8_t direction_output = 2;

struct Select {
  static constexpr MessageType type = MessageType::select;
  Header header;
  std::uint32_t flags = 0;
  std::uint32_t zero = 0;
};
static_assert(sizeof(Select) == 16);
inline constexpr std::uint32_t select_reactive = 1;

struct Refuse {
  static constexpr MessageType type = MessageType::refuse;
  Header header;
  std::uint16_t major = version_major;
  std::uint16_t minor = version_minor;
  std::uint32_t length = 0;
};
static_assert(sizeof(Refuse) == 16);

struct Bye {
  static constexpr MessageType type = MessageType::bye;
  Header header;
};

/// INPUT and OUTPUT.
struct Data {
  Header header;
  std::int64_t at_ns = 0;
  std::uint64_t sequence = 0;
  std::uint32_t zero = 0;
  std::uint32_t length = 0;
};
static_assert(sizeof(Data) == 32);

struct Grant {
  static constexpr MessageType type = MessageType::grant;
  Header header;
  std::int64_t horizon_ns = 0;
  std::uint64_t reports = 0;
};
static_assert(sizeof(Grant) == 24);

inline constexpr std::int64_t deadline_busy = -1;
inline constexpr std::int64_t deadline_none = std::numeric_limits<std::int64_t>::max();

struct Report {
  static constexpr MessageType type = MessageType::report;
  Header header;
  std::int64_t now_ns = 0;
  std::int64_t next_deadline_ns = deadline_busy;
  std::uint32_t reason = 0;
  std::int32_t exit_status = 0;
  std::uint64_t grants = 0;
};
static_assert(sizeof(Report) == 40);

struct Dropped {
  static constexpr MessageType type = MessageType::dropped;
  Header header;
  std::uint64_t inputs = 0;
};
static_assert(sizeof(Dropped) == 16);

struct AskMilestones {
  static constexpr MessageType type = MessageType::milestones;
  Header header;
  std::int64_t first_ns = 0;
  std::int64_t interval_ns = 0;  ///< 0: none
};
static_assert(sizeof(AskMilestones) == 24);

struct TellProgress {
  static constexpr MessageType type = MessageType::progress;
  Header header;
  std::int64_t now_ns = 0;
};
static_assert(sizeof(TellProgress) == 16);

struct Follow {
  static constexpr MessageType type = MessageType::follow;
  Header header;
  std::uint32_t clock = 0;
  std::uint32_t zero = 0;
  std::int64_t distance_ns = 0;  ///< 0: not any more
};
static_assert(sizeof(Follow) == 24);

/// CHECKPOINT and RESTORE.
struct Named {
  Header header;
  std::uint32_t zero = 0;
  std::uint32_t length = 0;
};
static_assert(sizeof(Named) == 16);

struct Done {
  static constexpr MessageType type = MessageType::done;
  Header header;
  std::int64_t now_ns = 0;
  std::uint32_t status = 0;
  std::uint32_t length = 0;
};
static_assert(sizeof(Done) == 24);

inline constexpr std::size_t max_message = sizeof(Data) + max_payload;

/// `length` filled up to whole words of eight bytes.
[[nodiscard]] constexpr std::size_t padded(std::size_t length) { return (length + 7) & ~std::size_t{7}; }

/// A stop at which only a grant that counts its report lets the guest go on.
[[nodiscard]] constexpr bool waits_for_counted_grant(StopReason reason) {
  return reason == StopReason::output || reason == StopReason::mmio || reason == StopReason::full;
}

}  // namespace fermata::wire::link
