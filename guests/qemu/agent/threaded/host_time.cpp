// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/threaded/host_time.hpp"

#include <algorithm>
#include <utility>

namespace fermata::qemu {
namespace {

// How often a wait looks whether the machine was stopped.
constexpr host::HostDuration longest_sleep = std::chrono::milliseconds(1);
// What is left of a wait when it becomes punctual, and cannot be cut short any more.
constexpr host::HostDuration last_part = std::chrono::microseconds(250);

}  // namespace

time::Duration HostTime::reading() const {
  const time::Duration host = vcpus_.running_clock();
  return is_stopped_.load(std::memory_order_acquire) ? host : clock_.reading(host);
}

bool HostTime::begin(time::Duration limit) {
  const time::Duration reading = go_on_to(limit);
  if (reading == limit) {
    return false;
  }
  sample(cpu_when_resumed_);
  if (options_.guest_clocks != nullptr) {
    options_.guest_clocks->show(reading);
  }
  return true;
}

// From where it stands, beyond what is owed. Returns where that is.
time::Duration HostTime::go_on_to(time::Duration limit) {
  const time::Duration standing = clock_.limit();
  const time::Duration paid = std::min(debt_, limit - standing);
  debt_ -= paid;
  clock_.go_on(vcpus_.running_clock(), standing + paid, limit);
  return standing + paid;
}

bool HostTime::run(const std::function<bool()>& must_stop) {
  const bool is_there = wait_for_limit(must_stop);
  woken_at_ = vcpus_.running_clock();
  sample(cpu_when_woken_);
  return is_there;
}

bool HostTime::wait_for_limit(const std::function<bool()>& must_stop) {
  const host::HostClock& host_clock = host::HostClock::monotonic();
  for (;;) {
    const std::uint64_t rings = wake_.rings();
    if (must_stop()) {
      return false;
    }
    const time::Duration left = clock_.until_limit(vcpus_.running_clock());
    if (left <= time::Duration::zero()) {
      return true;
    }
    const host::HostDuration rest(left.ns());
    if (rest > last_part) {
      wake_.sleep(rings, std::min(rest / 2, longest_sleep));
    } else {
      wait_.until(host_clock.now() + rest);
    }
  }
}

// Before the limit nothing is owed: what the guest ran for until it stood is time that it had. A guest with clocks of
// its own (KVM's) is paused, which those are held for.
void HostTime::end() {
  const time::Duration past_when_woken = -clock_.until_limit(woken_at_);
  is_ending_ = true;
  vcpus_.watch_exits();
  if (options_.guest_clocks != nullptr || !vcpus_.catch_at_lock()) {
    vcpus_.pause();
  }
  is_ending_ = false;
  const time::Duration host = vcpus_.running_clock();
  const time::Duration past = -clock_.until_limit(host);
  if (options_.guest_clocks != nullptr) {
    options_.guest_clocks->hold();
  }
  if (past < time::Duration::zero()) {
    const time::Duration standing = clock_.reading(host);
    clock_.go_on(host, standing, standing);
    return;
  }
  const time::Duration beyond = ran_on(past_when_woken, past);
  debt_ += options_.factor.scaled(beyond);
  if (options_.statistics != nullptr) {
    options_.statistics->count_run_on(beyond.ns());
  }
}

// What it ran on beyond the limit is a debt here, too, unless the agent's thread is about to find that out.
void HostTime::stand_within(bool are_others_held) {
  are_others_held_ = are_others_held;
  const time::Duration host = vcpus_.running_clock();
  const time::Duration standing = clock_.reading(host);
  const time::Duration past = -clock_.until_limit(host);
  if (past > time::Duration::zero() && !is_ending_) {
    host::HostDuration longest{};
    for (std::size_t i = 0; i < cpu_when_resumed_.size(); ++i) {
      longest = std::max(longest, vcpus_.cpu_time(static_cast<int>(i)) - cpu_when_resumed_[i]);
    }
    debt_ += options_.factor.scaled(std::min(past, time::Duration::nanoseconds(longest.count())));
  }
  clock_.go_on(host, standing, standing);
  if (has_clocks_to_set()) {
    options_.guest_clocks->hold();
  }
}

void HostTime::pass_within(time::Duration reading) { clock_.go_on(vcpus_.running_clock(), reading, reading); }

// KVM's own clocks are set while no vCPU executes. Without them the clock stands until the others have gone on: what
// that takes is nobody's time.
void HostTime::go_on_within(time::Duration limit) {
  limit_then_ = limit;
  if (has_clocks_to_set()) {
    others_gone_on();
    options_.guest_clocks->show(clock_.reading(vcpus_.running_clock()));
  }
}

void HostTime::others_gone_on() {
  if (const auto limit = std::exchange(limit_then_, std::nullopt)) {
    go_on_to(*limit);
  }
}

// Of the vCPU that ran longest, in its own processor time: an idle one has not run, nor one that another process kept
// from its core. It has run until it left guest code; how QEMU then has it stand is not its affair. What it did between
// the limit and our waking up is not known exactly; no more than both tell.
time::Duration HostTime::ran_on(time::Duration past_when_woken, time::Duration past) const {
  const host::HostDuration late(std::max<std::int64_t>(past_when_woken.ns(), 0));
  host::HostDuration longest{};
  for (std::size_t i = 0; i < cpu_when_woken_.size(); ++i) {
    const host::HostDuration before = std::min(late, cpu_when_woken_[i] - cpu_when_resumed_[i]);
    const host::HostDuration after = vcpus_.cpu_time_at_exit(static_cast<int>(i)) - cpu_when_woken_[i];
    longest = std::max(longest, before + after);
  }
  return std::min(time::Duration::nanoseconds(longest.count()), std::max(past, time::Duration::zero()));
}

void HostTime::sample(std::vector<host::HostDuration>& cpu_times) const {
  cpu_times.resize(static_cast<std::size_t>(vcpus_.count()));
  for (std::size_t i = 0; i < cpu_times.size(); ++i) {
    cpu_times[i] = vcpus_.cpu_time(static_cast<int>(i));
  }
}

// QEMU's own clock is made to show ours, so that a snapshot has it.
bool HostTime::stopped() {
  if (options_.guest_clocks != nullptr) {
    options_.guest_clocks->hold();
    options_.guest_clocks->show(reading());
  }
  const time::Duration standing = reading();
  clock_.go_on(vcpus_.running_clock(), standing, standing);  // for who reads it in this moment
  const bool is_saved = vcpus_.set_running_clock(standing);
  is_stopped_ = true;
  return is_saved;
}

void HostTime::started(time::Duration reading, time::Duration limit) {
  clock_.go_on(vcpus_.running_clock(), reading, limit);
  is_stopped_ = false;
  if (options_.guest_clocks != nullptr) {
    options_.guest_clocks->adopt(reading);
    if (reading == limit) {
      options_.guest_clocks->hold();
    }
  }
}

}  // namespace fermata::qemu
