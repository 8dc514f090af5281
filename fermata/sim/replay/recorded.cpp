// SPDX-License-Identifier: MIT
#include "fermata/sim/replay/recorded.hpp"

#include <algorithm>

#include "fermata/wire/link/frame.hpp"

namespace fermata::sim {

namespace link = wire::link;
using link::MessageType;

void Recorded::take(const record::Message& message) {
  const link::Frame frame = message.frame();
  switch (frame.header.type) {
    case MessageType::grant:
      ++grants_;
      progress_.is_running |= stops_known_to(link::parse<link::Grant>(frame)) == progress_.stops;
      return;
    case MessageType::output: ++progress_.outputs; return;
    case MessageType::report: take_report(link::parse<link::Report>(frame)); return;
    case MessageType::progress: progress_.now = link::instant(link::parse<link::TellProgress>(frame).now_ns); return;
    case MessageType::done:
      progress_.now = link::instant(link::parse<link::Done>(frame, link::max_text).body.now_ns);
      return;
    case MessageType::welcome:
      progress_.now = link::instant(link::parse<link::Welcome>(frame, link::max_text).body.now_ns);
      return;
    default: return;
  }
}

std::uint64_t Recorded::stops_known_to(const link::Grant& grant) const {
  return stops_by_reports_[std::min<std::size_t>(grant.reports, stops_by_reports_.size() - 1)];
}

void Recorded::take_report(const link::Report& report) {
  const auto reason = static_cast<wire::StopReason>(report.reason);
  progress_.now = link::instant(report.now_ns);
  progress_.stops += can_be_answered(reason) ? 1U : 0U;
  stops_by_reports_.push_back(progress_.stops);
  const bool goes_on = reason == wire::StopReason::user || reason == wire::StopReason::reset ||
                       (reason == wire::StopReason::horizon && report.grants < grants_);
  progress_.is_running = progress_.is_running && goes_on;
}

std::optional<time::Instant> InputsAhead::instant_of(std::uint64_t before) {
  while (read_ <= before) {
    const record::Message* message = reader_.next();
    if (message == nullptr) {
      return std::nullopt;
    }
    if (message->from == record::Direction::from_simulator && message->frame().header.type == MessageType::input) {
      last_ = link::instant(link::parse<link::Data>(message->frame(), link::max_payload).body.at_ns);
      ++read_;
    }
  }
  return last_;
}

}  // namespace fermata::sim
