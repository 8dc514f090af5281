// SPDX-License-Identifier: GPL-2.0-or-later
//
// How a QEMU whose vCPUs have threads of their own is held at an instant.
//
//   agent's thread                          vCPU threads              QEMU's main thread
//     wait for a grant                        stand, paused             QMP, gdb, devices
//     lock, limit = horizon, resume
//     sleep until the clock shows it          guest code                timers
//       (it stops there by itself)
//     lock, run timers, pause                 stand, paused
//     report
//
// The vCPUs stand where QEMU itself has them stand when its user stops the machine, so that monitor commands,
// debuggers and snapshots find all as they know it. Two things of QEMU's let them go unasked, and then the vCPUs are
// barred (their next work is to wait) until the agent's thread has paused them again: a start (`cont`, the end of a
// snapshot) and a system reset. Under KVM QEMU drops its lock in the middle of both, to ask a vCPU's thread for its
// registers; so the agent's thread keeps off until QEMU lets the vCPUs go, of which we are told.
//
// The machine's user may stop it in the middle of a grant: its time stands then, and the grant goes on when it does.
//
// A simulator that answers soon need not wait for that. With time from the host and multi-threaded TCG the agent's
// thread keeps the lock at the horizon, the vCPUs wait for it between two instructions (they are caught), and go on
// from there when the next grant has come: no thread sleeps and is woken but they. As soon as somebody else wants the
// lock, or no grant has come for a while, they are paused as above, before anybody else gets the lock. So is a vCPU
// that is in the midst of an instruction, before the report: what that does belongs to the time before.
//
// What it does where it stands, and how channels take part: standing.cpp. How it stands within an instruction:
// stalled.cpp.
#include "guests/qemu/agent/threaded/threaded_executor.hpp"

#include <algorithm>
#include <utility>

namespace fermata::qemu {

void ThreadedExecutor::leave(const wire::Leave& order) {
  is_fault_ = order.is_fault && inputs_ != nullptr;  // qqq has no word for a fault
  is_leaving_ = true;
  if (order.is_fault && !is_over()) {  // QEMU's end closes the link under us
    host_.tell_user("the machine ends: " + order.why);
  }
}

void ThreadedExecutor::listen() { vcpus_.listen(*this); }

void ThreadedExecutor::run() {
  while (!is_leaving_ && !is_over()) {
    if (vcpus_.are_caught() && (!granted_ || !is_undisturbed() || !is_all_sent())) {
      pause_caught();
      with_follower([](guest::Follower& follower) { follower.serve({}); });  // writes what there was no room for
    }
    wait_for_order();
    tell_news();
    if (granted_ && host_.is_running() && !is_leaving_) {
      run_to(*std::exchange(granted_, std::nullopt));
    }
  }
  pause_caught();
  if (!is_over()) {
    host_.lock();
    host_.request_quit(is_fault_);
    host_.unlock();
  }
}

void ThreadedExecutor::wait_for_order() {
  if (must_pause_) {
    pause_again();
  }
  if (!granted_) {
    with_follower([](guest::Follower& follower) { follower.serve(look_interval); });
    with_inputs([](Inputs& inputs) { inputs.waiting(); });
  } else if (!host_.is_running()) {
    host_.pause();
  }
}

void ThreadedExecutor::pause_again() {
  host_.lock();
  const bool has_gone = !host_.is_running() || has_let_go();
  if (has_gone && !is_over() && must_pause_.exchange(false) && host_.is_running()) {
    pause_by([this] { vcpus_.pause(); });
  }
  host_.unlock();
  if (!has_gone) {
    host_.pause();
  }
}

// The agent's thread has it already while the vCPUs are caught, and keeps it for as long: it waits for nobody then, but
// for a grant and not for long.
void ThreadedExecutor::take_lock() {
  if (!vcpus_.are_caught()) {
    host_.lock();
  }
}

void ThreadedExecutor::drop_lock() {
  if (!vcpus_.are_caught()) {
    host_.unlock();
  }
}

// They have just been caught.
void ThreadedExecutor::stay_caught() {
  caught_until_.emplace(host::HostClock::monotonic(), longest_caught);
  with_follower([](guest::Follower& follower) { follower.set_hasty(true); });
}

// If they are caught: from now on they stand, and the lock is free. QEMU's end may need it, and nothing else.
void ThreadedExecutor::pause_caught() {
  if (vcpus_.are_caught()) {
    if (is_over()) {
      vcpus_.resume();
    } else {
      pause_by([this] { vcpus_.pause(); });
    }
    host_.unlock();
    no_longer_caught();
  }
}

void ThreadedExecutor::no_longer_caught() {
  if (caught_until_) {
    caught_until_.reset();
    with_follower([](guest::Follower& follower) { follower.set_hasty(false); });
  }
}

// Lock held, and dropped while `pause` waits. QEMU may take our wish back meanwhile, by a reset or a start that lets
// the vCPUs go: they are barred then, and the bar has each stand.
void ThreadedExecutor::pause_by(const std::function<void()>& pause) {
  is_pausing_ = true;
  pause();
  is_pausing_ = false;
  must_pause_ = false;
  is_cut_short_ = false;
  if (host_.is_running() && !vcpus_.are_caught()) {
    vcpus_.turn_clock_off();
  }
}

// Lock held. False while QEMU is in the middle of a start or a reset.
bool ThreadedExecutor::has_let_go() const {
  return is_started_ && !vcpus_.is_reset_due() && (!is_letting_go_ || host_.is_clock_enabled());
}

// Also by ourselves; then it is not held.
void ThreadedExecutor::vcpus_let_go() {
  is_letting_go_ = false;
  if (is_held_) {
    bar_vcpus();
  }
}

void ThreadedExecutor::run_to(time::Instant horizon) {
  take_lock();
  // Its user was quicker; or QEMU may be in the midst of a reset, for which it drops its lock once.
  if (!host_.is_running() || !has_let_go() || must_pause_ || host_.is_lock_wanted() || is_over()) {
    granted_ = horizon;
    drop_lock();
    pause_caught();
    host_.pause();
    return;
  }
  target_ = horizon;
  const time::Instant standing = horizon_;
  deliver_due();
  horizon_ = reason_ ? standing : next_stop();
  is_stop_wanted_ = false;
  if (horizon_ > standing && time_.begin(reading_of(horizon_))) {
    is_held_ = false;
    vcpus_.resume();
    time_.resumed();
    host_.unlock();
    no_longer_caught();
    while (!is_over() && !has_got_there()) {
    }
  } else {
    come_to_stand(false);
    drop_lock();
  }
  if (!is_over()) {
    arrive();
  }
}

// Where a running machine is to stand next.
time::Instant ThreadedExecutor::next_stop() const {
  return inputs_ == nullptr ? target_ : std::min(target_, inputs_->next().value_or(target_));
}

// Runs on for a while; true once the machine stands.
bool ThreadedExecutor::has_got_there() {
  if (is_stalled_) {
    return keep_out_of_the_way();
  }
  if (time_.run([this] { return is_over() || !host_.is_running() || is_to_stand_early() || is_stalled_; })) {
    return !was_raised() && hold();
  }
  if (host_.is_running() && is_to_stand_early()) {
    return hold();
  }
  if (!tell_news()) {
    host_.pause();
  }
  return false;
}

// For what the guest has sent, for what has happened to it, or because its simulator has gone.
bool ThreadedExecutor::is_to_stand_early() const { return is_stop_wanted_ || has_news_ || is_leaving_; }

// True if a later horizon has come meanwhile: the guest goes on without a stop. Not while there is something to write,
// for which a peer may have us wait: the vCPUs are to stand then.
bool ThreadedExecutor::was_raised() {
  with_follower([this](guest::Follower& follower) {
    if (horizon_ == target_ && follower.unsent_bytes() == 0) {
      follower.serve({});
    }
  });
  if (is_leaving_ || !granted_ || *granted_ <= target_) {
    return false;
  }
  host_.lock();
  bool is_later = false;
  if (!is_stalled_) {
    target_ = *std::exchange(granted_, std::nullopt);
    is_later = next_stop() > horizon_;
  }
  if (is_later) {
    horizon_ = next_stop();
    time_.raise(reading_of(horizon_));
  }
  host_.unlock();
  return is_later;
}

// Timers that are due go first: QEMU's main thread may be late, and must not find them overdue after the hold. False if
// the machine is not where it is to be held: a snapshot was loaded this moment; or cannot be: QEMU is about to let it
// go, or has it stand itself this moment (the clock is off), for a reset; or an instruction waits. One that comes to
// wait while the vCPUs are being paused moves the horizon.
bool ThreadedExecutor::hold() {
  is_holding_ = true;
  host_.lock();
  const bool is_ours =
      !is_over() && !is_stalled_ && (!host_.is_running() || (has_let_go() && host_.is_clock_enabled()));
  const bool is_at_horizon = time_.reading() >= reading_of(horizon_);
  const bool is_there = is_ours && (is_at_horizon || (is_to_stand_early() && host_.is_running()));
  if (is_there) {
    if (host_.is_running()) {
      vcpus_.run_timers();
    }
    is_held_ = true;  // before the lock is dropped: a reset may come meanwhile
    pause_by([this] { time_.end(); });
    if (std::exchange(has_stalled_, false)) {
      horizon_ = std::clamp(now(), horizon_, target_);
    }
    come_to_stand(time_.reading() < reading_of(horizon_));
  }
  if (vcpus_.are_caught()) {
    stay_caught();
  }
  is_holding_ = false;
  drop_lock();
  if (!is_ours) {
    host_.pause();
  }
  return is_there;
}

// Lock held, vCPUs stand. The wait ends when the agent's thread has paused them, which shows in the clock.
void ThreadedExecutor::bar_vcpus() {
  must_pause_ = true;
  vcpus_.bar([this] {
    if (is_pausing_) {
      vcpus_.stop_this();
      return;
    }
    while (is_held_ && !is_over() && host_.is_running() && host_.is_clock_enabled()) {
      host_.unlock();
      host_.pause();
      host_.lock();
      if (is_pausing_) {
        vcpus_.stop_this();
        return;
      }
    }
  });
}

// QEMU's clock has run on for a moment since it was enabled, which is nobody's time.
void ThreadedExecutor::machine_started() {
  const time::Duration limit = reading_of(horizon_);
  time_.started(is_held_at_horizon() ? limit : stopped_at_, limit);
  has_started_ = is_started_ = true;
  is_letting_go_ = true;
  vcpus_.turn_clock_off();
}

// The simulator's time goes on from where it was, and with -loadvm starts here.
void ThreadedExecutor::state_loaded() {
  const time::Duration reading = vcpus_.running_clock();
  zero_ += reading - std::exchange(stopped_at_, reading);
}

void ThreadedExecutor::machine_stopped(const std::string& state) {
  is_started_ = false;
  if (!time_.stopped() && !std::exchange(has_told_of_snapshots_, true)) {
    host_.tell_user("note: this QEMU's clock cannot be set; a snapshot of this machine has another time than it shows");
  }
  stopped_at_ = time_.reading();
  const bool is_bad = state == "guest-panicked" || state == "internal-error";
  const bool is_users = state == "paused" || state == "debug" || state == "suspended";
  const bool has_trouble = state == "io-error" || state == "watchdog";
  if (is_users || has_trouble) {
    keep_news(wire::StopReason::user);
  } else if (is_bad) {
    keep_news(state == "guest-panicked" ? wire::StopReason::panicked : wire::StopReason::error);
  }
  if (inputs_ == nullptr && (is_bad || has_trouble || state == "shutdown")) {
    host_.tell_user("the machine is paused (" + state + "); it reports nothing to the simulator until it goes on");
  }
}

void ThreadedExecutor::machine_reset() {
  is_letting_go_ = host_.is_running();
  if (inputs_ != nullptr) {
    inputs_->reset();
  }
  keep_news(wire::StopReason::reset);
}

}  // namespace fermata::qemu
