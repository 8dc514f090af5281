// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <span>

#include "fermata/time/duration.hpp"
#include "fermata/time/instant.hpp"

namespace ping {

using namespace fermata::time::literals;
using fermata::time::Duration;
using fermata::time::Instant;

/// A full-duplex Ethernet cable between two ends: a frame comes out of the other end `latency` after it was sent, or
/// never.
///
/// Which frames are lost is drawn from a generator of each direction's own. So a frame's fate depends on the seed and
/// on how many went the same way before it, and not on the order in which a simulator serves the two guests.
class EthernetLink {
 public:
  enum class End : std::uint8_t { first, second };

  struct Settings {
    Duration latency = 500_us;   ///< more than none
    std::uint32_t loss_ppm = 0;  ///< of a million frames, so many are lost on average; at most a million
    std::uint64_t seed = 2;      ///< of the losses
  };

  /// What became of the frames that were sent into one end.
  struct Count {
    std::uint64_t carried = 0;
    std::uint64_t lost = 0;
    friend bool operator==(const Count&, const Count&) = default;
  };

  /// Takes a frame that is to come out at `at`, which lies ahead.
  using Deliver = std::function<void(Instant at, std::span<const std::byte> frame)>;

  /// Throws base::BadArgument for settings that cannot be.
  explicit EthernetLink(const Settings& settings);

  /// Who takes what comes out of this end. Both ends are connected before the first frame is sent.
  void connect(End end, Deliver deliver) { way_to(end).deliver = std::move(deliver); }
  /// Sends a frame into `from`, at `at`; those of one end in the order of time. The other end's taker is called here.
  void send(End from, Instant at, std::span<const std::byte> frame);

  /// Of what was sent into this end.
  [[nodiscard]] const Count& sent_by(End end) const { return ways_[1U - static_cast<std::size_t>(end)].count; }

 private:
  struct Way {
    std::mt19937_64 luck;  // whose numbers the C++ standard fixes, unlike those of its distributions
    Deliver deliver{};
    Count count{};
  };
  [[nodiscard]] Way& way_to(End end) { return ways_[static_cast<std::size_t>(end)]; }
  [[nodiscard]] Way& way_from(End end) { return ways_[1U - static_cast<std::size_t>(end)]; }

  Settings settings_;
  std::array<Way, 2> ways_;  // by the end to which they lead
};

}  // namespace ping
