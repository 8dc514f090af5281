// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"
#include "fermata/wire/link/channel.hpp"

namespace fermata::guest {

/// Inputs of a link that wait for their instants: given out by instant, then channel, then the order in which they came
/// (docs/protocol.md, "Inputs and outputs"). Knows no clock. Not thread-safe.
class PendingInputs {
 public:
  struct Input {
    std::uint16_t channel = 0;
    time::Instant at;
    std::uint64_t sequence = 0;
    std::vector<std::byte> payload{};
  };

  /// Channels are numbered 1 to `channels`.
  explicit PendingInputs(std::size_t channels) : channels_(channels) {}

  /// Behind those of its channel that have the same instant or an earlier one.
  void add(const wire::link::Datum& input);
  /// When the first of them is due.
  [[nodiscard]] std::optional<time::Instant> next() const;
  /// The channel of the first if it is due at `now`.
  [[nodiscard]] std::optional<std::uint16_t> due(time::Instant now) const;
  /// Takes the first out if it is due at `now`.
  [[nodiscard]] std::optional<Input> take_due(time::Instant now);
  [[nodiscard]] std::size_t size() const { return size_; }

  void save(state::Writer& writer) const;
  /// Throws like `state::Reader`.
  void load(state::Reader& reader);

 private:
  struct Waiting {
    time::Instant at;
    std::uint64_t sequence;
    std::vector<std::byte> payload;
  };

  [[nodiscard]] const std::deque<Waiting>* first() const;

  std::vector<std::deque<Waiting>> channels_;
  std::size_t size_ = 0;
};

}  // namespace fermata::guest
