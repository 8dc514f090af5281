// SPDX-License-Identifier: MIT
#include "clock_check.hpp"

#include <algorithm>

#include "fermata/base/contract.hpp"

namespace heated_room {

ClockCheck::ClockCheck(Duration quantum) {
  fermata::base::expects(quantum > Duration::zero(), "ClockCheck: the quantum is positive");
  const std::int64_t quanta = (answer_limit + quantum - 1_ns) / quantum;
  bound_ = uptime_resolution + quanta * quantum;
}

Duration ClockCheck::add(const ClockSample& sample) {
  const Duration apart = sample.answered.since_origin() - sample.uptime;
  if (!offset_) {
    offset_ = apart;
  }
  last_ = apart - *offset_;
  least_ = std::min(least_, last_);
  greatest_ = std::max(greatest_, last_);
  longest_answer_ = std::max(longest_answer_, sample.answered - sample.asked);
  ++samples_;
  if (last_ >= bound_ || last_ <= -bound_) {
    ++beyond_bound_;
  }
  return last_;
}

}  // namespace heated_room
