// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "fermata/time/duration.hpp"
#include "fermata/time/frequency.hpp"

namespace fermata::device::uart {

/// What one character of a serial line consists of, and how fast its bits go.
struct Frame {
  std::uint32_t data_bits = 8;
  bool has_parity = false;
  bool has_long_stop = false;  ///< two stop bits, or one and a half after 5 bits of data
  std::uint32_t divisor = 1;   ///< of a 16th of the clock; 0 is taken as 1

  /// How long `count` characters take one after the other, rounded down once; at most a century.
  [[nodiscard]] time::Duration characters(std::uint64_t count, const time::Frequency& clock) const;
};

}  // namespace fermata::device::uart
