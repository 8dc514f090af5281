// SPDX-License-Identifier: GPL-2.0-or-later
//
// How a guest is kept from standing: in the callback of the executor's timer, in the vCPU thread with QEMU's lock held.
//
//   vCPU thread                                              simulator
//   guest code ... the timer expires at a milestone
//     PROGRESS ---------------------------------------------> advances its model
//     a GRANT that is there raises the horizon <------------- GRANT of the next quantum
//     the timer is armed at the next milestone
//   guest code ... the timer expires at the horizon
//     a GRANT that came meanwhile: as at a milestone. None: the guest stands
#include <algorithm>
#include <utility>

#include "guests/qemu/agent/icount_executor.hpp"

namespace fermata::qemu {

std::optional<time::Instant> IcountExecutor::next_milestone() const {
  return inputs_ != nullptr ? follower_->milestone() : std::nullopt;
}

// True where a guest that has asked to be switched off stands until QEMU has done so: at the first milestone after
// that, or at the horizon, however far that was raised meanwhile. So it is told of the same instant in each run.
bool IcountExecutor::is_off_at(time::Instant reached) const {
  return inputs_ != nullptr && host_.is_leaving() &&
         (reached >= horizon_ || reached >= next_milestone().value_or(horizon_));
}

// True if a grant that came meanwhile lets the guest go on without a stop. Not where others wait for its clock, which
// is told at stops.
bool IcountExecutor::was_raised() {
  if (inputs_ == nullptr || follower_->shares_clocks()) {
    return false;
  }
  follower_->serve({});
  if (is_leaving_ || !granted_ || *granted_ <= horizon_) {
    return false;
  }
  horizon_ = granted_horizon_ = *std::exchange(granted_, std::nullopt);
  return true;
}

// If a milestone has come: tells it, and takes what grants there are, if it is the last before the horizon: to look
// earlier would have the simulator's core hand over a line of its memory for nothing. At most one write and one read,
// with the lock held; neither waits.
void IcountExecutor::tell_progress(time::Instant reached) {
  const auto milestone = next_milestone();
  if (!milestone || reached < *milestone) {
    return;
  }
  inputs_->standing(reached);
  if (state_ == State::held || stop_wanted_) {
    return;  // what QEMU's main thread sent is an output at which the guest is to stop
  }
  follower_->progressed(reached);
  const auto next = follower_->milestone();
  if (follower_->unsent_bytes() == 0 && (!next || *next >= horizon_)) {
    follower_->serve({});
  }
  if (granted_ && *granted_ > horizon_) {
    horizon_ = granted_horizon_ = *std::exchange(granted_, std::nullopt);
  }
  if (is_leaving_ && state_ == State::running) {
    horizon_ = reached;
    state_ = State::held;
    is_reported_ = true;
    hold();
  }
}

}  // namespace fermata::qemu
