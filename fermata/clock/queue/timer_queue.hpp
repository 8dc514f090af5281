// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "fermata/clock/queue/short_lock.hpp"
#include "fermata/clock/queue/timer_heap.hpp"
#include "fermata/clock/timer.hpp"

namespace fermata::clock {

/// What is behind a TimerList. Its lock guards all of it but `next`, `previous` and `pins`, which the clock's registry
/// guards; it is never held while somebody else's code is called. Order of locks: registry, then list.
///
/// While a pass runs, what is armed for an instant that the pass has already reached waits in heaps of its own,
/// `late` and `late_external`, and joins the others when the pass ends: so the pass is bounded. Those others always
/// have room for it.
struct TimerList::Queue {
  Queue(Clock& its_clock, Notify its_notify) : clock(&its_clock), notify(std::move(its_notify)) {}

  void arm(Timer& timer, std::int64_t at_ns);
  void arm_if_earlier(Timer& timer, std::int64_t at_ns);
  void arm_restored(Timer& timer, std::int64_t at_ns, std::uint64_t sequence);
  void cancel(Timer& timer);
  /// Cancels it and waits for its callback, unless that is below this call on the stack: returns true then.
  bool cancel_and_wait(Timer& timer);
  bool run_due();
  /// Waits for the end of the callback that is running now, if any.
  void wait_for_callback();

  [[nodiscard]] bool is_empty() const {
    return ordinary.is_empty() && external.is_empty() && late.is_empty() && late_external.is_empty();
  }
  /// Under the lock, whether the clock is enabled or not.
  [[nodiscard]] std::optional<std::int64_t> earliest_ns(TimerScope scope) const;
  [[nodiscard]] const TimerHeap& heap_of(Timer::Home home) const;
  [[nodiscard]] TimerHeap& heap_of(Timer::Home home);
  [[nodiscard]] std::optional<std::int64_t> expiry_ns(const Timer& timer) const;
  /// True if a callback of this list is below this call on the stack.
  [[nodiscard]] bool is_in_own_callback() const { return is_callback_running && runner == std::this_thread::get_id(); }
  void call_notify() const;

  mutable ShortLock lock;
  Clock* clock;
  Notify notify;
  TimerHeap ordinary;
  TimerHeap external;
  TimerHeap late;
  TimerHeap late_external;
  std::uint64_t next_sequence = 0;
  std::uint64_t timer_count = 0;  // armed or not

  bool is_in_pass = false;
  bool is_callback_running = false;
  std::int64_t pass_now_ns = 0;
  Timer* running = nullptr;                 // nothing once it was destroyed by its own callback
  std::unique_ptr<Timer::Callback> orphan;  // that callback then
  std::thread::id runner;
  std::uint32_t waiters = 0;
  std::atomic<std::uint32_t> callbacks_ended{0};  // counted only while somebody waits

  Queue* next = nullptr;
  Queue* previous = nullptr;
  unsigned pins = 0;  // who looks at it from the clock's side, without the registry's lock

 private:
  class Pass;

  [[nodiscard]] Timer::Home home_for(const Timer& timer, std::int64_t at_ns) const;
  void place(Timer& timer, Timer::Home home, std::int64_t at_ns, std::uint64_t sequence);
  void take_out(Timer& timer);
  void wait_for_end(std::unique_lock<ShortLock>& held);
  /// The same as arming, for one of the two ways; `held` is released.
  void place_and_notify(std::unique_lock<ShortLock>& held, Timer& timer, Timer::Home home, std::int64_t at_ns,
                        std::uint64_t sequence);
};

/// The registry of a clock: all lists, whichever thread owns them.
struct Clock::Lists {
  class Pin;

  void add(TimerList::Queue& queue);
  void remove(TimerList::Queue& queue);
  template <typename Visit>
  void visit_pinned(Visit visit);

  std::mutex mutex;
  std::condition_variable unpinned;
  TimerList::Queue* first = nullptr;
  TimerList::Queue* last = nullptr;
  std::atomic<unsigned> count{0};
  std::function<void()> default_notify;
  std::function<void()> watch;
};

}  // namespace fermata::clock
