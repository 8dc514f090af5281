// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "fermata/record/layout.hpp"
#include "fermata/wire/link/frame.hpp"

namespace fermata::record {

/// Which way a message went.
enum class Direction : std::uint8_t { from_simulator, from_guest };

/// A message of link v1 and which way it went. Owns its bytes.
struct Message {
  Direction from = Direction::from_simulator;
  std::vector<std::byte> bytes{};

  /// Of whole messages only; borrows the bytes.
  [[nodiscard]] wire::link::Frame frame() const;
  friend bool operator==(const Message&, const Message&) = default;
};

/// What a message is told relative to: both ends of the codec keep the same. Not thread-safe.
struct History {
  std::int64_t instant_ns = 0;  ///< of the last input or output
  std::int64_t horizon_ns = 0;
  std::int64_t deadline_ns = 0;
  std::uint64_t reports = 0;                            ///< that the last grant counted
  std::uint64_t grants = 0;                             ///< that the last report counted
  std::array<std::vector<std::uint64_t>, 2> sequences;  ///< by direction and channel

  [[nodiscard]] std::uint64_t& sequence(Direction from, std::uint16_t channel);
};

/// Turns messages into records: docs/trace-format.md, "Records". Every message comes back from the Decoder as it was,
/// byte for byte; one that keeps to the protocol's rules takes a fraction of its size. Not thread-safe.
class Encoder {
 public:
  /// `message` is whole: its header's size is its own.
  void append(std::vector<std::byte>& out, Direction from, std::span<const std::byte> message);

 private:
  [[nodiscard]] bool append_data(std::vector<std::byte>& out, Direction from, std::span<const std::byte> message);
  [[nodiscard]] bool append_grant(std::vector<std::byte>& out, std::span<const std::byte> message);
  [[nodiscard]] bool append_report(std::vector<std::byte>& out, std::span<const std::byte> message);

  History history_;
};

/// The other way. Not thread-safe.
class Decoder {
 public:
  /// Takes the first record off `records`, which are not empty, into `message`, whose memory is used again. Throws
  /// base::Error (protocol_violation) if it is none.
  void take(std::span<const std::byte>& records, Message& message);

 private:
  void take_raw(std::span<const std::byte>& records, Message& message) const;
  void take_data(std::span<const std::byte>& records, unsigned channel, Message& message);
  void take_grant(std::span<const std::byte>& records, unsigned reports, Message& message);
  void take_report(std::span<const std::byte>& records, unsigned reason, Message& message);

  History history_;
};

}  // namespace fermata::record
