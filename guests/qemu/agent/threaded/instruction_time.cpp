// SPDX-License-Identifier: GPL-2.0-or-later
//
// A slice of virtual time:
//
//   agent's thread                            vCPU threads
//     run timers, find the slice's end
//     open the slice ------------------------> counts are filled up: guest code
//                                              a count below zero: queue the wait (a vCPU must not block in guest code)
//     wait until all have arrived <----------- wait, outside guest code: arrived
//                                              nothing to execute: asleep, counts as arrived
//     all are there: the slice's end is now
//
// A block is executed whole, so a vCPU may be some instructions beyond a slice's end: it has as many less in the next.
// One that wakes up within a slice has the whole of it before it.
//
// The mutex comes after QEMU's lock; nobody takes that lock, or waits for the other side, with the mutex held.
#include "guests/qemu/agent/threaded/instruction_time.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace fermata::qemu {
namespace {

// How often the waits look whether QEMU wants the vCPUs to stand, which nobody tells.
constexpr auto look_interval = std::chrono::microseconds(1000);
constexpr auto short_interval = std::chrono::microseconds(20);  // when it does

}  // namespace

InstructionTime::InstructionTime(QemuHost& host, Vcpus& vcpus, VcpuCounters& counters, const Options& options)
    : host_(host), vcpus_(vcpus), counters_(counters), longest_slice_(options.longest_slice) {
  for (int i = 0; i < vcpus_.count(); ++i) {
    const auto which = std::min(static_cast<std::size_t>(i), options.instruction_ns.size() - 1);
    states_.push_back(std::make_unique<Vcpu>());
    states_.back()->instruction_ns = options.instruction_ns[which];
  }
}

// A vCPU's own time is as far in the slice as it has got with its instructions; everybody else is at its start.
time::Duration InstructionTime::reading() const {
  if (is_stopped_.load(std::memory_order_acquire)) {
    return vcpus_.running_clock();
  }
  const time::Duration start = slice_start();
  const int index = counters_.this_vcpu();
  if (index < 0) {
    return start;
  }
  const time::Duration end = slice_end();
  const auto left = time::Duration::nanoseconds(counters_.left(index) * vcpu(index).instruction_ns);
  return std::clamp(end - left, start, std::max(start, end));
}

bool InstructionTime::begin(time::Duration limit) {
  const std::lock_guard guard(mutex_);
  limit_ = limit;
  must_let_go_ = false;
  return true;
}

bool InstructionTime::run(const std::function<bool()>& must_stop) {
  for (;;) {
    if (must_stop()) {
      let_go();
      return false;
    }
    std::unique_lock guard(mutex_);
    arrived_.wait_for(guard, look_interval, [this] { return is_hurried_ || have_all_arrived(); });
    if (std::exchange(is_hurried_, false) || !have_all_arrived()) {
      continue;
    }
    set_clock(slice_end(), slice_end());
    if (slice_start() >= limit_) {
      return true;
    }
    guard.unlock();
    next_slice();
  }
}

void InstructionTime::hurry() {
  const std::lock_guard guard(mutex_);
  is_hurried_ = true;
  arrived_.notify_one();
}

void InstructionTime::raise(time::Duration limit) {
  const std::lock_guard guard(mutex_);
  limit_ = limit;
}

// All have arrived or sleep. Timers are run here, at their very time; one that stays due is another thread's to run.
// While QEMU is about to let the vCPUs go, after its user's stop or a reset, they sleep too, and no time passes.
void InstructionTime::next_slice() {
  host_.lock();
  if (!host_.is_clock_enabled()) {
    host_.unlock();
    host_.pause();
    return;
  }
  vcpus_.run_timers();
  const auto timer = host_.next_timer();
  host_.unlock();
  const time::Duration start = slice_start();
  const bool waits_for_others = (timer && *timer <= start) || host_.is_lock_wanted() || is_one_stopped();
  if (waits_for_others) {
    host_.pause();
  }
  const std::lock_guard guard(mutex_);
  if (!have_all_arrived()) {
    return;  // a timer has woken one up: it comes here first
  }
  const time::Duration next = timer && *timer > start ? std::min(*timer, limit_) : limit_;
  if (!are_all_asleep()) {
    open_slice(std::min(next, start + longest_slice_));
  } else if (!waits_for_others) {
    set_clock(next, next);
  }
}

// Who was further beyond the last slice than this one is long waits for the next.
void InstructionTime::open_slice(time::Duration end) {
  set_clock(slice_start(), end);
  for (int i = 0; i < counters_.count(); ++i) {
    if (vcpu(i).has_arrived) {
      fill_up(i);
      vcpu(i).has_arrived = counters_.left(i) <= 0;
    }
  }
  released_.notify_all();
}

// The end first: a reader between the two is in no vCPU.
void InstructionTime::set_clock(time::Duration start, time::Duration end) {
  end_ns_ = end.ns();
  start_ns_ = start.ns();
  ++state_;
}

// In the vCPU's thread, or while it waits. A block is executed whole: what was too much counts; so does what of a slice
// was too little for an instruction.
void InstructionTime::fill_up(int index) {
  Vcpu& self = vcpu(index);
  const std::int64_t beyond = std::min<std::int64_t>(counters_.left(index), 0);
  const std::int64_t span_ns = (slice_end() - slice_start()).ns() + self.rest_ns;
  self.rest_ns = span_ns % self.instruction_ns;
  counters_.set_left(index, span_ns / self.instruction_ns + beyond);
  self.filled_up_for = state_;
}

bool InstructionTime::have_all_arrived() const {
  for (int i = 0; i < counters_.count(); ++i) {
    if (!vcpu(i).has_arrived && !(vcpu(i).is_asleep && counters_.is_idle(i))) {
      return false;
    }
  }
  return true;
}

bool InstructionTime::are_all_asleep() const {
  for (int i = 0; i < counters_.count(); ++i) {
    if (!vcpu(i).is_asleep) {
      return false;
    }
  }
  return true;
}

// With one at a breakpoint, of which QEMU's main thread will hear: time does not go on by itself.
bool InstructionTime::is_one_stopped() const {
  for (int i = 0; i < counters_.count(); ++i) {
    if (counters_.is_stopped(i)) {
      return true;
    }
  }
  return false;
}

void InstructionTime::let_go() {
  const std::lock_guard guard(mutex_);
  must_let_go_ = true;
  released_.notify_all();
}

// A slice counts as finished, for those too that were in the midst of it.
void InstructionTime::end() {
  let_go();
  vcpus_.pause();
  const std::lock_guard guard(mutex_);
  set_clock(slice_end(), slice_end());
}

// As at an end.
void InstructionTime::stopped() {
  let_go();
  vcpus_.set_running_clock(slice_end());
  const std::lock_guard guard(mutex_);
  is_stopped_ = true;
  set_clock(slice_end(), slice_end());
}

void InstructionTime::started(time::Duration reading, time::Duration limit) {
  const std::lock_guard guard(mutex_);
  limit_ = limit;
  set_clock(reading, reading);
  must_let_go_ = false;
  is_stopped_ = false;
}

void InstructionTime::spent(int vcpu_index) {
  if (!vcpu(vcpu_index).is_wait_queued.exchange(true)) {
    counters_.queue_wait(vcpu_index);
  }
}

// Until the next slice, or until QEMU has this vCPU stand, which shows in the clock: it must not go on before.
void InstructionTime::wait(int index) {
  Vcpu& self = vcpu(index);
  host_.unlock();
  {
    std::unique_lock guard(mutex_);
    self.has_arrived = true;
    arrived_.notify_one();
    while (self.has_arrived && host_.is_clock_enabled()) {
      released_.wait_for(guard, must_let_go_ ? short_interval : look_interval);
    }
    self.has_arrived = false;
  }
  host_.lock();
  self.is_wait_queued = false;
}

void InstructionTime::falls_asleep(int index) {
  const std::lock_guard guard(mutex_);
  vcpu(index).is_asleep = true;
  arrived_.notify_one();
}

void InstructionTime::wakes_up(int index) {
  const std::lock_guard guard(mutex_);
  vcpu(index).is_asleep = false;
  if (vcpu(index).filled_up_for != state_) {
    fill_up(index);
  }
}

}  // namespace fermata::qemu
