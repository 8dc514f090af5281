// SPDX-License-Identifier: GPL-2.0-or-later
//
// How a guest's load of a register that the simulator has is finished, where each vCPU has a thread of its own. The
// vCPU stands within the instruction, in QEMU's call of the register window, and QEMU cannot pause it there. So it
// takes the agent's part for that time, as on a machine that counts its instructions:
//
//   its thread                      the others'                agent's thread
//     hold the others                 wait, outside of           keep out of the way,
//     report (mmio), drop the lock     guest code                  or have QEMU pause (a horizon that has come
//     wait for a grant                                             meanwhile): done when the instruction is
//     let time pass to the next timer
//       or input, run it; at a horizon
//       report and wait again
//     the answer's instant has come:
//     let them go                     guest code                 go on
//
// The others are held by the lock that they need as soon as they have left guest code; QEMU's other threads get it.
// What has the vCPUs pause (a stop, a reset, a snapshot) waits until the instruction is done, that is for the
// simulator.
#include <algorithm>
#include <utility>

#include "guests/qemu/agent/threaded/threaded_executor.hpp"

namespace fermata::qemu {

bool ThreadedExecutor::may_wait_within_instruction() {
  return inputs_ != nullptr && has_started_ && host_.is_vcpu_thread() && (!is_held_ || is_pausing_) && !is_stalled_ &&
         !is_leaving_ && !is_over();
}

bool ThreadedExecutor::wait_within_instruction(const std::function<bool()>& is_answered) {
  const bool is_pausing = is_pausing_;
  is_stalled_ = true;
  is_abandoned_ = false;
  vcpus_.hold_others();
  time_.stand_within();
  if (!is_pausing) {
    time_.hurry();
    host_.unlock();
    wait_until_out_of_the_way();
    host_.lock();
  }
  horizon_ = std::clamp(now(), reported_at_, horizon_);
  target_ = std::max(target_, std::exchange(granted_, std::nullopt).value_or(target_));
  const bool goes_on = finish_instruction(is_answered);
  if (!goes_on) {
    is_told_ = true;
    target_ = horizon_;
    reason_.reset();
  }
  if (!is_pausing) {
    horizon_ = reason_ ? horizon_ : std::max(horizon_, next_stop());
    time_.go_on_within(reading_of(horizon_));
  }
  {
    const std::lock_guard guard(stall_mutex_);
    is_stalled_ = false;
  }
  stall_changed_.notify_all();
  vcpus_.let_others_go();
  return goes_on;
}

// False if it is not to be finished.
bool ThreadedExecutor::finish_instruction(const std::function<bool()>& is_answered) {
  bool goes_on = report_within_instruction(wire::StopReason::mmio);
  while (goes_on && !is_answered()) {
    const auto input = inputs_->next();
    if (is_stop_wanted_.exchange(false) || (!reason_ && input && *input <= horizon_)) {
      deliver_due();
    } else if (reason_ || horizon_ >= target_) {
      goes_on = report_within_instruction(std::exchange(reason_, std::nullopt).value_or(wire::StopReason::horizon));
    } else {
      pass_time();
    }
  }
  return goes_on;
}

bool ThreadedExecutor::report_within_instruction(wire::StopReason reason) {
  with_inputs([this](Inputs& inputs) { inputs.standing(horizon_); });
  host_.unlock();
  report({.now = horizon_, .reason = reason});
  while (!granted_ && !is_leaving_ && !is_abandoned_ && !is_over() && !host_.is_leaving()) {
    with_follower([](guest::Follower& follower) { follower.serve(look_interval); });
    with_inputs([](Inputs& inputs) { inputs.waiting(); });
  }
  host_.lock();
  if (is_leaving_ || is_abandoned_ || !granted_) {
    return false;
  }
  target_ = *std::exchange(granted_, std::nullopt);
  return true;
}

// To the machine's next timer, if that is earlier. One that stays due is one of another thread's, which runs it when it
// may.
void ThreadedExecutor::pass_time() {
  time::Instant until = next_stop();
  if (const auto timer = host_.next_machine_timer(); timer && instant_of(*timer) > horizon_) {
    until = std::min(until, instant_of(*timer));
  }
  horizon_ = std::max(horizon_, until);
  time_.pass_within(reading_of(horizon_));
  vcpus_.run_timers();
}

// The agent's thread.
void ThreadedExecutor::keep_out_of_the_way() {
  std::unique_lock guard(stall_mutex_);
  is_out_of_the_way_ = true;
  stall_changed_.notify_all();
  while (is_stalled_ && !is_over()) {
    stall_changed_.wait_for(guard, look_interval);
  }
  is_out_of_the_way_ = false;
}

void ThreadedExecutor::wait_until_out_of_the_way() {
  std::unique_lock guard(stall_mutex_);
  while (!is_out_of_the_way_ && !is_over()) {
    stall_changed_.wait_for(guard, look_interval);
  }
}

}  // namespace fermata::qemu
