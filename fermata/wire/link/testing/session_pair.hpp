// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "fermata/wire/link/guest_session.hpp"
#include "fermata/wire/link/simulator_session.hpp"

namespace fermata::wire::link::testing {

/// What a guest's port was told.
struct RecordingPort final : GuestSession::Port {
  struct Input {
    std::uint16_t channel = 0;
    std::int64_t at_ns = 0;
    std::uint64_t sequence = 0;
    std::string payload{};
    friend bool operator==(const Input&, const Input&) = default;
  };
  void input(const Datum& datum) override {
    std::string payload(datum.payload.size(), '\0');
    std::transform(datum.payload.begin(), datum.payload.end(), payload.begin(),
                   [](std::byte byte) { return static_cast<char>(byte); });
    inputs.push_back({datum.channel, datum.at.since_origin().ns(), datum.sequence, payload});
  }
  void checkpoint(const std::string& name) override { named.push_back("checkpoint " + name); }
  void restore(const std::string& name) override { named.push_back("restore " + name); }

  std::vector<Input> inputs;
  std::vector<std::string> named;
};

inline time::Instant at_ns(std::int64_t ns) { return time::Instant::at(time::Duration::nanoseconds(ns)); }
inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline constexpr std::uint32_t all_abilities =
    ability_exact | ability_reactive | ability_present | ability_checkpoints | ability_raise | ability_progress;

/// A serial and an ethernet channel, and an mmio window.
inline GuestSession::Identity identity() {
  return {.name = "board",
          .abilities = all_abilities,
          .channels = {{.kind = ChannelKind::serial, .input_bound = 16, .output_bound = 8, .name = "console"},
                       {.kind = ChannelKind::ethernet, .input_bound = 4096, .output_bound = 4096, .name = "net"},
                       {.kind = ChannelKind::mmio,
                        .input_bound = 64,
                        .output_bound = 4096,
                        .base = 0x4000'0000,
                        .extent = 4096,
                        .name = "adc"}}};
}

/// Both ends of a session, joined by nothing but their bytes, which move in pieces of a given size.
struct SessionPair {
  explicit SessionPair(std::uint32_t needs = 0, std::size_t piece_size = 1000, GuestSession::Identity who = identity())
      : simulator("test", needs), guest(std::move(who), port), piece(piece_size) {}

  void to_guest() {
    while (!simulator.outgoing().empty()) {
      const auto bytes = simulator.outgoing().first(std::min(piece, simulator.outgoing().size()));
      guest.receive(bytes);
      simulator.sent(bytes.size());
    }
  }
  void to_simulator() {
    while (!guest.outgoing().empty()) {
      const auto bytes = guest.outgoing().first(std::min(piece, guest.outgoing().size()));
      const std::vector<std::byte> copy(bytes.begin(), bytes.end());
      guest.sent(copy.size());
      simulator.receive(copy);
    }
  }
  void open() {
    to_guest();
    to_simulator();
  }

  RecordingPort port;
  SimulatorSession simulator;
  GuestSession guest;
  std::size_t piece;
};

}  // namespace fermata::wire::link::testing
