// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fermata/time/instant.hpp"

namespace fermata::wire::link {

/// What a channel carries (docs/protocol.md, "Inputs and outputs").
enum class ChannelKind : std::uint8_t { serial = 1, ethernet = 2, line = 3, mmio = 4, message = 5 };
/// The kind as a word, e.g. "serial".
[[nodiscard]] std::string_view to_string(ChannelKind kind);

/// Whether things happen at their very instants, or where the guest next stands.
enum class Timing : std::uint8_t { exact = 1, at_synchronisation = 2 };

/// A channel as its guest declares it in the hand-shake.
struct Channel {
  std::uint16_t number = 1;  ///< 1 to the count of channels
  ChannelKind kind = ChannelKind::serial;
  bool takes_inputs = true;
  bool makes_outputs = true;
  Timing timing = Timing::exact;
  std::uint32_t input_bound = 0;   ///< bytes of payload that may be on their way to the guest
  std::uint32_t output_bound = 0;  ///< bytes of payload after which the guest waits for a grant
  std::uint64_t base = 0;          ///< mmio: guest-physical address; serial: ns that a byte takes, 0 if not paced;
                                   ///< message: who speaks at the guest's end, message_of_...
  std::uint64_t extent = 0;        ///< mmio: bytes
  std::string name{};

  friend bool operator==(const Channel&, const Channel&) = default;
};

/// A device, whose messages are its own business.
inline constexpr std::uint64_t message_of_device = 0;
/// The guest's memory: its messages are those of dma.hpp.
inline constexpr std::uint64_t message_of_memory = 1;
/// True for a message channel of the guest's memory.
[[nodiscard]] constexpr bool is_dma(const Channel& channel) {
  return channel.kind == ChannelKind::message && channel.base == message_of_memory;
}
/// The kind as a word for people: "dma" for such a channel.
[[nodiscard]] std::string_view kind_of(const Channel& channel);

/// An input or output. The payload is borrowed.
struct Datum {
  std::uint16_t channel = 0;
  time::Instant at;
  std::uint64_t sequence = 0;
  std::span<const std::byte> payload{};
};

/// Refuses a payload that a channel of this kind does not carry, in the given direction: the reason, empty if it is
/// fine.
[[nodiscard]] std::string why_not_input(ChannelKind kind, std::span<const std::byte> payload);
[[nodiscard]] std::string why_not_output(ChannelKind kind, std::span<const std::byte> payload);
/// The same for one channel, of which a message channel may be more particular.
[[nodiscard]] std::string why_not_input(const Channel& channel, std::span<const std::byte> payload);
[[nodiscard]] std::string why_not_output(const Channel& channel, std::span<const std::byte> payload);

/// What the guest asks on an mmio channel.
struct MmioRequest {
  std::uint64_t offset = 0;  ///< in the window
  std::uint64_t value = 0;   ///< to be written; 0 in reads
  std::uint8_t width = 1;    ///< bytes: 1, 2, 4 or 8
  std::uint8_t is_write = 0;
  std::uint8_t zero[6] = {};

  [[nodiscard]] std::span<const std::byte> bytes() const { return std::as_bytes(std::span(this, 1)); }
  /// Of a payload that `why_not_output` has nothing against.
  [[nodiscard]] static MmioRequest from(std::span<const std::byte> payload);
};
static_assert(sizeof(MmioRequest) == 24);

/// What the simulator answers to a read.
struct MmioAnswer {
  std::uint64_t value = 0;
  std::uint64_t request = 0;  ///< the sequence of the read

  [[nodiscard]] std::span<const std::byte> bytes() const { return std::as_bytes(std::span(this, 1)); }
  [[nodiscard]] static MmioAnswer from(std::span<const std::byte> payload);
};
static_assert(sizeof(MmioAnswer) == 16);

}  // namespace fermata::wire::link
