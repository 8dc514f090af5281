// SPDX-License-Identifier: MIT
#include "fermata/clock/timer.hpp"

#include <limits>
#include <mutex>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/clock/queue/timer_queue.hpp"

namespace fermata::clock {
namespace {

time::Instant instant_of(std::int64_t ns) { return time::Instant::at(time::Duration::nanoseconds(ns)); }

std::int64_t saturated_product(std::int64_t count, std::int64_t unit) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(count, unit, &product)) {
    return count < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  }
  return product;
}

}  // namespace

Timer::Timer(TimerList& list, Callback callback, Options options)
    : queue_(list.queue_.get()),
      is_external_(options.is_external),
      scale_(options.scale),
      list_(&list),
      callback_(std::make_unique<Callback>(std::move(callback))) {
  if (!*callback_) {
    throw base::BadArgument("Timer: callback is empty; it has to be something that can be called");
  }
  const std::lock_guard held(queue_->lock);
  ++queue_->timer_count;
}

Timer::~Timer() {
  const bool is_in_own_callback = queue_->cancel_and_wait(*this);
  const std::lock_guard held(queue_->lock);
  if (is_in_own_callback) {
    queue_->running = nullptr;
    queue_->orphan = std::move(callback_);
  }
  --queue_->timer_count;
}

void Timer::arm(time::Instant at) { queue_->arm(*this, at.since_origin().ns()); }

void Timer::arm_scaled(std::int64_t at) {
  queue_->arm(*this, saturated_product(at, static_cast<std::int64_t>(scale_)));
}

void Timer::arm_if_earlier(time::Instant at) { queue_->arm_if_earlier(*this, at.since_origin().ns()); }

void Timer::cancel() { queue_->cancel(*this); }

void Timer::cancel_and_wait() { queue_->cancel_and_wait(*this); }

bool Timer::is_pending() const {
  const std::lock_guard held(queue_->lock);
  return home_ != Home::none;
}

std::optional<time::Instant> Timer::expiry() const {
  const std::lock_guard held(queue_->lock);
  const auto at_ns = queue_->expiry_ns(*this);
  return at_ns ? std::optional(instant_of(*at_ns)) : std::nullopt;
}

std::optional<std::int64_t> Timer::expiry_scaled() const {
  const auto at = expiry();
  return at ? std::optional(at->since_origin().ns() / static_cast<std::int64_t>(scale_)) : std::nullopt;
}

void Timer::save(state::Writer& writer) const {
  const std::lock_guard held(queue_->lock);
  const auto at_ns = queue_->expiry_ns(*this);
  writer.optional_instant(at_ns ? std::optional(instant_of(*at_ns)) : std::nullopt);
  writer.u64(at_ns ? sequence : 0);
}

void Timer::load(state::Reader& reader) {
  const auto at = reader.optional_instant();
  const std::uint64_t saved_sequence = reader.u64();
  if (!at) {
    cancel();
    return;
  }
  bool is_known = false;
  {
    const std::lock_guard held(queue_->lock);
    is_known = saved_sequence < queue_->next_sequence;
  }
  if (!is_known) {
    reader.fail("a timer was armed after its list was saved");
  }
  queue_->arm_restored(*this, at->since_origin().ns(), saved_sequence);
}

}  // namespace fermata::clock
