// SPDX-License-Identifier: MIT
#include "fermata/loop/event_loop.hpp"

#include <sys/prctl.h>

#include <chrono>
#include <optional>
#include <utility>

#include "fermata/base/contract.hpp"

namespace fermata::loop {

EventLoop::EventLoop(clock::Clocks& clocks, Options options)
    : options_(std::move(options)),
      deferred_calls_(wakeup_),
      timers_(clocks, [this](clock::ClockKind kind) { deadline_is_earlier(kind); }) {
  if (options_.role == Role::main_loop) {
    clocks.set_default_notify([this](clock::ClockKind kind) { deadline_is_earlier(kind); });
  }
}

EventLoop::~EventLoop() {
  if (options_.role == Role::main_loop) {
    timers_.clocks().set_default_notify({});
  }
}

void EventLoop::deadline_is_earlier(clock::ClockKind kind) {
  if (kind == clock::ClockKind::virtual_time && options_.virtual_deadline_is_earlier &&
      timers_.clocks().virtual_time_kind() == clock::VirtualTimeKind::instruction_driven) {
    options_.virtual_deadline_is_earlier();
  }
  wakeup_.nudge();
}

void EventLoop::wait_for_something(Wait wait) {
  if (has_precise_waits_ != std::this_thread::get_id()) {
    // By default Linux lets a thread's waits end 50 us late. It cannot fail for a value of 1 ns.
    ::prctl(PR_SET_TIMERSLACK, 1UL);
    has_precise_waits_ = std::this_thread::get_id();
  }
  const bool may_sleep = wakeup_.begin_sleep() && wait == Wait::yes;
  std::optional<host::HostDuration> limit = host::HostDuration::zero();
  if (may_sleep) {
    const auto deadline = timers_.host_deadline();
    limit = deadline ? std::optional(host::HostDuration(deadline->ns())) : std::nullopt;
  }
  wakeup_.end_sleep(descriptors_.wait(limit, wakeup_.descriptor()));
}

bool EventLoop::turn(Wait wait) {
  base::expects(!is_turning_, "EventLoop: not turned from within a turn");
  const struct Turning {
    bool& is_turning;
    ~Turning() { is_turning = false; }
  } turning{is_turning_ = true};
  wait_for_something(wait);
  timers_.clocks().look_for_host_clock_jump();
  bool has_run = descriptors_.run_ready();
  has_run = deferred_calls_.run() || has_run;
  return timers_.run_due() || has_run;
}

void EventLoop::run() {
  while (!is_stopped_.exchange(false, std::memory_order_acq_rel)) {
    turn(Wait::yes);
  }
}

void EventLoop::stop() {
  is_stopped_.store(true, std::memory_order_release);
  wake();
}

}  // namespace fermata::loop
