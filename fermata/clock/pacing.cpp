// SPDX-License-Identifier: MIT
#include "fermata/clock/pacing.hpp"

#include <algorithm>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/clock/instruction_time.hpp"
#include "fermata/time/saturating.hpp"

namespace fermata::clock {
namespace {

using time::Duration;

constexpr Duration second = Duration::seconds(1);

std::string in_ms(std::optional<Duration> span) {
  return span ? std::to_string(*span / Duration::milliseconds(1)) + " ms" : "not available";
}

}  // namespace

unsigned ShiftAdaptation::adapt(const PaceReading& reading, unsigned shift) {
  const Duration lead = reading.lead();
  const Duration before = std::exchange(last_lead_, lead);
  // If it goes on as since the last look, lead is at 2 * lead - before the next time.
  const Duration next = time::saturating_add(lead, time::saturating_sub(lead, before));
  if (lead > Duration::zero() && next > slop && shift > 0) {
    return shift - 1;
  }
  if (lead < Duration::zero() && next < -slop && shift < InstructionTime::max_shift) {
    return shift + 1;
  }
  return shift;
}

Alignment::Decision Alignment::align(const PaceReading& reading) {
  const Duration lead = reading.lead();
  greatest_lead_ = std::max(greatest_lead_, lead);
  greatest_lag_ = std::max(greatest_lag_, -lead);
  return {.sleep = lead > tolerated_lead ? lead : Duration::zero(), .warning = warning(reading)};
}

std::optional<std::string> Alignment::warning(const PaceReading& reading) {
  const bool is_too_soon = last_warning_ && reading.real_now - *last_warning_ < warning_interval;
  if (is_too_soon || warnings_ == max_warnings) {
    return std::nullopt;
  }
  // In whole seconds, begun ones counted; back to a lower class only from half a second below it, so as not to flutter.
  const Duration lag = std::max(-reading.lead(), Duration::zero());
  const std::int64_t late_s = lag < second ? 0 : lag / second + 1;
  const bool is_later = late_s > warned_of_s_;
  const bool has_caught_up = late_s < warned_of_s_ && lag + Duration::milliseconds(500) < second * (warned_of_s_ - 1);
  if (!is_later && !has_caught_up) {
    return std::nullopt;
  }
  last_warning_ = reading.real_now;
  ++warnings_;
  warned_of_s_ = late_s;
  if (late_s == 0) {
    return "the guest has caught up with real time";
  }
  return "the guest is late by " + std::to_string(late_s - 1) + " to " + std::to_string(late_s) + " seconds";
}

void IdleSleep::begin(const PaceReading& reading, std::optional<time::Instant> deadline) {
  if (!began_) {
    began_ = reading;
  }
  deadline_ = deadline;
}

std::optional<time::Instant> IdleSleep::wait_until() const {
  base::expects(began_.has_value(), "IdleSleep: begun");
  if (!deadline_) {
    return std::nullopt;
  }
  const Duration wait = std::max(time::saturating_sub(*deadline_, began_->virtual_now), Duration::zero());
  return time::saturating_add(began_->real_now, wait);
}

time::Instant IdleSleep::end(const PaceReading& reading, bool is_shift_adapted) {
  base::expects(began_.has_value(), "IdleSleep: begun");
  const PaceReading began = *std::exchange(began_, std::nullopt);
  time::Instant to = time::saturating_add(began.virtual_now, reading.real_now - began.real_now);
  if (is_shift_adapted) {
    to = std::min(to, reading.real_now);
  }
  if (const auto deadline = std::exchange(deadline_, std::nullopt)) {
    to = std::min(to, *deadline);
  }
  return std::max(to, reading.virtual_now);
}

DriftReport DriftReport::of(const PaceReading& reading, const Alignment* alignment) {
  DriftReport report{.host_minus_virtual = -reading.lead(), .greatest_lag = {}, .greatest_lead = {}};
  if (alignment != nullptr) {
    report.greatest_lag = alignment->greatest_lag();
    report.greatest_lead = alignment->greatest_lead();
  }
  return report;
}

std::string DriftReport::to_text() const {
  return "host minus virtual time  " + in_ms(host_minus_virtual) + "\ngreatest lag of guest    " + in_ms(greatest_lag) +
         "\ngreatest lead of guest   " + in_ms(greatest_lead) + "\n";
}

}  // namespace fermata::clock
