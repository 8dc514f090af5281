// SPDX-License-Identifier: MIT
//
//   simulator                                    machine
//      | -- grant 1000 us --------------------------> |  Run until synced + 1000 us
//      |    (advances its model meanwhile)            |  ...
//      | <-------------------------- report 1000 us - |  stopped(now): whole us since synced; synced += report
//      |                                              |  Hold, or at once the next kept grant
//
#include "fermata/wire/qqq_guest_session.hpp"

#include <algorithm>

#include "fermata/base/contract.hpp"

namespace fermata::wire {
namespace {

// A peer that keeps writing and never reads is left waiting in the transport beyond this many unanswered requests.
constexpr std::size_t max_kept = 1024;

}  // namespace

bool QqqGuestSession::wants_bytes() const { return !has_left() && kept_us_.size() < max_kept; }

void QqqGuestSession::receive(std::span<const std::byte> bytes) {
  if (has_left()) {
    return;
  }
  reassembler_.feed(bytes, [this](std::uint32_t us) { kept_us_.push_back(us); });
  begin_next();
}

void QqqGuestSession::receive_end() {
  if (has_left()) {
    return;
  }
  const std::size_t unfinished = reassembler_.unfinished_bytes();
  if (unfinished == 0) {
    order_ = Leave{.why = "the simulator closed the connection"};
  } else {
    order_ = Leave{.why = "the simulator closed the connection in the middle of a request (" +
                          std::to_string(unfinished) + " of 4 bytes)",
                   .is_fault = true};
  }
}

void QqqGuestSession::stopped(const Stop& stop) {
  base::expects(stop.now >= now_, "GuestSession: a machine's time does not run backwards");
  now_ = stop.now;
  if (stop.reason == StopReason::powered_off || stop.reason == StopReason::reset) {
    return;  // the protocol has no word for it
  }
  if (const RunUntil* run = std::get_if<RunUntil>(&order_); run != nullptr && now_ >= run->horizon) {
    report();
    begin_next();
  }
}

void QqqGuestSession::sent(std::size_t count) {
  base::expects(count <= outgoing_.size(), "GuestSession: no more is sent than was outgoing");
  outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(count));
}

// Takes kept requests until one of them needs the machine to move.
void QqqGuestSession::begin_next() {
  while (std::holds_alternative<Hold>(order_) && !kept_us_.empty()) {
    const std::uint32_t us = kept_us_.front();
    kept_us_.pop_front();
    if (us == 0 && zero_ == ZeroRequest::exit) {
      order_ = Leave{.why = "the simulator asked for the end with a request of 0"};
    } else if (const time::Instant horizon = synced_ + time::Duration::microseconds(us); horizon > now_) {
      order_ = RunUntil{horizon};
    } else {
      report();
    }
  }
}

void QqqGuestSession::report() {
  const std::int64_t elapsed_us = std::min((now_ - synced_).us_floor(), qqq_max_us);
  synced_ += time::Duration::microseconds(elapsed_us);
  const QqqMessage message = encode_qqq(static_cast<std::uint32_t>(elapsed_us));
  outgoing_.insert(outgoing_.end(), message.begin(), message.end());
  order_ = Hold{};
}

}  // namespace fermata::wire
