// SPDX-License-Identifier: GPL-2.0-or-later
//
// A slice of virtual time:
//
//   first vCPU to arrive                      last one to arrive
//     count below zero: queue the wait (a vCPU must not block in guest code)
//     wait, outside guest code: arrived
//                                              the same, and all are there: the slice's end is now
//                                              run timers, find the next slice's end, fill up all counts
//     guest code <---------------------------- guest code
//
// So no other thread is woken for it. The agent's does what the last one cannot: at the limit, where all are asleep or
// the last has fallen asleep, and where other threads of QEMU's are waited for.
//
// Each vCPU has a time of its own, counted in its instructions. A block is executed whole, so it may be some beyond a
// slice's end: it has as many less in the next. A timer that is armed for before the end has the slice end there: the
// vCPU that armed it gets no further, and the others are called out of guest code; who was further already waits. One
// that wakes up goes on from where it was woken: by another vCPU at that one's time.
//
// The clock is the latest of those times that anybody has looked at. Else a guest would see it go back from one vCPU to
// another, which no real machine's does and which kernels take for an overflow. It hurries nobody: what a vCPU executes
// is by its own time.
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

void raise_to(std::atomic<std::int64_t>& highest, std::int64_t value) {
  std::int64_t before = highest.load();
  while (before < value && !highest.compare_exchange_weak(before, value)) {
  }
}

}  // namespace

InstructionTime::InstructionTime(QemuHost& host, Vcpus& vcpus, VcpuCounters& counters, const Options& options)
    : host_(host), vcpus_(vcpus), counters_(counters), longest_slice_(options.longest_slice) {
  for (int i = 0; i < vcpus_.count(); ++i) {
    const auto which = std::min(static_cast<std::size_t>(i), options.instruction_ns.size() - 1);
    states_.push_back(std::make_unique<Vcpu>());
    states_.back()->instruction_ns = options.instruction_ns[which];
  }
}

time::Duration InstructionTime::reading() const {
  if (is_stopped_.load(std::memory_order_acquire)) {
    return vcpus_.running_clock();
  }
  const time::Duration now = std::max(slice_start(), latest());
  const int index = counters_.this_vcpu();
  if (index < 0 || index >= counters_.count()) {
    return now;
  }
  const time::Duration own = own_time(index);
  raise_to(latest_ns_, own.ns());
  return std::max(own, now);
}

// In the vCPU's thread, or while it does not execute, as all that follows of a vCPU's.
time::Duration InstructionTime::executed_to(int index) const {
  return time::Duration::nanoseconds(vcpu(index).due_ns - counters_.left(index) * vcpu(index).instruction_ns);
}

time::Duration InstructionTime::own_time(int index) const {
  return std::min(executed_to(index), time::Duration::nanoseconds(vcpu(index).furthest_ns));
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
    {
      std::unique_lock guard(mutex_);
      must_let_go_ = false;  // it was set if an earlier run was cut short
      arrived_.wait_for(guard, look_interval, [this] { return is_hurried_ || have_all_arrived(); });
      if (std::exchange(is_hurried_, false) || !have_all_arrived()) {
        continue;
      }
      if (slice_end() >= limit_) {
        stand(slice_end());
        return true;
      }
    }
    if (!next_slice_of_agent(false)) {
      host_.pause();
      static_cast<void>(next_slice_of_agent(true));
    }
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

bool InstructionTime::next_slice_of_agent(bool has_waited) {
  host_.lock();
  const bool is_done = next_slice(has_waited);
  host_.unlock();
  return is_done;
}

void InstructionTime::let_go() {
  const std::lock_guard guard(mutex_);
  must_let_go_ = true;
  released_.notify_all();
}

void InstructionTime::end() {
  let_go();
  vcpus_.pause();
  const std::lock_guard guard(mutex_);
  stand_at_the_furthest();
}

// Where this vCPU is. The others keep what they are ahead or behind.
void InstructionTime::stand_within(bool are_others_held) {
  are_others_held_ = are_others_held;
  const time::Duration at = reading();
  const std::lock_guard guard(mutex_);
  stand(at);
}

// Nobody executes: that time is over for all who are not beyond it.
void InstructionTime::pass_within(time::Duration reading) {
  const std::lock_guard guard(mutex_);
  for (int i = 0; i < counters_.count(); ++i) {
    if (may_set_count(i)) {
      skip_to(i, reading);
    }
  }
  stand(reading);
}

bool InstructionTime::may_set_count(int index) const { return are_others_held_ || index == counters_.this_vcpu(); }

void InstructionTime::go_on_within(time::Duration limit) {
  const auto timer = host_.next_timer();
  std::vector<int> to_wait;
  {
    const std::lock_guard guard(mutex_);
    limit_ = limit;
    must_let_go_ = false;
    if (slice_start() < limit_ && (!timer || *timer > slice_start())) {
      open_slice(timer ? std::min(*timer, limit_) : limit_);
    }
    for (int i = 0; i < counters_.count(); ++i) {
      if (vcpu(i).is_asleep || vcpu(i).has_arrived) {
        continue;
      }
      if (may_set_count(i)) {
        fill_up(i);
      }
      if (!may_set_count(i) || counters_.left(i) <= 0) {
        to_wait.push_back(i);
      }
    }
  }
  std::ranges::for_each(to_wait, [this](int index) { queue_wait(index); });
}

bool InstructionTime::stopped() {
  let_go();
  const std::lock_guard guard(mutex_);
  stand_at_the_furthest();
  const bool is_saved = vcpus_.set_running_clock(slice_start());
  is_stopped_ = true;
  return is_saved;
}

void InstructionTime::started(time::Duration reading, time::Duration limit) {
  const std::lock_guard guard(mutex_);
  limit_ = limit;
  for (int i = 0; i < counters_.count(); ++i) {
    vcpu(i).kicked_at_ns = never;
    if (reading != slice_start()) {  // a snapshot's: what a vCPU was beyond is of another time
      vcpu(i).due_ns = reading.ns();
      vcpu(i).furthest_ns = reading.ns();
      counters_.set_left(i, 0);
    }
  }
  is_open_ = false;
  latest_ns_ = reading.ns();
  met_ = reading;
  end_ns_ = reading.ns();
  start_ns_ = reading.ns();
  must_let_go_ = false;
  is_stopped_ = false;
}

// By itself, for however long another's thread may be about to.
void InstructionTime::spent(int vcpu_index) {
  vcpu(vcpu_index).is_wait_queued = true;
  if (!std::exchange(vcpu(vcpu_index).has_asked_to_wait, true)) {
    counters_.queue_wait(vcpu_index);
  }
}

void InstructionTime::queue_wait(int index) {
  if (!vcpu(index).is_wait_queued.exchange(true)) {
    counters_.queue_wait(index);
  }
}

// Until the next slice, or until QEMU has this vCPU stand, which shows in the clock: it must not go on before. Or until
// it is barred, when a reset has QEMU let it go, and the clock on, while the agent waits for it to stand. At once
// if it was only to hear of another end, or if the machine is stopped: QEMU's main thread may want this thread to do
// something for it then, before a machine's start with the clock on.
void InstructionTime::wait(int index) {
  Vcpu& self = vcpu(index);
  self.is_wait_queued = false;
  self.has_asked_to_wait = false;
  if (is_stopped_) {
    return;
  }
  bool is_last = false;
  {
    const std::lock_guard guard(mutex_);
    fill_up(index);
    self.has_arrived = counters_.left(index) <= 0;
    is_last = self.has_arrived && !must_let_go_ && slice_end() < limit_ && have_all_arrived();
  }
  if (is_last) {
    static_cast<void>(next_slice(false));
  }
  vcpus_.this_waits();
  host_.unlock();
  {
    std::unique_lock guard(mutex_);
    if (self.has_arrived && have_all_arrived()) {
      arrived_.notify_one();
    }
    while (self.has_arrived && host_.is_clock_enabled() && !vcpus_.is_barred(index)) {
      released_.wait_for(guard, must_let_go_ ? short_interval : look_interval);
    }
    self.has_arrived = false;
  }
  host_.lock();
}

void InstructionTime::falls_asleep(int index) {
  const std::lock_guard guard(mutex_);
  vcpu(index).kicked_at_ns = never;
  vcpu(index).is_asleep = true;
  if (have_all_arrived()) {
    arrived_.notify_one();
  }
}

// It goes on from where it was woken. Before its next instruction it waits, if there is none for it.
void InstructionTime::wakes_up(int index) {
  Vcpu& self = vcpu(index);
  bool must_wait = false;
  {
    const std::lock_guard guard(mutex_);
    self.is_asleep = false;
    skip_to(index, std::max(slice_start(), time::Duration::nanoseconds(self.kicked_at_ns.exchange(never))));
    fill_up(index);
    must_wait = counters_.left(index) <= 0;
  }
  if (must_wait) {
    queue_wait(index);
  }
}

void InstructionTime::armed(time::Duration reading) {
  std::vector<int> others;
  {
    const std::lock_guard guard(mutex_);
    if (is_open_ && reading < slice_end()) {
      others = shorten_slice(reading);
    }
  }
  std::ranges::for_each(others, [this](int index) { queue_wait(index); });
}

void InstructionTime::kicked(int index) {
  Vcpu& self = vcpu(index);
  if (self.is_asleep && self.kicked_at_ns == never && !counters_.is_idle(index)) {
    self.kicked_at_ns = reading().ns();
  }
}

}  // namespace fermata::qemu
