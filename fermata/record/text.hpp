// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "fermata/record/codec.hpp"
#include "fermata/record/guest_trace.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/wire/link/channel.hpp"

namespace fermata::record {

inline constexpr std::size_t whole = std::numeric_limits<std::size_t>::max();

/// "0.001000000 output serial0 hello\x0a": instant in seconds, kind, channel, payload, of which at most `most` bytes
/// are shown. No line end.
[[nodiscard]] std::string to_line(const GuestEvent& event, std::size_t most = whole);

/// An input's or output's payload for people: text of a serial line, level of a line, request or answer of mmio, length
/// and hexadecimal bytes of all else.
[[nodiscard]] std::string payload_text(wire::link::ChannelKind kind, Direction from, std::span<const std::byte> payload,
                                       std::size_t most = whole);

/// The same of a dma channel: "write address=0x80000000 length=2 data=0102", "to=1 done".
[[nodiscard]] std::string dma_text(Direction from, std::span<const std::byte> payload, std::size_t most = whole);
/// Whichever of them is the channel's.
[[nodiscard]] std::string payload_text(const wire::link::Channel& channel, Direction from,
                                       std::span<const std::byte> payload, std::size_t most = whole);

/// Puts a link's messages, in their order, into words, one line each. Not thread-safe.
class Narrator {
 public:
  struct Line {
    time::Instant at;       ///< of an input or output its own; otherwise where the guest was known to be
    std::string channel{};  ///< its name, empty if it is about none
    std::string text{};     ///< without the instant
    [[nodiscard]] std::string to_string() const;
  };

  /// A message that breaks the protocol is told as such, and never thrown for.
  [[nodiscard]] Line tell(Direction from, const wire::link::Frame& message, std::size_t most = whole);

 private:
  [[nodiscard]] std::string words(Direction from, const wire::link::Frame& message, std::size_t most, Line& line);
  [[nodiscard]] std::string welcome(const wire::link::Frame& message);
  [[nodiscard]] std::string channel(const wire::link::Frame& message);
  [[nodiscard]] std::string datum(Direction from, const wire::link::Frame& message, std::size_t most, Line& line);
  [[nodiscard]] std::string report(const wire::link::Frame& message);
  [[nodiscard]] const wire::link::Channel& channel_of(const wire::link::Frame& message) const;

  std::vector<wire::link::Channel> channels_;
  time::Instant now_;
};

}  // namespace fermata::record
