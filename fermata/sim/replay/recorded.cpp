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

std::optional<time::Instant> InputsAhead::earliest_from(std::uint64_t said) {
  for (; said_ < said; ++said_) {
    while (instants_.empty() && read_one()) {
    }
    if (!instants_.empty()) {
      instants_.pop_front();
    }
  }
  while (!is_complete() && read_one()) {
  }
  return instants_.empty() ? std::nullopt : std::optional(*std::ranges::min_element(instants_));
}

void InputsAhead::pass_restore() {
  while (!is_at_barrier_ && read_one()) {
  }
  is_at_barrier_ = false;
  reached_.reset();
}

bool InputsAhead::is_complete() const {
  return reached_ && !instants_.empty() && *std::ranges::min_element(instants_) <= *reached_;
}

// False if there is nothing more for now.
bool InputsAhead::read_one() {
  const record::Message* message = is_at_barrier_ ? nullptr : reader_.next();
  if (message == nullptr) {
    is_at_barrier_ = true;
    return false;
  }
  const link::Frame frame = message->frame();
  switch (frame.header.type) {
    case MessageType::input:
      instants_.push_back(link::instant(link::parse<link::Data>(frame, link::max_payload).body.at_ns));
      break;
    case MessageType::output:
      reached_ = link::instant(link::parse<link::Data>(frame, link::max_payload).body.at_ns);
      break;
    case MessageType::report: reached_ = link::instant(link::parse<link::Report>(frame).now_ns); break;
    case MessageType::progress: reached_ = link::instant(link::parse<link::TellProgress>(frame).now_ns); break;
    case MessageType::restore: is_at_barrier_ = true; break;
    default: break;
  }
  return true;
}

}  // namespace fermata::sim
