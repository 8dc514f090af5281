// SPDX-License-Identifier: MIT
// Who may destroy what while a callback runs is the hard part here. A callback runs without the lock, so meanwhile
// - any thread may arm and cancel: the queue is consistent, and the next timer is looked for anew after each callback;
// - its own timer may be destroyed from within: the callable, which is running, is then left to the pass as `orphan`,
//   and `running` becomes null;
// - its own timer may be destroyed by another thread: that one waits for `callbacks_ended`.
#include "fermata/clock/queue/timer_queue.hpp"

#include <algorithm>
#include <utility>

#include "fermata/base/contract.hpp"

namespace fermata::clock {

/// One pass over the due timers; its end, also by an exception from a callback, leaves the queue as it should be.
class TimerList::Queue::Pass {
 public:
  Pass(Queue& queue, time::Instant now) : queue_(queue), held_(queue.lock) {
    queue.is_in_pass = true;
    queue.pass_now_ns = now.since_origin().ns();
    queue.runner = std::this_thread::get_id();
  }
  ~Pass() {
    if (queue_.is_callback_running) {
      end_callback();
    }
    join(queue_.late, queue_.ordinary, Timer::Home::ordinary);
    join(queue_.late_external, queue_.external, Timer::Home::external);
    queue_.is_in_pass = false;
  }
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  /// False if none is due any more.
  bool run_next() {
    TimerHeap* heap = next_heap();
    if (heap == nullptr || !queue_.clock->is_enabled()) {
      return false;
    }
    auto& timer = static_cast<Timer&>(*heap->top().hook);
    heap->pop();
    timer.home_ = Timer::Home::none;
    queue_.running = &timer;
    queue_.is_callback_running = true;
    const Timer::Callback& callback = *timer.callback_;
    held_.unlock();
    callback();
    held_.lock();
    end_callback();
    return true;
  }

 private:
  static void join(TimerHeap& late, TimerHeap& heap, Timer::Home home) {
    for (const TimerHeap::Entry& entry : late) {
      static_cast<Timer&>(*entry.hook).home_ = home;
      heap.push(*entry.hook, entry.expiry_ns);
    }
    late.clear();
  }

  // The one whose first timer is due and comes before the other's.
  TimerHeap* next_heap() {
    TimerHeap* heap = &queue_.ordinary;
    if (!queue_.external.is_empty()) [[unlikely]] {
      if (heap->is_empty() || TimerHeap::is_before(queue_.external.top(), heap->top())) {
        heap = &queue_.external;
      }
    }
    return !heap->is_empty() && heap->top().expiry_ns <= queue_.pass_now_ns ? heap : nullptr;
  }

  void end_callback() {
    if (!held_.owns_lock()) {  // an exception
      held_.lock();
    }
    if (queue_.running == nullptr) [[unlikely]] {
      auto left_behind = std::move(queue_.orphan);
      held_.unlock();
      left_behind.reset();  // what it holds may call back
      held_.lock();
    }
    queue_.running = nullptr;
    queue_.is_callback_running = false;
    if (queue_.waiters > 0) [[unlikely]] {
      queue_.callbacks_ended.fetch_add(1, std::memory_order_release);
      queue_.callbacks_ended.notify_all();
    }
  }

  Queue& queue_;
  std::unique_lock<ShortLock> held_;
};

bool TimerList::Queue::run_due() {
  {
    const std::lock_guard held(lock);
    base::expects(!is_in_pass, "TimerList: one pass at a time, and not from a callback");
    if (is_empty() || !clock->is_enabled()) {
      return false;
    }
  }
  Pass pass(*this, clock->now());
  bool has_run = false;
  while (pass.run_next()) {
    has_run = true;
  }
  return has_run;
}

void TimerList::Queue::arm(Timer& timer, std::int64_t at_ns) {
  std::unique_lock held(lock);
  place_and_notify(held, timer, home_for(timer, at_ns), at_ns, next_sequence++);
}

void TimerList::Queue::arm_if_earlier(Timer& timer, std::int64_t at_ns) {
  std::unique_lock held(lock);
  Timer::Home home = home_for(timer, at_ns);
  if (const auto armed_for = expiry_ns(timer)) {
    if (*armed_for <= at_ns) {
      return;
    }
    if (is_in_pass && *armed_for <= pass_now_ns) {
      home = timer.home_;  // a pass that was to run it still is
    }
  }
  place_and_notify(held, timer, home, at_ns, next_sequence++);
}

void TimerList::Queue::arm_restored(Timer& timer, std::int64_t at_ns, std::uint64_t sequence) {
  std::unique_lock held(lock);
  place_and_notify(held, timer, home_for(timer, at_ns), at_ns, sequence);
}

void TimerList::Queue::place_and_notify(std::unique_lock<ShortLock>& held, Timer& timer, Timer::Home home,
                                        std::int64_t at_ns, std::uint64_t sequence) {
  // Who asks without external timers has to hear of an ordinary one that comes after an external one.
  const auto before = earliest_ns(timer.is_external_ ? TimerScope::all : TimerScope::without_external);
  place(timer, home, at_ns, sequence);
  const bool is_earlier = (!before || at_ns < *before) && clock->is_enabled();
  held.unlock();
  if (is_earlier) {
    call_notify();
  }
}

void TimerList::Queue::place(Timer& timer, Timer::Home home, std::int64_t at_ns, std::uint64_t sequence) {
  TimerHeap& heap = heap_of(home);
  if (timer.home_ == home) {
    timer.sequence = sequence;
    heap.move(timer, at_ns);
    return;
  }
  heap.reserve_one();
  (timer.is_external_ ? external : ordinary).reserve((timer.is_external_ ? late_external : late).size() + 1);
  take_out(timer);
  timer.sequence = sequence;
  timer.home_ = home;
  heap.push(timer, at_ns);
}

void TimerList::Queue::take_out(Timer& timer) {
  if (timer.home_ != Timer::Home::none) {
    heap_of(timer.home_).remove(timer);
    timer.home_ = Timer::Home::none;
  }
}

void TimerList::Queue::cancel(Timer& timer) {
  const std::lock_guard held(lock);
  take_out(timer);
}

bool TimerList::Queue::cancel_and_wait(Timer& timer) {
  std::unique_lock held(lock);
  for (;;) {
    take_out(timer);
    if (running != &timer) {
      return false;
    }
    if (is_in_own_callback()) {
      return true;
    }
    wait_for_end(held);  // and then anew: it may have armed itself
  }
}

void TimerList::Queue::wait_for_callback() {
  std::unique_lock held(lock);
  if (is_callback_running) {
    wait_for_end(held);
  }
}

void TimerList::Queue::wait_for_end(std::unique_lock<ShortLock>& held) {
  const std::uint32_t ended = callbacks_ended.load(std::memory_order_relaxed);
  ++waiters;
  held.unlock();
  callbacks_ended.wait(ended, std::memory_order_acquire);
  held.lock();
  --waiters;
}

std::optional<std::int64_t> TimerList::Queue::earliest_ns(TimerScope scope) const {
  std::optional<std::int64_t> earliest;
  const auto consider = [&earliest](const TimerHeap& heap) {
    if (!heap.is_empty() && (!earliest || heap.top().expiry_ns < *earliest)) {
      earliest = heap.top().expiry_ns;
    }
  };
  consider(ordinary);
  consider(late);
  if (scope == TimerScope::all) {
    consider(external);
    consider(late_external);
  }
  return earliest;
}

Timer::Home TimerList::Queue::home_for(const Timer& timer, std::int64_t at_ns) const {
  if (is_in_pass && at_ns <= pass_now_ns) [[unlikely]] {
    return timer.is_external_ ? Timer::Home::late_external : Timer::Home::late;
  }
  return timer.is_external_ ? Timer::Home::external : Timer::Home::ordinary;
}

const TimerHeap& TimerList::Queue::heap_of(Timer::Home home) const {
  switch (home) {
    case Timer::Home::external: return external;
    case Timer::Home::late: return late;
    case Timer::Home::late_external: return late_external;
    default: return ordinary;
  }
}

TimerHeap& TimerList::Queue::heap_of(Timer::Home home) {
  return const_cast<TimerHeap&>(std::as_const(*this).heap_of(home));
}

std::optional<std::int64_t> TimerList::Queue::expiry_ns(const Timer& timer) const {
  return timer.home_ == Timer::Home::none ? std::nullopt : std::optional(heap_of(timer.home_).expiry_ns(timer));
}

void TimerList::Queue::call_notify() const {
  clock->call_watch();
  if (notify) {
    notify();
  } else {
    clock->call_default_notify();
  }
}

}  // namespace fermata::clock
