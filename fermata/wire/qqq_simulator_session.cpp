// SPDX-License-Identifier: MIT
#include "fermata/wire/qqq_simulator_session.hpp"

#include <fmt/format.h>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"

namespace fermata::wire {

void QqqSimulatorSession::grant(time::Duration span) {
  const std::int64_t us = span.us_floor();
  if (us < 0 || us > qqq_max_us || span != time::Duration::microseconds(us)) {
    throw base::BadArgument(
        fmt::format("grant of {}: the qqq protocol carries whole microseconds from 0 to {}; choose such a span",
                    time::to_string(span), qqq_max_us));
  }
  granted_us_.push_back(static_cast<std::uint32_t>(us));
  const QqqMessage message = encode_qqq(granted_us_.back());
  outgoing_.insert(outgoing_.end(), message.begin(), message.end());
}

void QqqSimulatorSession::receive(std::span<const std::byte> bytes) {
  reassembler_.feed(bytes, [this](std::uint32_t elapsed_us) { take_message(elapsed_us); });
}

void QqqSimulatorSession::take_message(std::uint32_t elapsed_us) {
  if (granted_us_.empty()) {
    throw base::Error(base::ErrorCode::protocol_violation,
                      fmt::format("the guest reported {} us at {} s without having been granted any; its end does not "
                                  "speak the qqq protocol",
                                  elapsed_us, time::to_seconds_string(now_)));
  }
  const std::uint32_t granted_us = granted_us_.front();
  if (elapsed_us < granted_us) {
    throw base::Error(base::ErrorCode::protocol_violation,
                      fmt::format("the guest reported {} us at {} s although {} us were granted; a report is never "
                                  "shorter than its grant, so the guest's time can no longer be trusted: end it",
                                  elapsed_us, time::to_seconds_string(now_), granted_us));
  }
  granted_us_.pop_front();
  const auto elapsed = time::Duration::microseconds(elapsed_us);
  now_ += elapsed;
  reports_.push_back(
      {.now = now_, .elapsed = elapsed, .overshoot = elapsed - time::Duration::microseconds(granted_us)});
}

std::optional<Report> QqqSimulatorSession::take_report() {
  if (reports_.empty()) {
    return std::nullopt;
  }
  const Report report = reports_.front();
  reports_.pop_front();
  return report;
}

void QqqSimulatorSession::sent(std::size_t count) {
  base::expects(count <= outgoing_.size(), "QqqSimulatorSession: no more is sent than was outgoing");
  outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace fermata::wire
