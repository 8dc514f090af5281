// SPDX-License-Identifier: GPL-2.0-or-later
//
// How slices begin and end; instruction_time.cpp has who calls that, and why.
#include <algorithm>
#include <utility>

#include "guests/qemu/agent/threaded/instruction_time.hpp"

namespace fermata::qemu {
namespace {

std::int64_t floor_of(std::int64_t dividend, std::int64_t divisor) {
  const std::int64_t quotient = dividend / divisor;
  return dividend % divisor < 0 ? quotient - 1 : quotient;
}

}  // namespace

template <typename Is>
bool InstructionTime::is_any(Is is) const {
  for (int i = 0; i < counters_.count(); ++i) {
    if (is(i)) {
      return true;
    }
  }
  return false;
}

// The vCPUs, which QEMU had stand, need not meet before the first slice.
void InstructionTime::resumed() {
  vcpus_.run_timers();
  const auto timer = host_.next_timer();
  std::vector<int> arrived;
  {
    const std::lock_guard guard(mutex_);
    const time::Duration start = slice_start();
    const auto is_awake = [this](int index) { return !counters_.is_idle(index); };
    const bool is_usual = !is_open_ && start < limit_ && !is_one_stopped() && (!timer || *timer > start);
    if (!is_usual || !is_any(is_awake)) {
      return;
    }
    open_slice(timer ? std::min(*timer, limit_) : limit_);
    for (int i = 0; i < counters_.count(); ++i) {
      if (is_awake(i)) {
        skip_to(i, start);
        fill_up(i);
        if (counters_.left(i) <= 0) {
          arrived.push_back(i);
        }
      }
    }
  }
  std::ranges::for_each(arrived, [this](int index) { queue_wait(index); });
}

// Lock held. Timers are run here, at their very time; one that stays due is another thread's to run. While QEMU is
// about to let the vCPUs go, after its user's stop or a reset, they sleep too, and no time passes. False if others are
// to be waited for, once, before time goes on; it does not while all are asleep and they are not done.
bool InstructionTime::next_slice(bool has_waited) {
  if (!host_.is_clock_enabled()) {
    return false;
  }
  {
    const std::lock_guard guard(mutex_);
    if (!have_all_arrived()) {
      return true;
    }
    stand(slice_end());
    if (slice_start() >= limit_) {
      return true;
    }
  }
  vcpus_.run_timers();
  const auto timer = host_.next_timer();
  const time::Duration start = slice_start();
  // A reset or a poweroff that was asked for is QEMU's main thread's to carry out, before idle time is skipped.
  const bool waits_for_others =
      (timer && *timer <= start) || host_.is_lock_wanted() || is_one_stopped() || host_.is_ending();
  if (waits_for_others && !has_waited) {
    return false;
  }
  const std::lock_guard guard(mutex_);
  if (!have_all_arrived()) {
    return true;  // a timer has woken one up: it comes here first
  }
  const time::Duration next = timer && *timer > start ? std::min(*timer, limit_) : limit_;
  if (!are_all_asleep()) {
    open_slice(next);
  } else if (!waits_for_others) {
    stand(next);
  }
  return true;
}

// No slice is open; `at` is where all have got to.
void InstructionTime::stand(time::Duration at) {
  if (std::exchange(is_open_, false) || at > slice_end()) {
    met_ = at;
  }
  const std::int64_t now_ns = std::max(at, latest()).ns();
  end_ns_ = now_ns;
  start_ns_ = now_ns;
}

// Who was further beyond the last slice than this one is long waits for the next. As the clock may be ahead of where
// they met, it is that which they are not to get too far from.
void InstructionTime::open_slice(time::Duration end) {
  end_ns_ = std::max(slice_start(), std::min(end, met_ + longest_slice_)).ns();
  is_open_ = true;
  for (int i = 0; i < counters_.count(); ++i) {
    if (vcpu(i).has_arrived) {
      fill_up(i);
      vcpu(i).has_arrived = counters_.left(i) <= 0;
    }
  }
  released_.notify_all();
}

// The vCPUs that have to be told, without the mutex.
std::vector<int> InstructionTime::shorten_slice(time::Duration end) {
  std::vector<int> others;
  end_ns_ = std::max(end, slice_start()).ns();
  const int self = counters_.this_vcpu();
  for (int i = 0; i < counters_.count(); ++i) {
    if (i == self) {
      fill_up(i);
    } else if (!vcpu(i).has_arrived && !vcpu(i).is_asleep) {
      others.push_back(i);
    }
  }
  return others;
}

// Up to the slice's end, as far as it is not already. What of a slice is too short for an instruction counts for the
// next. If the end has come nearer, what the vCPU is already beyond it may have read.
void InstructionTime::fill_up(int index) {
  Vcpu& self = vcpu(index);
  const time::Duration before = own_time(index);
  const std::int64_t more = floor_of(slice_end().ns() - self.due_ns, self.instruction_ns);
  counters_.set_left(index, counters_.left(index) + more);
  self.due_ns += more * self.instruction_ns;
  self.furthest_ns = std::max(slice_end(), before).ns();
}

// The time until `to` is over for a vCPU that did not execute.
void InstructionTime::skip_to(int index, time::Duration to) {
  Vcpu& self = vcpu(index);
  if (executed_to(index) + time::Duration::nanoseconds(self.instruction_ns) <= to) {
    self.due_ns = to.ns();
    self.furthest_ns = std::max(self.furthest_ns, to.ns());
    counters_.set_left(index, 0);
  }
}

bool InstructionTime::have_all_arrived() const {
  return !is_any([this](int i) { return !vcpu(i).has_arrived && !(vcpu(i).is_asleep && counters_.is_idle(i)); });
}

bool InstructionTime::are_all_asleep() const {
  return !is_any([this](int i) { return !vcpu(i).is_asleep; });
}

// With one at a breakpoint, of which QEMU's main thread will hear: time does not go on by itself.
bool InstructionTime::is_one_stopped() const {
  return is_any([this](int i) { return counters_.is_stopped(i); });
}

// A slice counts as finished where the furthest vCPU has got to, for those too that are behind: no vCPU's clock goes
// back, in a snapshot neither.
void InstructionTime::stand_at_the_furthest() {
  time::Duration at = slice_start();
  for (int i = 0; i < counters_.count(); ++i) {
    at = std::max(at, own_time(i));
  }
  stand(at);
  for (int i = 0; i < counters_.count(); ++i) {
    skip_to(i, slice_start());
  }
}

}  // namespace fermata::qemu
