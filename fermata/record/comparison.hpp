// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "fermata/record/guest_trace.hpp"
#include "fermata/record/text.hpp"
#include "fermata/time/instant.hpp"

namespace fermata::record {

/// Where two traces part.
struct Difference {
  time::Instant at;                 ///< the earlier one's, of the two that differ
  std::string channel{};            ///< empty: about none
  std::vector<std::string> before;  ///< the lines before, equal in both
  std::optional<std::string> first{};
  std::optional<std::string> second{};  ///< nothing: this trace ends there
  std::string note{};

  friend bool operator==(const Difference&, const Difference&) = default;
};

/// For people: where, then as a unified diff. `first` and `second` are what the traces are called.
[[nodiscard]] std::string to_text(const Difference& difference, const std::string& first, const std::string& second);

/// A record of either trace: what is compared, and how it is shown.
struct TraceLine {
  time::Instant at;
  std::string channel{};
  std::string text{};                ///< with the instant, cut where it is long
  std::vector<std::byte> content{};  ///< all that is compared beyond `text`

  friend bool operator==(const TraceLine& a, const TraceLine& b) { return a.text == b.text && a.content == b.content; }
};
[[nodiscard]] TraceLine line_of(const GuestEvent& event);

/// Compares two traces as they come, each in its own pace. Memory: as far as one is ahead of the other, and the
/// context.
class Comparison {
 public:
  enum class Side : std::uint8_t { first, second };

  /// `context`: how many equal lines a difference shows before it.
  explicit Comparison(std::size_t context) : context_(context) {}

  void add(Side side, TraceLine line);
  /// No more comes from either: what one has beyond the other is a difference.
  void finish();
  /// The first, once there is one; nothing is compared after it.
  [[nodiscard]] const std::optional<Difference>& difference() const { return difference_; }
  /// How many of this side wait for their counterparts.
  [[nodiscard]] std::size_t waiting(Side side) const { return waiting_[static_cast<std::size_t>(side)].size(); }
  /// The instant of the first that waits on this side.
  [[nodiscard]] std::optional<time::Instant> first_waiting(Side side) const;
  /// How many were equal.
  [[nodiscard]] std::uint64_t equal() const { return equal_; }

 private:
  void compare();

  std::size_t context_;
  std::array<std::deque<TraceLine>, 2> waiting_;
  std::deque<std::string> before_;
  std::uint64_t equal_ = 0;
  std::optional<Difference> difference_;
};

}  // namespace fermata::record
