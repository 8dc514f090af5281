// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

#include "fermata/base/contract.hpp"

namespace fermata::time {

/// A span of virtual time: a signed count of nanoseconds, so about +-292 years. Exact; there is no way in or out
/// through floating point. Arithmetic that leaves the range breaks a precondition.
class Duration {
 public:
  constexpr Duration() = default;

  [[nodiscard]] static constexpr Duration nanoseconds(std::int64_t count) { return Duration(count); }
  [[nodiscard]] static constexpr Duration microseconds(std::int64_t count) { return scaled(count, 1'000); }
  [[nodiscard]] static constexpr Duration milliseconds(std::int64_t count) { return scaled(count, 1'000'000); }
  [[nodiscard]] static constexpr Duration seconds(std::int64_t count) { return scaled(count, 1'000'000'000); }
  [[nodiscard]] static constexpr Duration zero() { return Duration(0); }
  [[nodiscard]] static constexpr Duration max() { return Duration(std::numeric_limits<std::int64_t>::max()); }

  [[nodiscard]] constexpr std::int64_t ns() const { return ns_; }
  /// Whole microseconds, towards negative infinity.
  [[nodiscard]] constexpr std::int64_t us_floor() const { return ns_ / 1'000 - (ns_ % 1'000 < 0 ? 1 : 0); }

  constexpr auto operator<=>(const Duration&) const = default;

  constexpr Duration& operator+=(Duration other) {
    base::expects(!__builtin_add_overflow(ns_, other.ns_, &ns_), "Duration: sum within the range of 64 bits of ns");
    return *this;
  }
  constexpr Duration& operator-=(Duration other) {
    base::expects(!__builtin_sub_overflow(ns_, other.ns_, &ns_),
                  "Duration: difference within the range of 64 bits of ns");
    return *this;
  }
  friend constexpr Duration operator+(Duration a, Duration b) { return a += b; }
  friend constexpr Duration operator-(Duration a, Duration b) { return a -= b; }
  friend constexpr Duration operator-(Duration a) { return Duration::zero() - a; }
  friend constexpr Duration operator*(Duration a, std::int64_t factor) { return scaled(a.ns_, factor); }
  friend constexpr Duration operator*(std::int64_t factor, Duration a) { return a * factor; }
  /// How many whole `b` fit into `a`, towards zero. `b` is not zero.
  friend constexpr std::int64_t operator/(Duration a, Duration b) {
    base::expects(b.ns_ != 0, "Duration: divisor is not zero");
    return a.ns_ / b.ns_;
  }
  /// What is left of `a` after as many whole `b`. `b` is not zero.
  friend constexpr Duration operator%(Duration a, Duration b) {
    base::expects(b.ns_ != 0, "Duration: divisor is not zero");
    return Duration(a.ns_ % b.ns_);
  }

 private:
  constexpr explicit Duration(std::int64_t ns) : ns_(ns) {}
  static constexpr Duration scaled(std::int64_t count, std::int64_t unit_ns) {
    std::int64_t ns = 0;
    base::expects(!__builtin_mul_overflow(count, unit_ns, &ns), "Duration: product within the range of 64 bits of ns");
    return Duration(ns);
  }

  std::int64_t ns_ = 0;
};

inline namespace literals {
constexpr Duration operator""_ns(unsigned long long n) { return Duration::nanoseconds(static_cast<std::int64_t>(n)); }
constexpr Duration operator""_us(unsigned long long n) { return Duration::microseconds(static_cast<std::int64_t>(n)); }
constexpr Duration operator""_ms(unsigned long long n) { return Duration::milliseconds(static_cast<std::int64_t>(n)); }
constexpr Duration operator""_s(unsigned long long n) { return Duration::seconds(static_cast<std::int64_t>(n)); }
}  // namespace literals

}  // namespace fermata::time
