// SPDX-License-Identifier: MIT
#include "fermata/clock/speed_factor.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include "fermata/base/error.hpp"

namespace fermata::clock {
namespace {

__extension__ using Wide = __int128;

std::uint64_t checked(std::uint64_t term, const char* name) {
  if (term == 0 || term > SpeedFactor::max_term) {
    throw base::BadArgument("SpeedFactor: " + std::string(name) + " is " + std::to_string(term) + "; it is 1 to " +
                            std::to_string(SpeedFactor::max_term));
  }
  return term;
}

time::Duration saturated(Wide ns) {
  using Limits = std::numeric_limits<std::int64_t>;
  return time::Duration::nanoseconds(static_cast<std::int64_t>(std::clamp<Wide>(ns, Limits::min(), Limits::max())));
}

Wide floor_quotient(Wide dividend, Wide divisor) { return dividend / divisor - (dividend % divisor < 0 ? 1 : 0); }

time::Duration product(time::Duration span, std::uint64_t numerator, std::uint64_t denominator) {
  return saturated(floor_quotient(Wide{span.ns()} * static_cast<Wide>(numerator), static_cast<Wide>(denominator)));
}

time::Duration quotient_up(time::Duration span, std::uint64_t numerator, std::uint64_t denominator) {
  return saturated(-floor_quotient(-(Wide{span.ns()} * static_cast<Wide>(denominator)), static_cast<Wide>(numerator)));
}

time::Instant instant_of(std::int64_t ns) { return time::Instant::at(time::Duration::nanoseconds(ns)); }

// Neither is negative but by a mistake of the caller, so the sum can only leave the range upwards.
time::Instant saturated_sum(time::Instant at, time::Duration span) {
  return instant_of(saturated(Wide{at.since_origin().ns()} + span.ns()).ns());
}

}  // namespace

SpeedFactor::SpeedFactor(std::uint64_t numerator, std::uint64_t denominator)
    : numerator_(checked(numerator, "numerator")), denominator_(checked(denominator, "denominator")) {
  const std::uint64_t common = std::gcd(numerator, denominator);
  numerator_ /= common;
  denominator_ /= common;
}

time::Duration SpeedFactor::scaled(time::Duration source) const { return product(source, numerator_, denominator_); }

time::Duration SpeedFactor::unscaled(time::Duration scaled) const {
  return quotient_up(scaled, numerator_, denominator_);
}

// The source is read together with the rest: a reading from before a change, scaled as after it, could run backwards.
ScaledTime::State ScaledTime::state() const {
  return lock_.read([this] {
    return State{source_->now().since_origin().ns(), source_origin_ns_.load(std::memory_order_acquire),
                 scaled_origin_ns_.load(std::memory_order_acquire), numerator_.load(std::memory_order_acquire),
                 denominator_.load(std::memory_order_acquire)};
  });
}

time::Instant ScaledTime::now_in(const State& state) {
  const auto passed = time::Duration::nanoseconds(state.source_now_ns - state.source_origin_ns);
  if (state.numerator == state.denominator) {
    return saturated_sum(instant_of(state.scaled_origin_ns), passed);
  }
  return saturated_sum(instant_of(state.scaled_origin_ns), product(passed, state.numerator, state.denominator));
}

time::Instant ScaledTime::now() const { return now_in(state()); }

time::Instant ScaledTime::source_instant_of(time::Instant at) const {
  const State from = state();
  if (at <= now_in(from)) {
    return instant_of(from.source_now_ns);
  }
  const time::Duration left = at - instant_of(from.scaled_origin_ns);
  return saturated_sum(instant_of(from.source_origin_ns), quotient_up(left, from.numerator, from.denominator));
}

SpeedFactor ScaledTime::factor() const {
  const State now_state = state();
  return SpeedFactor(now_state.numerator, now_state.denominator);
}

void ScaledTime::set_factor(SpeedFactor factor) {
  State before = state();
  lock_.write([&] {
    // Not sooner, or somebody could have read a later time already.
    before.source_now_ns = source_->now().since_origin().ns();
    source_origin_ns_.store(before.source_now_ns, std::memory_order_release);
    scaled_origin_ns_.store(now_in(before).since_origin().ns(), std::memory_order_release);
    numerator_.store(factor.numerator(), std::memory_order_release);
    denominator_.store(factor.denominator(), std::memory_order_release);
  });
}

}  // namespace fermata::clock
