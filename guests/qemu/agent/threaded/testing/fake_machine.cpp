// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/threaded/testing/fake_machine.hpp"

#include <algorithm>
#include <utility>

#include "fermata/base/contract.hpp"
#include "guests/qemu/agent/threaded/testing/may_be_late.hpp"

namespace fermata::qemu {
FakeMachine::FakeMachine(int vcpus) {
  for (int i = 0; i < vcpus; ++i) {
    states_.push_back(std::make_unique<Vcpu>());
  }
}

// As QEMU waits for each thread it creates, which then keeps the lock until it sleeps: none is let go without having
// slept.
void FakeMachine::boot(QemuHost::Listener* listener, time::Duration reading) {
  Guard guard(lock_);
  listener_ = listener;
  load_clock(reading);
  for (int i = 0; i < count(); ++i) {
    which(i).thread = std::thread([this, i] { run_vcpu(i); });
    which(i).id = which(i).thread.get_id();
  }
  changed_.wait(
      guard, [this] { return std::ranges::all_of(states_, [](const auto& vcpu) { return vcpu->is_asleep.load(); }); });
}

void FakeMachine::start() { start_in_pieces(nullptr); }

void FakeMachine::start_in_pieces(const std::function<void()>& between) {
  lock();
  is_running_ = true;
  let_others(between);
  if (listener_ != nullptr) {
    listener_->machine_started();
  }
  let_others(between);
  resume_all();
  unlock();
}

void FakeMachine::stop(const std::string& state) {
  lock();
  is_running_ = false;
  pause_all();
  if (listener_ != nullptr) {
    listener_->machine_stopped(state);
  }
  unlock();
}

void FakeMachine::reset() { reset_in_pieces(nullptr); }

void FakeMachine::reset_in_pieces(const std::function<void()>& between) {
  lock();
  is_reset_due_ = true;
  pause_all();
  let_others(between);
  listener_->machine_reset();
  let_others(between);
  resume_all();
  unlock();
}

void FakeMachine::load_snapshot(time::Duration reading, const std::string& state) {
  stop(state);
  {
    const Guard guard(lock_);
    load_clock(reading);
  }
  start();
}

void FakeMachine::load_clock(time::Duration reading) {
  clock_ns_ = reading.ns();
  if (vcpu_listener_ != nullptr) {
    vcpu_listener_->state_loaded();
  }
}

void FakeMachine::power_off() {
  {
    const Guard guard(lock_);
    is_running_ = false;
    is_ending_ = true;
  }
  changed_.notify_all();
  for (const auto& vcpu : states_) {
    if (vcpu->thread.joinable()) {
      vcpu->thread.join();
    }
  }
}

void FakeMachine::let_others(const std::function<void()>& between) {
  if (between != nullptr) {
    unlock();
    between();
    lock();
  }
}

void FakeMachine::wake(int vcpu) {
  const Guard guard(lock_);
  wake_locked(vcpu);
}

void FakeMachine::wake_locked(int vcpu) {
  which(vcpu).is_halted = false;
  kick(vcpu);
  changed_.notify_all();
}

void FakeMachine::set_timer(std::optional<time::Duration> reading, bool is_of_another_thread) {
  timer_ = reading;
  is_timer_of_another_thread_ = is_of_another_thread;
}

std::int64_t FakeMachine::executed_by_all() const {
  std::int64_t sum = 0;
  for (int i = 0; i < count(); ++i) {
    sum += executed(i);
  }
  return sum;
}

bool FakeMachine::stands() const {
  const bool is_caught = is_caught_;
  return std::ranges::all_of(states_, [is_caught](const auto& vcpu) {
    return (vcpu->is_stopped || (is_caught && !vcpu->is_in_block)) && vcpu->queued == 0;
  });
}

void FakeMachine::lock() {
  may_be_late();
  if (const int vcpu = this_vcpu(); vcpu >= 0) {
    which(vcpu).waits_in_block = which(vcpu).is_in_block.load();
    const bool was_in_block = which(vcpu).is_in_block.exchange(false);
    lock_.lock();
    stay_out(vcpu);
    owner_ = std::this_thread::get_id();
    which(vcpu).is_in_block = was_in_block;
    which(vcpu).waits_in_block = false;
    return;
  }
  base::expects(!has_lock(), "FakeMachine: QEMU's lock is taken twice");
  ++lock_waiters_;
  while (is_caught_ && catcher_ != std::this_thread::get_id()) {
    std::this_thread::yield();
  }
  lock_.lock();
  owner_ = std::this_thread::get_id();
  --lock_waiters_;
}

void FakeMachine::unlock() {
  owner_ = std::thread::id();
  lock_.unlock();
  may_be_late();
}

std::vector<std::string> FakeMachine::told() {
  const std::lock_guard guard(told_mutex_);
  return told_;
}

void FakeMachine::tell_user(const std::string& line) {
  const std::lock_guard guard(told_mutex_);
  told_.push_back(line);
}

void FakeMachine::pause() {
  if (on_look) {
    on_look();
  }
  std::this_thread::yield();
}

void FakeMachine::pause_all() {
  is_clock_enabled_ = false;
  for (const auto& vcpu : states_) {
    vcpu->must_stop = true;
  }
  changed_.notify_all();
  const auto all_stand = [this] {
    return is_ending_ || std::ranges::all_of(states_, [](const auto& vcpu) { return vcpu->is_stopped.load(); });
  };
  Guard guard(lock_, std::adopt_lock);
  owner_ = std::thread::id();
  changed_.wait(guard, all_stand);
  owner_ = std::this_thread::get_id();
  if (const auto what = std::exchange(in_pause_, nullptr)) {
    what();
  }
  if (!is_ending_ && is_reset_in_pause_.exchange(false)) {
    is_clock_enabled_ = false;  // by that thread's own pause
    listener_->machine_reset();
    resume_all();
    changed_.wait(guard, all_stand);
  }
  guard.release();
}

void FakeMachine::resume_all() {
  may_be_late();
  if (!is_running_) {
    return;
  }
  ++resumes_;
  is_reset_due_ = false;
  if (!is_clock_enabled_.exchange(true) && vcpu_listener_ != nullptr) {
    for (const auto& vcpu : states_) {
      vcpu->is_barred = false;
    }
    vcpu_listener_->vcpus_let_go();
  }
  for (const auto& vcpu : states_) {
    vcpu->must_stop = false;
    vcpu->is_stopped = false;
  }
  for (int i = 0; i < count(); ++i) {
    kick(i);
  }
  changed_.notify_all();
}

void FakeMachine::queue(int vcpu, std::function<void()> work) {
  which(vcpu).work.push_back(std::move(work));
  ++which(vcpu).queued;
  changed_.notify_all();
}

void FakeMachine::run_on_vcpu(int vcpu, const std::function<void()>& work) {
  Guard guard(lock_);
  bool is_done = false;
  queue(vcpu, [&] {
    work();
    is_done = true;
    changed_.notify_all();
  });
  changed_.wait(guard, [&is_done] { return is_done; });
}

void FakeMachine::kick(int vcpu) const {
  if (on_kick) {
    on_kick(vcpu);
  }
}

void FakeMachine::queue_wait(int vcpu) {
  may_be_late();
  if (on_queue_wait) {
    on_queue_wait(vcpu);
  }
  const Guard guard(lock_);
  queue(vcpu, [this, vcpu] { counters_listener->wait(vcpu); });
}

bool FakeMachine::is_stopped(int vcpu) const { return which(vcpu).is_stopped; }

bool FakeMachine::is_idle(int vcpu) const {
  const Vcpu& self = which(vcpu);
  if (self.must_stop || self.queued != 0 || is_ending_) {
    return false;
  }
  return self.is_stopped || !is_running_ || self.is_halted;
}

int FakeMachine::this_vcpu() const {
  for (int i = 0; i < count(); ++i) {
    if (which(i).id == std::this_thread::get_id()) {
      return i;
    }
  }
  return -1;
}

void FakeMachine::run_vcpu(int index) {
  may_be_late();
  Guard guard(lock_);
  Vcpu& self = which(index);
  wait_for_something(index, guard);  // QEMU's thread begins with a wish to leave guest code
  while (!is_ending_) {
    stay_out(index);
    if (!self.must_stop && !self.is_stopped && is_running_ && !self.is_halted) {
      execute(index);
    }
    wait_for_something(index, guard);
  }
  self.is_stopped = true;
  changed_.notify_all();
}

void FakeMachine::wait_for_something(int index, Guard& guard) {
  Vcpu& self = which(index);
  if (is_idle(index)) {
    if (counters_listener != nullptr) {
      counters_listener->falls_asleep(index);
    }
    self.is_asleep = true;
    changed_.notify_all();
    changed_.wait(guard, [this, index] { return !is_idle(index); });
    self.is_asleep = false;
    if (counters_listener != nullptr) {
      counters_listener->wakes_up(index);
    }
  }
  if (self.must_stop.exchange(false)) {
    self.is_stopped = true;
    changed_.notify_all();
  }
  while (!self.work.empty()) {
    const auto work = std::move(self.work.front());
    self.work.pop_front();
    work();
    --self.queued;
  }
}

// Lock held. While another is within an instruction.
void FakeMachine::stay_out(int index) {
  while (let_in_alone_ >= 0 && let_in_alone_ != index) {
    ++held_out_;
    lock_.unlock();
    std::this_thread::yield();
    lock_.lock();
    --held_out_;
  }
}

// A block: asked about first, then counted.
void FakeMachine::execute(int index) {
  Vcpu& self = which(index);
  self.is_in_block = true;
  unlock();
  may_be_late();
  if (on_block) {
    on_block(index);
  }
  if (counters_listener != nullptr && self.left <= 0) {
    counters_listener->spent(index);
  }
  self.left -= self.block;
  self.executed += self.block;
  self.is_in_block = false;
  lock();
}

}  // namespace fermata::qemu
