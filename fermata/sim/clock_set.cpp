// SPDX-License-Identifier: MIT
#include "fermata/sim/clock_set.hpp"

#include <fmt/format.h>

#include "fermata/base/error.hpp"

namespace fermata::sim {

std::size_t ClockSet::take() {
  if (taken_ == shared_.count()) {
    throw base::BadArgument(fmt::format(
        "clocks: {} guests share them already, which is what they were made for; make them for more", taken_));
  }
  return taken_++;
}

}  // namespace fermata::sim
