// SPDX-License-Identifier: GPL-2.0-or-later
//
// How a stock QEMU is held at an instant.
//
//   main thread             vCPU thread                                   simulator
//                           guest code ... a timer at the horizon expires
//                             timer_expired(): queue_work()
//                           run_work(), outside guest code and timers
//                             stay_busy(), drop the big lock
//     QMP, gdb, SIGTERM       follower: report ------------------------->
//     and devices go on       follower: wait for the next grant <--------
//                             take the lock, arm the timer at the horizon
//                           guest code ...
//
// Blocking in the timer callback would be simpler and would hold the lock: nobody could talk to QEMU between grants.
// The wait therefore happens in a work item, and it must let go when QEMU wants the vCPUs to pause, or QEMU would hang:
//   - a stop (QMP stop, savevm, quit): is_running() turns false; machine_started() arms the timer again;
//   - a system reset: the clock is disabled, with no stop that we would be told of; the timer, due at once, brings us
//     back before the first instruction after it.
// So whatever QEMU does, a machine without a grant starts with its timer due. What others queue for the vCPUs, and may
// wait for in the main thread, would stand behind us in the queue: let_others_work() runs it while we wait.
//
// Horizons are absolute and are reached at the first instruction boundary at or after them, up to one instruction late;
// what is reported is the horizon, so that nothing adds up. A loaded snapshot moves QEMU's clock: our zero moves with
// it.
#include "guests/qemu/agent/icount_executor.hpp"

#include <algorithm>
#include <utility>

namespace fermata::qemu {
namespace {

// How long a hold is, in looks, before others' work on the vCPUs is run, and how often from then on: half a second and
// 20 ms. Not at once, because each time makes QEMU's kick flags anew, which may shift the turns of several vCPUs.
constexpr unsigned looks_before_work = 250;
constexpr unsigned looks_between_work = 10;
// More is not written with the lock held, for a simulator that reads slowly.
constexpr std::size_t most_unsent = 16 * 1024;
// For a grant, with the lock held: several times what a peer with a core of its own takes.
constexpr host::HostDuration longest_spin = std::chrono::microseconds(20);

}  // namespace

void IcountExecutor::resume_until(time::Instant horizon) { granted_ = horizon; }

void IcountExecutor::leave(const wire::Leave& order) {
  is_leaving_ = true;
  is_fault_ =
      order.is_fault &&
      inputs_ != nullptr;  // qqq has no word for a fault; before the simulator is told, whose end the watcher sees
  if (order.is_fault) {
    host_.tell_user("the machine ends: " + order.why);
  }
}

void IcountExecutor::timer_expired() {
  if (state_ == State::running) {
    const time::Instant reached = now();
    if (reached < next_stop()) {  // armed by an earlier life of this clock
      host_.arm_timer(reading_of(next_stop()));
      return;
    }
    if (inputs_ != nullptr && let_others_go_first()) {
      return;
    }
    deliver_due(reached);
    if (state_ != State::running) {
      return;  // an input has had the guest's device make an output at which it is to stop
    }
    if (!is_off_at(reached) && (reached < horizon_ || was_raised())) {
      tell_progress(reached);
      if (state_ == State::running) {
        host_.arm_timer(reading_of(next_stop()));
      }
      return;
    }
    horizon_ = inputs_ != nullptr ? reached : standing_at();
    reason_ = wire::StopReason::horizon;
    state_ = State::held;
    is_reported_ = false;
    if (shakes_hands_at_once()) {
      return;
    }
  }
  hold();
}

// Reports, and waits for the next grant for as long as it takes to go round by a work item, with the lock held. True if
// the machine goes on. Not where the next vCPU's turn would depend on it, nor where somebody waits for the lock.
bool IcountExecutor::shakes_hands_at_once() {
  if (inputs_ == nullptr || host_.do_vcpus_take_turns() || host_.is_lock_wanted() || host_.is_ending() ||
      !host_.is_running() || follower_->unsent_bytes() > most_unsent) {
    return false;
  }
  next_ = next_event();
  inputs_->standing(horizon_);
  is_reported_ = true;
  report({.now = horizon_, .reason = reason_, .next = next_});
  const auto is_settled = [this] {
    if (!granted_ && !is_leaving_) {
      follower_->serve({});
    }
    return granted_ || is_leaving_ || host_.is_lock_wanted();
  };
  if (!spin_.until(host::HostClock::monotonic(), is_settled, longest_spin) || !granted_ || is_leaving_) {
    return false;
  }
  inputs_->waiting();
  go_on_to(*std::exchange(granted_, std::nullopt));
  return true;
}

// With work queued no vCPU counts as idle: QEMU 7.2 would move the clock on to the first timer that a device arms while
// it is given its input.
void IcountExecutor::deliver_due(time::Instant reached) {
  const auto input = inputs_ != nullptr ? inputs_->next() : std::nullopt;
  if (input && *input <= reached) {
    host_.queue_work();
    is_delivering_ = true;
    inputs_->deliver(reached);
    is_delivering_ = false;
  }
}

// At one instant devices' timers come first, whenever they were armed: ours goes behind them, within the same pass.
bool IcountExecutor::let_others_go_first() {
  const auto other = host_.next_timer();
  have_others_gone_first_ = !have_others_gone_first_ && other && *other <= host_.clock();
  if (have_others_gone_first_) {
    host_.arm_timer(host_.clock());
  }
  return have_others_gone_first_;
}

void IcountExecutor::stop_here(time::Instant at, wire::StopReason reason) {
  if (state_ == State::stalled && !stop_wanted_) {
    stop_wanted_ = reason;
  }
  if (state_ == State::running) {
    horizon_ = at;
    reason_ = reason;
    state_ = State::held;
    is_reported_ = false;
    hold();
  }
}

// In this order: with work queued vCPU 0 does not count as idle, and QEMU 7.2 moves an idle machine's clock on to
// whatever timer is armed, a parked one too.
void IcountExecutor::hold() {
  host_.queue_work();
  host_.park_timer();
}

void IcountExecutor::report(const wire::Stop& stop) {
  reported_at_ = stop.now;
  follower_->stopped(stop);
}

time::Instant IcountExecutor::now() const { return time::Instant::origin() + (host_.clock() - zero_); }

// Where the running machine is to be looked at next.
time::Instant IcountExecutor::next_stop() const {
  if (inputs_ == nullptr) {
    return horizon_;
  }
  const time::Instant input = inputs_->next().value_or(horizon_);
  const time::Instant milestone = follower_->milestone().value_or(horizon_);
  return std::min({horizon_, input, milestone});
}

// The instant at which the machine stands, as qqq tells it: the horizon, unless it is beyond by an instruction or more.
time::Instant IcountExecutor::standing_at() const {
  const time::Duration past = now() - horizon_;
  const bool is_on_time = past >= time::Duration::zero() && past < host_.instruction_length();
  return is_on_time ? horizon_ : horizon_ + past;
}

void IcountExecutor::return_to(time::Instant now) {
  zero_ = host_.clock() - now.since_origin();
  horizon_ = granted_horizon_ = reported_at_ = now;
}

void IcountExecutor::go_on_to(time::Instant horizon) {
  horizon_ = granted_horizon_ = horizon;
  state_ = State::running;
  have_others_gone_first_ = false;
  host_.arm_timer(reading_of(next_stop()));
}

// While the vCPUs stand and our timer is out of reach.
wire::NextEvent IcountExecutor::next_event() const {
  return host_.are_vcpus_idle() ? next_event_of_idle(host_.next_timer(), horizon_) : wire::NextEvent{};
}

wire::NextEvent IcountExecutor::next_event_of_idle(std::optional<time::Duration> timer, time::Instant standing) const {
  wire::NextEvent next{.is_idle = true};
  if (timer) {
    next.timer = time::Instant::origin() + (*timer - zero_);
  }
  if (const auto input = inputs_->next(); input && (!next.timer || *input < *next.timer)) {
    next.timer = input;
  }
  if (next.timer) {
    next.timer = std::max(*next.timer, standing);
  }
  return next;
}

void IcountExecutor::run_work() {
  if (is_working_) {
    return;  // queued twice, and found by let_others_work()
  }
  is_working_ = true;
  stand();
  is_working_ = false;
  if (!is_underway_) {
    is_underway_ = !must_let_go();
    if (!is_underway_) {
      host_.look_again();
    }
  }
}

void IcountExecutor::stand() {
  if (state_ != State::held || !host_.is_running()) {
    return;  // stopped meanwhile: machine_started() brings us back
  }
  if (!host_.is_clock_enabled()) {  // a system reset is pausing the vCPUs this moment
    host_.arm_timer(host_.clock());
    return;
  }
  const bool was_off = inputs_ != nullptr && !is_reported_ && reason_ == wire::StopReason::horizon &&
                       horizon_ < granted_horizon_ && !host_.is_leaving();
  if (was_off) {  // QEMU's user has had it go on: no report is due before the horizon
    go_on_to(granted_horizon_);
    return;
  }
  if (inputs_ != nullptr) {
    next_ = is_reported_ ? wire::NextEvent{} : next_event();
    inputs_->standing(horizon_);
  }
  host_.stay_busy();
  host_.unlock();
  wait_for_order();
  host_.lock();
  if (inputs_ != nullptr) {
    inputs_->standing(horizon_);
  }
  if (is_leaving_) {
    wait_for_the_end();
  } else if (granted_) {
    go_on_to(*std::exchange(granted_, std::nullopt));
  } else if (host_.is_running()) {
    host_.arm_timer(host_.clock());
  }
}

// Without the lock. Returns with an order, or without one when QEMU wants the vCPUs to pause.
void IcountExecutor::wait_for_order() {
  // What ends the machine is to be told in place of the horizon that it comes before, where there is a word for it.
  if (!is_reported_ && (inputs_ == nullptr || !host_.is_ending())) {
    is_reported_ = true;
    report({.now = horizon_, .reason = reason_, .next = next_});
  }
  for (unsigned look = 1; !is_leaving_ && !must_let_go() && (!granted_ || host_.is_ending()); ++look) {
    let_others_work(look);
    if (host_.is_ending()) {
      host_.pause();
    } else {
      follower_->serve(look_interval);
      if (inputs_ != nullptr) {
        inputs_->waiting();
      }
    }
  }
}

// Without the lock.
void IcountExecutor::let_others_work(unsigned look) {
  if (look >= looks_before_work && look % looks_between_work == 0) {
    host_.lock();
    host_.run_other_work();
    host_.unlock();
  }
}

// A stop shows in the run state; a system reset only in the clock, which run_work() saw enabled.
bool IcountExecutor::must_let_go() const { return !host_.is_running() || !host_.is_clock_enabled(); }

// The simulator has gone. QEMU's main thread does the shutdown; no instruction runs any more until it has stopped us.
void IcountExecutor::wait_for_the_end() {
  host_.request_quit(is_fault_);
  host_.unlock();
  for (unsigned look = 1; !must_let_go(); ++look) {
    let_others_work(look);
    host_.pause();
  }
  host_.lock();
  if (host_.is_running()) {
    host_.arm_timer(host_.clock());  // a system reset is under way: come back here after it
  }
}

void IcountExecutor::machine_started() {
  const time::Duration reading = host_.clock();
  if (!has_started_) {
    zero_ = reading;  // not 0 after -loadvm: the simulator's time starts here
    has_started_ = true;
  } else if (stopped_at_) {
    zero_ += reading - *stopped_at_;  // 0 unless a snapshot was loaded
  }
  stopped_at_.reset();
  if (state_ == State::held) {
    hold();
  } else {
    // Due at once: timer_expired() goes on to the horizon. The vCPUs still count as idle here, and QEMU 7.2 moves an
    // idle machine's clock on to a timer that is armed for later.
    host_.arm_timer(reading);
  }
}

void IcountExecutor::machine_stopped(const std::string& state) {
  stopped_at_ = host_.clock();
  const time::Instant standing = state_ == State::held ? horizon_ : now();
  if (state == "paused" || state == "debug" || state == "io-error" || state == "watchdog" || state == "suspended") {
    tell({.now = standing, .reason = wire::StopReason::user});
  } else if (state == "guest-panicked") {
    tell({.now = standing, .reason = wire::StopReason::panicked});
  } else if (state == "internal-error") {
    tell({.now = standing, .reason = wire::StopReason::error});
  }
  // States that no grant can end, and the qqq protocol has no word for them: the simulator sees only its own limit.
  if (inputs_ == nullptr && (state == "guest-panicked" || state == "shutdown" || state == "internal-error" ||
                             state == "io-error" || state == "watchdog")) {
    host_.tell_user("the machine is paused (" + state + "); it reports nothing to the simulator until it goes on");
  }
}

void IcountExecutor::machine_reset() {
  if (inputs_ != nullptr) {
    inputs_->reset();
  }
  tell({.now = now(), .reason = wire::StopReason::reset});
}

// Told at the grant's end, or at a milestone before it, see is_off_at(): QEMU carries a poweroff out at some instant of
// its own after the guest asked. Some devices of 7.2 end the process themselves, from within the guest's instruction.
void IcountExecutor::ended(int exit_status) {
  if ((stopped_at_ || host_.is_vcpu_thread()) && !is_leaving_) {
    // Whether the guest has got there or was stopped on the way, a moment's difference of the host's, does not show.
    const time::Instant last = inputs_ != nullptr ? inputs_->last_output() : time::Instant();
    const time::Instant granted = follower_->granted().value_or(granted_horizon_);  // other guests' clocks do not show
    const time::Instant end = std::min(granted, next_milestone().value_or(granted));
    const bool has_told = state_ == State::held && is_reported_ && !follower_->waits_for_clocks();
    const time::Instant at = has_told ? horizon_ : std::max({end, reported_at_, last});
    if (host_.has_panicked() && exit_status == 0) {  // a test device says so, too, with a status
      tell({.now = at, .reason = wire::StopReason::panicked});
    } else {
      tell({.now = at, .reason = wire::StopReason::powered_off, .exit_status = exit_status});
    }
  }
}

// What is no end of a grant, where the protocol has a word for it. The vCPUs have stopped: the session is ours.
void IcountExecutor::tell(const wire::Stop& stop) {
  if (inputs_ != nullptr && has_started_) {
    inputs_->standing(stop.now);
    report(stop);
  }
}

}  // namespace fermata::qemu
