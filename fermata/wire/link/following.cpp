// SPDX-License-Identifier: MIT
//
// How a guest keeps to the clocks of others: it is ordered to run no further than they let it, and where it stands for
// that, before its horizon, nobody is told. Who owns the session looks at the clocks and says what they allow.
//
//   clocks                            guest                                         simulator
//                                       | <-- FOLLOW clock 1, 500 ns; GRANT 1 ms ---- |
//   1 stands at 0:   allow 500 ns ----> |  RunUntil 500 ns
//                                       |  Hold: it waits for clocks
//   1 has come to 400 ns: 900 ns -----> |  RunUntil 900 ns
//
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/wire/link/guest_session.hpp"

namespace fermata::wire::link {

void GuestSession::take_follow(const Frame& frame) {
  phase_ = Phase::running;
  const auto follow = parse<Follow>(frame);
  if (clocks_ == 0 || !stands_ || follow.clock >= clocks_ || follow.clock == clock_ || follow.distance_ns < 0 ||
      follow.zero != 0) {
    breach(fmt::format("to follow clock {} by {} ns, of a guest that runs or has clock {} of {}", follow.clock,
                       follow.distance_ns, clock_, clocks_));
  }
  std::erase_if(followed_, [&](const Followed& one) { return one.clock == follow.clock; });
  if (follow.distance_ns > 0) {
    followed_.push_back({.clock = follow.clock, .distance = time::Duration::nanoseconds(follow.distance_ns)});
  }
  limit_ = time::Instant::max();
}

// Where it goes on from a stand. Whoever looked at the clocks did so before what has just been received, and may have
// seen others than it follows now, or those that stand elsewhere since a restore.
void GuestSession::look_anew() {
  if (!followed_.empty()) {
    limit_ = now_;
    must_look_anew_ = true;
  }
}

void GuestSession::allow(time::Instant limit) {
  if (!std::exchange(must_look_anew_, false) && !followed_.empty() && !has_left() && !stands_ && limit > limit_) {
    limit_ = limit;
    go_on();
  }
}

// One that stands by less than an instruction beyond its horizon, or what the clocks allow, stands at the first
// boundary from there on, where it would take an input for any instant between, too. So an input that crosses a report
// is in time.
time::Instant GuestSession::earliest_input() const {
  return std::min({stands_ || waits_for_clocks_ ? now_ : horizon_, horizon_, limit_});
}

// Where it has come as far as the clocks let it. An output that it was to stop at may have been told there only.
void GuestSession::stop_at_limit(const Stop& stop) {
  order_ = Hold{};
  if (is_stop_wanted_) {
    stands_ = stop_wanted_;
    report({.now = stop.now, .reason = stop_wanted_, .next = stop.next});
  } else {
    waits_for_clocks_ = true;
  }
}

std::optional<time::Instant> GuestSession::granted() const {
  return followed_.empty() ? std::nullopt : std::optional(horizon_);
}

// As far as horizon and clocks allow.
void GuestSession::go_on() {
  const time::Instant until = std::min(horizon_, limit_);
  waits_for_clocks_ = until < horizon_ && until <= now_;
  if (waits_for_clocks_) {
    order_ = Hold{};
  } else {
    order_ = RunUntil{until};
  }
}

}  // namespace fermata::wire::link
