// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "fermata/time/instant.hpp"

namespace fermata::time {

/// A rate of ticks as an exact ratio of integers, numerator/denominator hertz. Ticks are always computed from the
/// origin with a 128-bit product, so rounding never adds up.
class Frequency {
 public:
  /// Both at least 1. Throws base::BadArgument otherwise.
  explicit Frequency(std::uint64_t numerator_hz, std::uint64_t denominator = 1);

  /// Ticks that have begun by `at`: floor(at * f). `at` is not before the origin.
  [[nodiscard]] std::uint64_t ticks_at(Instant at) const;
  /// The first instant at which `ticks_at` gives `ticks`: ceil(ticks / f).
  [[nodiscard]] Instant instant_of(std::uint64_t ticks) const;

  [[nodiscard]] std::uint64_t numerator_hz() const { return numerator_hz_; }
  [[nodiscard]] std::uint64_t denominator() const { return denominator_; }

  friend bool operator==(const Frequency&, const Frequency&) = default;

 private:
  std::uint64_t numerator_hz_;
  std::uint64_t denominator_;
};

}  // namespace fermata::time
