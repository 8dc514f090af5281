// SPDX-License-Identifier: MIT
#include "fermata/clock/timer_list.hpp"

#include <algorithm>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/clock/queue/timer_queue.hpp"

namespace fermata::clock {

TimerList::TimerList(Clock& clock, Notify notify)
    : clock_(&clock), queue_(std::make_unique<Queue>(clock, std::move(notify))) {
  static_assert(sizeof(Queue) <= 256, "a machine of a large fleet has several lists");
  clock.lists_->add(*queue_);
}

TimerList::~TimerList() {
  base::expects(queue_->timer_count == 0, "TimerList: its timers are destroyed before it");
  clock_->lists_->remove(*queue_);
}

bool TimerList::has_timers() const {
  const std::lock_guard held(queue_->lock);
  return !queue_->is_empty();
}

std::optional<time::Instant> TimerList::earliest(TimerScope scope) const {
  const std::lock_guard held(queue_->lock);
  if (!clock_->is_enabled()) {
    return std::nullopt;
  }
  const auto at_ns = queue_->earliest_ns(scope);
  return at_ns ? std::optional(time::Instant::at(time::Duration::nanoseconds(*at_ns))) : std::nullopt;
}

// A list that is made in another thread at this moment has no timer yet; when it has, its notification says so.
std::optional<time::Instant> TimerList::earliest_of_clock(TimerScope scope) const {
  return clock_->lists_->count.load(std::memory_order_relaxed) == 1 ? earliest(scope) : clock_->earliest(scope);
}

std::optional<time::Duration> TimerList::deadline(TimerScope scope) const {
  const auto at = earliest(scope);
  return at ? std::optional(clock_->span_until(*at)) : std::nullopt;
}

bool TimerList::run_due() { return queue_->run_due(); }

void TimerList::set_notify(Notify notify) { queue_->notify = std::move(notify); }

void TimerList::save(state::Writer& writer) const {
  const std::lock_guard held(queue_->lock);
  writer.u64(queue_->next_sequence);
}

void TimerList::load(state::Reader& reader) {
  const std::uint64_t next_sequence = reader.u64();
  const std::lock_guard held(queue_->lock);
  base::expects(queue_->is_empty(), "TimerList: no timer is armed when it is loaded");
  queue_->next_sequence = next_sequence;
}

}  // namespace fermata::clock
