// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/fake_qemu.hpp"

#include <algorithm>
#include <utility>

namespace fermata::qemu {

void FakeQemu::boot(Listener& listener, time::Duration reading) {
  listener_ = &listener;
  clock_ns_ = reading.ns();
  std::unique_lock guard(lock_);
  vcpu_ = std::thread([this] { run_vcpu(); });
  changed_.wait(guard, [this] { return is_booted_; });
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
  pause_vcpu(guard);
  listener_->machine_stopped(state);
}

void FakeQemu::reset() {
  std::unique_lock guard(lock_);
  pause_vcpu(guard);
  listener_->machine_reset();
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
  for (std::thread& waker : wakers_) {
    waker.join();
  }
}

// From within run_work: the main thread finds an idle machine, unless its vCPU counts as busy, and moves its clock on.
void FakeQemu::unlock() {
  if (is_idle_ && !is_busy_) {
    clock_ns_ = timer_ns_;
  }
  has_let_go_ = has_let_go_ || is_vcpu_thread();
  lock_.unlock();
}

void FakeQemu::run_on_vcpu() {
  std::unique_lock guard(lock_);
  other_work_queued_ = true;
  changed_.notify_all();
  changed_.wait(guard, [this] { return !other_work_queued_; });
}

void FakeQemu::run_other_work() {
  other_work_queued_ = false;
  changed_.notify_all();
}

void FakeQemu::look_again() {
  wakers_.emplace_back([this] {
    const std::lock_guard guard(lock_);
    changed_.notify_all();
  });
}

void FakeQemu::pause_vcpu(std::unique_lock<std::mutex>& guard) {
  is_clock_enabled_ = false;
  pause_wanted_ = true;
  changed_.notify_all();
  changed_.wait(guard, [this] { return is_paused_; });
}

void FakeQemu::resume_vcpu() {
  is_clock_enabled_ = true;
  pause_wanted_ = false;
  is_paused_ = false;
  changed_.notify_all();
}

void FakeQemu::run_vcpu() {
  std::unique_lock guard(lock_);
  guard.release();  // run_work unlocks and locks by hand, as the agent does in QEMU
  wait_for_first_start();
  while (!is_ending_) {
    // QEMU's order in its wait for I/O: a wish to pause first, then queued work, then timers, then instructions.
    is_paused_ = pause_wanted_;
    if (work_queued_ || other_work_queued_) {
      run_queued_work();
    } else if (is_paused_) {
      std::unique_lock waiting(lock_, std::adopt_lock);
      changed_.notify_all();
      changed_.wait(waiting, [this] { return !is_paused_ || is_ending_ || work_queued_ || other_work_queued_; });
      waiting.release();
    } else if (timer_ns_ <= clock_ns_) {
      run_due_timer();
    } else {
      execute();
    }
  }
  lock_.unlock();
}

// As QEMU's thread does: it sleeps first and looks then, for a wish to pause first and for work after that.
void FakeQemu::wait_for_first_start() {
  is_booted_ = true;
  while ((is_paused_ || !is_running_) && !is_ending_) {
    std::unique_lock waiting(lock_, std::adopt_lock);
    changed_.notify_all();
    changed_.wait(waiting);
    waiting.release();
    is_paused_ = pause_wanted_;
    run_queued_work();
  }
}

void FakeQemu::run_queued_work() {
  if (std::exchange(work_queued_, false)) {
    listener_->run_work();
    is_busy_ = false;
  }
  run_other_work();
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
  const std::int64_t next_ns = io_.empty() ? timer_ns_ : std::min(timer_ns_, io_.begin()->first);
  const std::int64_t to_timer = (next_ns - clock_ns_ + instruction.ns() - 1) / instruction.ns();
  const std::int64_t count = std::min<std::int64_t>(to_timer, 1000);
  clock_ns_ += count * instruction.ns();
  instructions_ += count;
  if (!io_.empty() && io_.begin()->first <= clock_ns_) {
    const auto io = std::move(io_.begin()->second);
    io_.erase(io_.begin());
    io();
  }
  lock_.unlock();
  lock_.lock();
}

}  // namespace fermata::qemu
