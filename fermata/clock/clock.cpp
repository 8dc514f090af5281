// SPDX-License-Identifier: MIT
#include "fermata/clock/clock.hpp"

#include <algorithm>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/clock/queue/timer_queue.hpp"

namespace fermata::clock {

std::string_view to_string(ClockKind kind) {
  switch (kind) {
    case ClockKind::realtime: return "realtime";
    case ClockKind::virtual_time: return "virtual";
    case ClockKind::host: return "host";
    case ClockKind::virtual_rt: return "virtual_rt";
  }
  return "?";
}

void Clock::Lists::add(TimerList::Queue& queue) {
  const std::lock_guard held(mutex);
  queue.previous = last;
  (last == nullptr ? first : last->next) = &queue;
  last = &queue;
  count.fetch_add(1, std::memory_order_relaxed);
}

void Clock::Lists::remove(TimerList::Queue& queue) {
  std::unique_lock held(mutex);
  unpinned.wait(held, [&queue] { return queue.pins == 0; });
  (queue.previous == nullptr ? first : queue.previous->next) = queue.next;
  (queue.next == nullptr ? last : queue.next->previous) = queue.previous;
  count.fetch_sub(1, std::memory_order_relaxed);
}

class Clock::Lists::Pin {
 public:
  Pin(Lists& lists, TimerList::Queue& queue, std::unique_lock<std::mutex>& held)
      : lists_(lists), queue_(queue), held_(held) {
    ++queue_.pins;
    held_.unlock();
  }
  ~Pin() {
    held_.lock();
    if (--queue_.pins == 0) {
      lists_.unpinned.notify_all();
    }
  }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

 private:
  Lists& lists_;
  TimerList::Queue& queue_;
  std::unique_lock<std::mutex>& held_;
};

// Visits each list without the registry's lock, so that the visit may call anybody. A pinned list stays where it is:
// its destruction waits.
template <typename Visit>
void Clock::Lists::visit_pinned(Visit visit) {
  std::unique_lock held(mutex);
  for (TimerList::Queue* queue = first; queue != nullptr; queue = queue->next) {
    const Pin pin(*this, *queue, held);
    visit(*queue);
  }
}

Clock::Clock(ClockKind kind, const TimeSource& source)
    : kind_(kind), source_(&source), lists_(std::make_unique<Lists>()) {}

Clock::~Clock() { base::expects(lists_->first == nullptr, "Clock: its timer lists are destroyed before it"); }

void Clock::enable() {
  if (!is_enabled_.exchange(true, std::memory_order_acq_rel)) {
    notify();
  }
}

void Clock::disable() {
  {
    const std::lock_guard held(lists_->mutex);
    for (const TimerList::Queue* queue = lists_->first; queue != nullptr; queue = queue->next) {
      const std::lock_guard list_held(queue->lock);
      base::expects(!queue->is_in_own_callback(),
                    "Clock: not disabled from a callback of its own, for whose end it would wait for ever");
    }
  }
  is_enabled_.store(false, std::memory_order_release);
  // Whether the clock is enabled is looked at under the list's lock, so after this no callback begins.
  lists_->visit_pinned([](TimerList::Queue& queue) { queue.wait_for_callback(); });
}

std::optional<time::Instant> Clock::earliest(TimerScope scope) const {
  std::optional<std::int64_t> soonest_ns;
  {
    const std::lock_guard held(lists_->mutex);
    for (const TimerList::Queue* queue = lists_->first; queue != nullptr; queue = queue->next) {
      const std::lock_guard list_held(queue->lock);
      const auto at_ns = queue->earliest_ns(scope);
      if (at_ns && (!soonest_ns || *at_ns < *soonest_ns)) {
        soonest_ns = at_ns;
      }
    }
  }
  if (!soonest_ns || !is_enabled()) {
    return std::nullopt;
  }
  return time::Instant::at(time::Duration::nanoseconds(*soonest_ns));
}

std::optional<time::Duration> Clock::deadline(TimerScope scope) const {
  const auto at = earliest(scope);
  return at ? std::optional(span_until(*at)) : std::nullopt;
}

time::Duration Clock::span_until(time::Instant at) const {
  const time::Instant reading = now();
  if (at <= reading) {
    return time::Duration::zero();
  }
  std::int64_t span_ns = 0;
  if (__builtin_sub_overflow(at.since_origin().ns(), reading.since_origin().ns(), &span_ns)) {
    return time::Duration::max();
  }
  return time::Duration::nanoseconds(span_ns);
}

void Clock::notify() {
  lists_->visit_pinned([](const TimerList::Queue& queue) { queue.call_notify(); });
}

void Clock::notify_due() {
  lists_->visit_pinned([this](const TimerList::Queue& queue) {
    {
      const std::lock_guard held(queue.lock);
      const auto at_ns = queue.earliest_ns(TimerScope::all);
      if (!at_ns || *at_ns > now().since_origin().ns() || !is_enabled()) {
        return;
      }
    }
    queue.call_notify();
  });
}

void Clock::set_watch(std::function<void()> watch) { lists_->watch = std::move(watch); }

void Clock::call_watch() const {
  if (lists_->watch) {
    lists_->watch();
  }
}

void Clock::set_default_notify(std::function<void()> notify) { lists_->default_notify = std::move(notify); }

void Clock::call_default_notify() const {
  if (lists_->default_notify) {
    lists_->default_notify();
  }
}

}  // namespace fermata::clock
