// SPDX-License-Identifier: GPL-2.0-or-later
//
// How a guest's load of a register that the simulator has is finished. The vCPU thread stands within the instruction,
// in QEMU's call of the register window:
//
//   running -> stalled    report (mmio), drop the lock, wait for the answer and a grant
//                         let time pass to the next timer or input, run it; at a horizon report and wait again
//   -> running            the answer's instant has come: the value goes to the guest
//   -> held               QEMU ends, or a checkpoint is gone back to: the value does not matter any more
#include <algorithm>
#include <utility>

#include "guests/qemu/agent/icount_executor.hpp"

namespace fermata::qemu {

bool IcountExecutor::may_wait_within_instruction() {
  return host_.is_vcpu_thread() && state_ == State::running && !is_delivering_;
}

bool IcountExecutor::wait_within_instruction(const std::function<bool()>& is_answered) {
  state_ = State::stalled;
  stop_wanted_ = wire::StopReason::mmio;
  is_abandoned_ = false;
  host_.park_timer();
  bool goes_on = true;
  while (goes_on && !is_answered()) {
    const auto input = inputs_->next();
    if (!stop_wanted_ && now() >= horizon_ && input && *input <= now()) {
      inputs_->deliver(now());
    } else if (stop_wanted_ || now() >= horizon_) {
      goes_on =
          report_within_instruction(std::exchange(stop_wanted_, std::nullopt).value_or(wire::StopReason::horizon));
    } else {
      pass_time_until(next_stop());
      tell_progress(now());
      goes_on = !is_leaving_;
    }
  }
  if (goes_on && !stop_wanted_) {
    go_on_to(horizon_);
    host_.queue_work();  // the vCPU is to count its instructions to the next timer anew
    return true;
  }
  state_ = State::held;
  is_reported_ = !goes_on;
  horizon_ = now();
  reason_ = std::exchange(stop_wanted_, std::nullopt).value_or(wire::StopReason::horizon);
  hold();
  return goes_on;
}

// False if the instruction is not to be finished.
bool IcountExecutor::report_within_instruction(wire::StopReason reason) {
  const time::Instant standing = now();
  // Nothing but timers and inputs happens, whatever the vCPU is in the middle of.
  const wire::NextEvent next = next_event_of_idle(host_.next_machine_timer(), standing);
  inputs_->standing(standing);
  host_.unlock();
  report({.now = standing, .reason = reason, .next = next});
  while (!granted_ && !is_leaving_ && !is_abandoned_ && !host_.is_leaving()) {
    follower_->serve(look_interval);
    inputs_->waiting();
  }
  host_.lock();
  if (is_leaving_ || is_abandoned_ || !granted_) {
    return false;
  }
  horizon_ = granted_horizon_ = *std::exchange(granted_, std::nullopt);
  return true;
}

// To the machine's next timer, if that is earlier, and then what is due of inputs. A timer that stays due is one of
// another thread's, which runs it when it may.
void IcountExecutor::pass_time_until(time::Instant until) {
  if (const auto timer = host_.next_machine_timer()) {
    const time::Instant at = time::Instant::origin() + (*timer - zero_);
    until = at > now() ? std::min(until, at) : until;
  }
  host_.let_time_pass(std::max(until - now(), time::Duration::zero()));
  inputs_->deliver(now());
}

}  // namespace fermata::qemu
