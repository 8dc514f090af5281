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
#include <thread>
#include <utility>

#include "guests/qemu/agent/threaded/threaded_executor.hpp"

namespace fermata::qemu {
namespace {

// What the other vCPUs get between two reads, of the host's time: several times what it takes to hold them.
constexpr auto shortest_turn = std::chrono::microseconds(20);
// For them to leave where they were held.
constexpr auto longest_way = std::chrono::milliseconds(10);

}  // namespace

// The others, and the agent's thread where it has something to do, get a turn first: a guest may do nothing but read,
// and wait for what another vCPU does.
bool ThreadedExecutor::may_wait_within_instruction() {
  if (!host_.is_vcpu_thread() || inputs_ == nullptr || stalled_ == std::this_thread::get_id()) {
    return false;
  }
  while (!is_over() &&
         (is_stalled_ || host::HostClock::monotonic().now() < others_until_ || (is_holding_ && !is_pausing_))) {
    host_.unlock();
    if (is_stalled_) {
      host_.pause();
    } else {
      std::this_thread::yield();
    }
    host_.lock();
  }
  return has_started_ && (!is_held_ || (is_holding_ && is_pausing_)) && !is_cut_short_ && !is_leaving_ && !is_over();
}

bool ThreadedExecutor::wait_within_instruction(const std::function<bool()>& is_answered) {
  const bool are_others_held = hold_others();
  const bool is_pausing = is_pausing_;
  time_.stand_within(are_others_held);
  if (!is_pausing) {
    time_.hurry();
    host_.unlock();
    wait_until_out_of_the_way();
    host_.lock();
  }
  horizon_ = std::clamp(now(), reported_at_, horizon_);
  target_ = std::max(target_, std::exchange(granted_, std::nullopt).value_or(target_));
  const bool goes_on = finish_instruction(is_answered);
  has_stalled_ = is_pausing;
  if (!goes_on) {
    cut_short(is_pausing);
  } else if (!is_pausing) {
    horizon_ = std::max(horizon_, next_stop());
  }
  let_others_go(is_pausing);
  return goes_on;
}

// False if they go on.
bool ThreadedExecutor::hold_others() {
  is_stalled_ = true;
  stalled_ = std::this_thread::get_id();
  is_abandoned_ = false;
  const bool are_held = vcpus_.hold_others();
  if (!are_held && !std::exchange(has_told_of_others_, true)) {
    host_.tell_user(
        "note: other vCPUs go on while one waits for the simulator: they were plugged in, or QEMU's locks are "
        "profiled");
  }
  return are_held;
}

// The clock goes on once they have left the places where they were held. From then on the lock is not dropped.
void ThreadedExecutor::let_others_go(bool is_pausing) {
  const bool goes_on = !is_pausing && !is_cut_short_;
  if (goes_on) {
    time_.go_on_within(reading_of(horizon_));
  }
  vcpus_.let_others_go();
  const host::Deadline deadline(host::HostClock::monotonic(), longest_way);
  while (!is_pausing && vcpus_.others_held() > 0 && !deadline.has_passed()) {
    host_.unlock();
    std::this_thread::yield();
    host_.lock();
  }
  if (goes_on) {
    time_.others_gone_on();
  }
  if (vcpus_.count() > 1) {
    others_until_ = host::HostClock::monotonic().now() + shortest_turn;
  }
  stalled_ = std::thread::id();
  {
    const std::lock_guard guard(stall_mutex_);
    is_stalled_ = false;
  }
  stall_changed_.notify_all();
}

// The vCPUs are held as QEMU holds them: what the guest would do with no answer is to happen nowhere.
void ThreadedExecutor::cut_short(bool is_pausing) {
  is_told_ = true;
  is_cut_short_ = true;
  target_ = horizon_;
  reason_.reset();
  if (!is_pausing && !is_over()) {
    is_held_ = true;
    bar_vcpus();
  }
}

// False if it is not to be finished.
bool ThreadedExecutor::finish_instruction(const std::function<bool()>& is_answered) {
  bool goes_on = report_within_instruction(wire::StopReason::mmio);
  while (goes_on && (reason_ || !is_answered())) {
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

// To the machine's next timer, if that is earlier, also where QEMU is about to pause the vCPUs. One that stays due is
// one of another thread's, which runs it when it may.
void ThreadedExecutor::pass_time() {
  vcpus_.with_clock_on([this] {
    time::Instant until = next_stop();
    if (const auto timer = host_.next_machine_timer(); timer && instant_of(*timer) > horizon_) {
      until = std::min(until, instant_of(*timer));
    }
    horizon_ = std::max(horizon_, until);
    time_.pass_within(reading_of(horizon_));
    vcpus_.run_timers();
  });
}

// The agent's thread. True if the machine is to stand then, and the simulator knows it.
bool ThreadedExecutor::keep_out_of_the_way() {
  std::unique_lock guard(stall_mutex_);
  is_out_of_the_way_ = true;
  stall_changed_.notify_all();
  while (is_stalled_ && !is_over()) {
    stall_changed_.wait_for(guard, look_interval);
  }
  is_out_of_the_way_ = false;
  return !is_stalled_ && is_told_;
}

void ThreadedExecutor::wait_until_out_of_the_way() {
  std::unique_lock guard(stall_mutex_);
  while (!is_out_of_the_way_ && !is_over()) {
    stall_changed_.wait_for(guard, look_interval);
  }
}

}  // namespace fermata::qemu
