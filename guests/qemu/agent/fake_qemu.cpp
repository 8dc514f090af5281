// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/fake_qemu.hpp"

#include <algorithm>

namespace fermata::qemu {

void FakeQemu::boot(Listener& listener, time::Duration reading) {
  listener_ = &listener;
  clock_ns_ = reading.ns();
  vcpu_ = std::thread([this] { run_vcpu(); });
}

void FakeQemu::start() {
  const std::lock_guard guard(lock_);
  is_running_ = true;
  listener_->machine_started();
  resume_vcpu();
}

void FakeQemu::stop(const std::string& state) {
  std::unique_lock guard(lock_);
  is_running_ = false;
  guard.unlock();
  pause_vcpu();
  guard.lock();
  listener_->machine_stopped(state);
}

void FakeQemu::reset() {
  pause_vcpu();
  const std::lock_guard guard(lock_);
  resume_vcpu();
}

void FakeQemu::load_snapshot(time::Duration reading) {
  stop("restore-vm");
  {
    const std::lock_guard guard(lock_);
    clock_ns_ = reading.ns();
  }
  start();
}

void FakeQemu::power_off() {
  if (!vcpu_.joinable()) {
    return;
  }
  {
    const std::lock_guard guard(lock_);
    is_running_ = false;
    is_ending_ = true;
  }
  changed_.notify_all();
  vcpu_.join();
}

void FakeQemu::pause_vcpu() {
  std::unique_lock guard(lock_);
  is_clock_enabled_ = false;
  pause_wanted_ = true;
  changed_.notify_all();
  changed_.wait(guard, [this] { return is_paused_; });
}

void FakeQemu::resume_vcpu() {
  is_clock_enabled_ = true;
  pause_wanted_ = false;
  changed_.notify_all();
}

void FakeQemu::run_vcpu() {
  std::unique_lock guard(lock_);
  guard.release();  // run_work unlocks and locks by hand, as the agent does in QEMU
  while (!is_ending_) {
    // QEMU's order in its wait for I/O: a wish to pause first, then queued work, then timers, then instructions.
    is_paused_ = pause_wanted_;
    if (work_queued_) {
      work_queued_ = false;
      listener_->run_work();
      is_busy_ = false;
    } else if (is_paused_) {
      std::unique_lock waiting(lock_, std::adopt_lock);
      changed_.notify_all();
      changed_.wait(waiting, [this] { return !pause_wanted_ || is_ending_ || work_queued_; });
      waiting.release();
    } else if (timer_ns_ <= clock_ns_) {
      run_due_timer();
    } else {
      execute();
    }
  }
  lock_.unlock();
}

void FakeQemu::run_due_timer() {
  timer_ns_ = out_of_reach_ns;
  listener_->timer_expired();
}

// A slice of guest code up to the timer, with the lock dropped between slices, or the warp of an idle machine.
void FakeQemu::execute() {
  if (is_idle_) {
    clock_ns_ = timer_ns_;
    return;
  }
  const std::int64_t to_timer = (timer_ns_ - clock_ns_ + instruction.ns() - 1) / instruction.ns();
  const std::int64_t count = std::min<std::int64_t>(to_timer, 1000);
  clock_ns_ += count * instruction.ns();
  instructions_ += count;
  lock_.unlock();
  lock_.lock();
}

}  // namespace fermata::qemu
