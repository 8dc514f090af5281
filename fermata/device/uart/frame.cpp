// SPDX-License-Identifier: MIT
#include "fermata/device/uart/frame.hpp"

#include <algorithm>

namespace fermata::device::uart {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::int64_t century_ns = std::int64_t{36'525} * 86'400 * 1'000'000'000;
constexpr std::uint64_t most_characters = std::uint64_t{1} << 32;  // keeps the product below within 128 bits

}  // namespace

time::Duration Frame::characters(std::uint64_t count, const time::Frequency& clock) const {
  // In halves of a bit, for the stop of one and a half.
  const std::uint32_t stop_halves = !has_long_stop ? 2 : data_bits == 5 ? 3 : 4;
  const std::uint32_t halves = 2 * (1 + data_bits + (has_parity ? 1U : 0U)) + stop_halves;
  const Wide clocks = Wide{std::min(count, most_characters)} * halves * 8 * std::max(divisor, 1U);
  const Wide ns = clocks * (Wide{1'000'000'000} * clock.denominator()) / clock.numerator_hz();
  return time::Duration::nanoseconds(static_cast<std::int64_t>(std::min<Wide>(ns, century_ns)));
}

}  // namespace fermata::device::uart
