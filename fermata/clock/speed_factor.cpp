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
using Limits = std::numeric_limits<std::int64_t>;

std::uint64_t checked(std::uint64_t term, const char* name) {
  if (term == 0 || term > SpeedFactor::max_term) {
    throw base::BadArgument("SpeedFactor: " + std::string(name) + " is " + std::to_string(term) + "; it is 1 to " +
                            std::to_string(SpeedFactor::max_term));
  }
  return term;
}

time::Duration saturated(Wide ns) {
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

std::optional<time::Instant> ScaledTime::source_arrival_of(time::Instant at) const {
  if (is_source()) {
    return std::max(at, source_->now());
  }
  const State from = state();
  if (at <= now_in(from)) {
    return instant_of(from.source_now_ns);
  }
  const Wide left = Wide{at.since_origin().ns()} - from.scaled_origin_ns;
  const Wide source_left =
      -floor_quotient(-(left * static_cast<Wide>(from.denominator)), static_cast<Wide>(from.numerator));
  const Wide source_ns = source_left + from.source_origin_ns;
  return source_ns <= Limits::max() ? std::optional(instant_of(static_cast<std::int64_t>(source_ns))) : std::nullopt;
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
    set({before.source_now_ns, before.source_now_ns, now_in(before).since_origin().ns(), factor.numerator(),
         factor.denominator()});
  });
}

// In a write section.
void ScaledTime::set(const State& state) {
  source_origin_ns_.store(state.source_origin_ns, std::memory_order_release);
  scaled_origin_ns_.store(state.scaled_origin_ns, std::memory_order_release);
  numerator_.store(state.numerator, std::memory_order_release);
  denominator_.store(state.denominator, std::memory_order_release);
  is_source_.store(state.source_origin_ns == state.scaled_origin_ns && state.numerator == state.denominator,
                   std::memory_order_release);
}

void ScaledTime::save(state::Writer& writer) const {
  const State present = state();
  for (const std::int64_t origin_ns : {present.source_origin_ns, present.scaled_origin_ns}) {
    writer.instant(instant_of(origin_ns));
  }
  writer.u64(present.numerator);
  writer.u64(present.denominator);
}

void ScaledTime::load(state::Reader& reader) {
  State saved{};
  saved.source_origin_ns = reader.instant().since_origin().ns();
  saved.scaled_origin_ns = reader.instant().since_origin().ns();
  saved.numerator = reader.u64();
  saved.denominator = reader.u64();
  const auto is_term = [](std::uint64_t term) { return term >= 1 && term <= SpeedFactor::max_term; };
  if (!is_term(saved.numerator) || !is_term(saved.denominator) || saved.source_origin_ns < 0 ||
      saved.scaled_origin_ns < 0 || saved.source_origin_ns > source_->now().since_origin().ns()) {
    reader.fail("a speed factor that cannot be");
  }
  lock_.write([&] { set(saved); });
}

}  // namespace fermata::clock
