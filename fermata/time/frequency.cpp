// SPDX-License-Identifier: MIT
#include "fermata/time/frequency.hpp"

#include <limits>
#include <numeric>

#include "fermata/base/error.hpp"

namespace fermata::time {
namespace {

__extension__ using Wide = unsigned __int128;
constexpr std::uint64_t ns_per_second = 1'000'000'000;

}  // namespace

Frequency::Frequency(std::uint64_t numerator_hz, std::uint64_t denominator) {
  if (numerator_hz == 0 || denominator == 0) {
    throw base::BadArgument("Frequency: numerator and denominator are at least 1");
  }
  // Beyond this the products below would leave 128 bits.
  if (denominator > std::numeric_limits<std::uint64_t>::max() / ns_per_second) {
    throw base::BadArgument("Frequency: denominator is at most 18446744073");
  }
  const std::uint64_t common = std::gcd(numerator_hz, denominator);
  numerator_hz_ = numerator_hz / common;
  denominator_ = denominator / common;
}

std::uint64_t Frequency::ticks_at(Instant at) const {
  base::expects(at >= Instant::origin(), "Frequency: the instant is not before the origin");
  const Wide product = static_cast<Wide>(at.since_origin().ns()) * numerator_hz_;
  const Wide ticks = product / (static_cast<Wide>(denominator_) * ns_per_second);
  base::expects(ticks <= std::numeric_limits<std::uint64_t>::max(), "Frequency: tick count within 64 bits");
  return static_cast<std::uint64_t>(ticks);
}

Instant Frequency::instant_of(std::uint64_t ticks) const {
  const Wide product = static_cast<Wide>(ticks) * denominator_ * ns_per_second;
  const Wide ns = product / numerator_hz_ + (product % numerator_hz_ != 0 ? 1 : 0);
  base::expects(ns <= static_cast<Wide>(std::numeric_limits<std::int64_t>::max()),
                "Frequency: instant within 64 bits of ns");
  return Instant::at(Duration::nanoseconds(static_cast<std::int64_t>(ns)));
}

}  // namespace fermata::time
