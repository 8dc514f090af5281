// SPDX-License-Identifier: MIT
#include "fermata/guest/follower.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"

namespace fermata::guest {
namespace {

// Between two looks at the stream while other guests' clocks are waited for.
constexpr host::HostDuration longest_wait_for_clocks = std::chrono::milliseconds(1);

// A report is four bytes: a peer whose buffer stays full this long does not read at all.
constexpr host::HostDuration write_limit = std::chrono::seconds(10);

void add(std::atomic<std::uint64_t>& counter, std::int64_t amount) {
  counter.store(counter.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(amount),
                std::memory_order_relaxed);
}

}  // namespace

Follower::Follower(wire::GuestSession& session, transport::Stream& stream, Executor& executor, const Options& options)
    : session_(session),
      stream_(stream),
      executor_(executor),
      trace_(options.trace),
      clocks_(options.clocks),
      statistics_(options.statistics),
      clock_(options.clock),
      since_(clock_->now()) {
  if (statistics_ != nullptr) {
    statistics_->layout.store(Statistics::current_layout);
  }
}

Follower::Follower(wire::GuestSession& session, transport::Stream& stream, Executor& executor)
    : Follower(session, stream, executor, Options{}) {}

// `make_text` is called only if there is a trace: most runs have none, and a grant is to cost little.
template <typename MakeText>
void Follower::record(trace::RecordKind kind, MakeText make_text) {
  if (trace_ == nullptr) {
    return;
  }
  try {
    trace_->write({.at = now_, .kind = kind, .text = make_text()});
  } catch (const base::Error& error) {
    trace_ = nullptr;  // an incomplete trace is worse than none: the run ends and says why
    lose(error.what());
  }
}

// Of a machine that clocks keep from its horizon: that, and once, not how it comes there.
void Follower::record_grant(time::Instant horizon) {
  if (trace_ == nullptr) {
    return;
  }
  if (const auto granted = session_.granted(); !granted || granted != std::exchange(granted_, granted)) {
    record(trace::RecordKind::grant, [&] { return "horizon=" + time::to_seconds_string(granted.value_or(horizon)); });
  }
}

void Follower::serve(host::HostDuration wait) {
  if (has_left_ || !session_.wants_bytes()) {
    return;
  }
  const auto limit = look_at_clocks(wait);
  std::array<std::byte, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read, on a hot path
  transport::IoResult result;
  do {
    try {
      result = stream_.read(buffer, wait);
    } catch (const base::Error& error) {
      lose(error.what());
      return;
    }
    session_.receive(std::span(buffer).first(result.count));
    wait = {};
  } while (result.count == buffer.size() && session_.wants_bytes() && !is_hasty_);
  if (std::holds_alternative<wire::Leave>(session_.order())) {
    obey();
    return;
  }
  flush();
  tell_clock();
  if (result.is_end) {
    session_.receive_end();
  }
  if (limit) {
    session_.allow(*limit);
  }
  obey();
}

// How far others' clocks let the machine go; waits for them if it is they that it stands for, and takes that off
// `wait`. To be called before the stream is read: what the simulator sent before it let another guest go on, and that
// guest's clock, is read then before this machine goes on.
std::optional<time::Instant> Follower::look_at_clocks(host::HostDuration& wait) {
  if (clocks_ == nullptr) {
    return std::nullopt;
  }
  if (session_.waits_for_clocks()) {
    if (wait > host::HostDuration::zero()) {
      clocks_->wait_beyond(session_.now(), session_.followed(), std::min(wait, longest_wait_for_clocks));
    }
    wait = {};
  }
  return clocks_->limit(session_.followed());
}

// Once all is written that was said of instants before: who sees the clock can rely on that. Then the bell, for a
// simulator that sleeps.
void Follower::tell_clock() {
  if (clocks_ == nullptr || !session_.outgoing().empty()) {
    return;
  }
  if (is_over_) {
    clocks_->tell_end();
  } else {
    clocks_->tell(session_.now());
  }
  if (std::exchange(has_written_, false)) {
    clocks_->ring_bell();
  }
}

void Follower::stopped(const wire::Stop& stop) {
  if (has_left_) {
    return;
  }
  now_ = stop.now;
  session_.stopped(stop);
  const bool is_ended = !std::holds_alternative<wire::RunUntil>(session_.order()) ||
                        std::get<wire::RunUntil>(session_.order()).horizon != obeyed_;
  if (is_ended && obeyed_) {
    if (statistics_ != nullptr) {
      count_stop(stop);
    }
    if (trace_ != nullptr && !session_.waits_for_clocks()) {
      record(trace::RecordKind::report, [&stop] { return "reason=" + std::string(wire::to_string(stop.reason)); });
    }
    obeyed_.reset();
  }
  is_over_ = wire::ends_the_guest(stop.reason);
  flush();
  tell_clock();
  obey();
}

// The session tells only if all before it was written; a milestone that is left out is made up for by the next, or by
// the report.
void Follower::progressed(time::Instant now) {
  if (has_left_) {
    return;
  }
  now_ = now;
  flush_what_fits();
  session_.progressed(now);
  flush_what_fits();
  tell_clock();
}

// Brings the executor in line with the session's order. A loop, not a recursion: an executor that runs within
// resume_until() may reach any number of kept grants' horizons there.
void Follower::obey() {
  if (is_obeying_) {
    return;
  }
  is_obeying_ = true;
  while (!has_left_) {
    if (const auto* order = std::get_if<wire::Leave>(&session_.order())) {
      leave(*order);
      break;
    } else if (const auto* run = std::get_if<wire::RunUntil>(&session_.order());
               run != nullptr && run->horizon != obeyed_) {
      const time::Instant horizon = run->horizon;
      record_grant(horizon);
      if (has_left_) {
        break;  // the trace could not take the grant
      }
      if (statistics_ != nullptr && !obeyed_) {
        const host::HostInstant host_now = clock_->now();
        add(statistics_->holding_ns, (host_now - since_).count());
        since_ = host_now;
      }
      obeyed_ = horizon;
      executor_.resume_until(horizon);
    } else {
      break;
    }
  }
  is_obeying_ = false;
}

void Follower::set_hasty(bool is_hasty) {
  is_hasty_ = is_hasty;
  if (!is_hasty_ && is_leaving_ && !has_left_) {
    obey();
  }
}

void Follower::flush() {
  if (is_hasty_) {
    flush_what_fits();
    return;
  }
  try {
    while (!session_.outgoing().empty() && !has_left_) {
      const transport::IoResult result = stream_.write(session_.outgoing(), write_limit);
      session_.sent(result.count);
      has_written_ = true;
      if (clocks_ != nullptr && !session_.outgoing().empty()) {
        clocks_->ring_bell();  // there is no room for the rest until somebody reads
      }
      if (result.is_end) {
        session_.receive_end();
        return;
      }
      if (result.count == 0) {
        lose("the simulator does not read its reports: its socket has been full for 10 s");
        return;
      }
    }
  } catch (const base::Error& error) {
    lose(error.what());
  }
}

// A stream that has ended or fails is found by the next read.
void Follower::flush_what_fits() {
  if (session_.outgoing().empty()) {
    return;
  }
  try {
    session_.sent(stream_.write(session_.outgoing(), {}).count);
    has_written_ = true;
  } catch (const base::Error& error) {
    lose(error.what());
  }
}

// The simulator cannot be told.
void Follower::lose(const std::string& why) {
  if (!std::exchange(is_leaving_, true)) {
    const wire::Leave order{.why = why, .is_fault = true};
    executor_.leave(order);
    finish(order);
  }
}

// The executor is to know before the simulator does.
void Follower::leave(const wire::Leave& order) {
  if (!std::exchange(is_leaving_, true)) {
    executor_.leave(order);
  }
  if (!is_hasty_) {
    flush();
    finish(order);
  }
}

void Follower::finish(const wire::Leave& order) {
  has_left_ = true;
  obeyed_.reset();
  record(trace::RecordKind::ended, [&order] { return order.why; });
}

void Follower::count_stop(const wire::Stop& stop) {
  const host::HostInstant host_now = clock_->now();
  add(statistics_->running_ns, (host_now - since_).count());
  since_ = host_now;
  add(statistics_->quanta, 1);
  const std::int64_t overshoot_ns = std::max<std::int64_t>((stop.now - *obeyed_).ns(), 0);
  add(statistics_->overshoot_sum_ns, overshoot_ns);
  if (static_cast<std::uint64_t>(overshoot_ns) > statistics_->overshoot_max_ns.load(std::memory_order_relaxed)) {
    statistics_->overshoot_max_ns.store(static_cast<std::uint64_t>(overshoot_ns), std::memory_order_relaxed);
  }
}

}  // namespace fermata::guest
