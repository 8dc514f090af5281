// SPDX-License-Identifier: MIT
#include "clock_check.hpp"

#include <algorithm>

namespace heated_room {

Duration ClockCheck::add(const ClockSample& sample) {
  const Duration apart = sample.answered.since_origin() - sample.uptime;
  if (!offset_) {
    offset_ = apart;
  }
  last_ = apart - *offset_;
  least_ = std::min(least_, last_);
  greatest_ = std::max(greatest_, last_);
  shortest_answer_ = std::min(shortest_answer_, sample.answered - sample.asked);
  longest_answer_ = std::max(longest_answer_, sample.answered - sample.asked);
  ++samples_;
  if (last_ >= bound || last_ <= -bound) {
    ++beyond_bound_;
  }
  return last_;
}

}  // namespace heated_room
