// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "fermata/guest/executor.hpp"
#include "fermata/guest/kept_clocks.hpp"
#include "fermata/guest/statistics.hpp"
#include "fermata/host/clock.hpp"
#include "fermata/trace/sink.hpp"
#include "fermata/transport/stream.hpp"
#include "fermata/wire/guest_session.hpp"

namespace fermata::guest {

/// The guest's end of a link: moves bytes between a stream and a session, and has an executor obey the session's
/// orders. The same for every kind of guest.
///
/// Runs in the executor's thread. While the machine stands its owner calls `serve` until that has resumed it; while it
/// runs, nobody needs to call anything. Everything handed in must outlive the follower.
class Follower final : public Executor::Observer {
 public:
  /// Optional parts: where guest and run records go, where the counts go, and the clocks shared with other guests, for
  /// a session that was told of them.
  struct Options {
    trace::Sink* trace = nullptr;
    Statistics* statistics = nullptr;
    KeptClocks* clocks = nullptr;
    const host::HostClock* clock = &host::HostClock::monotonic();
  };

  Follower(wire::GuestSession& session, transport::Stream& stream, Executor& executor, const Options& options);
  /// As above, with none of the optional parts.
  Follower(wire::GuestSession& session, transport::Stream& stream, Executor& executor);

  /// Reads what the simulator sent, waiting at most `wait` for it, and obeys: the executor may have been resumed or
  /// told to leave when this returns. A peer that is gone or a stream that fails is an order to leave, not an
  /// exception.
  void serve(host::HostDuration wait);

  /// Executor::Observer: the machine stands. Reports it if the session says so; a grant that was kept resumes it at
  /// once.
  void stopped(const wire::Stop& stop) override;

  /// Executor::Observer: when the session wants to know how far the machine has come; tells the simulator, unless that
  /// does not read. What it answers is read by `serve`.
  [[nodiscard]] std::optional<time::Instant> milestone() const override { return session_.milestone(); }
  void progressed(time::Instant now) override;

  /// While hasty, `serve` and `stopped` wait for nobody who does not read, and read once at most: what is left is
  /// written by a later call (`unsent_bytes`), the last words of a follower that leaves by this one. For callers that
  /// hold what others need.
  void set_hasty(bool is_hasty);

  /// True from an order to run until the stop that ends it.
  [[nodiscard]] bool is_running() const { return obeyed_.has_value(); }
  /// What the session has to say and has not been written yet.
  [[nodiscard]] std::size_t unsent_bytes() const { return session_.outgoing().size(); }
  /// True if others may keep to this guest's clock, or it to theirs: each of its stops is then to be told here, for
  /// them.
  [[nodiscard]] bool shares_clocks() const { return clocks_ != nullptr; }
  /// True while the machine stands before its horizon because of them; the simulator knows of no stop.
  [[nodiscard]] bool waits_for_clocks() const { return session_.waits_for_clocks(); }
  /// The horizon that the simulator has granted, which clocks may keep the machine from; nothing if it keeps to none.
  [[nodiscard]] std::optional<time::Instant> granted() const { return session_.granted(); }
  /// True once the executor was told to leave.
  [[nodiscard]] bool has_left() const { return has_left_; }

 private:
  void obey();
  void flush();
  void flush_what_fits();
  void tell_clock();
  [[nodiscard]] std::optional<time::Instant> look_at_clocks(host::HostDuration& wait);
  void lose(const std::string& why);
  void leave(const wire::Leave& order);
  void finish(const wire::Leave& order);
  template <typename MakeText>
  void record(trace::RecordKind kind, MakeText make_text);
  void record_grant(time::Instant horizon);
  void count_stop(const wire::Stop& stop);

  wire::GuestSession& session_;
  transport::Stream& stream_;
  Executor& executor_;
  trace::Sink* trace_;
  KeptClocks* clocks_;      // null: it shares none
  Statistics* statistics_;  // null: nobody wants to know, and the host's clock is not looked at
  const host::HostClock* clock_;

  std::optional<time::Instant> obeyed_;  // the horizon that the executor runs to
  time::Instant now_;
  std::optional<time::Instant> granted_;  // as the trace has it, of a machine that clocks may keep from there
  bool has_written_ = false;              // since the bell was rung
  bool is_over_ = false;                  // the machine has ended
  host::HostInstant since_;               // host time of the last resume or stop
  bool is_obeying_ = false;               // an executor may call stopped() from within resume_until()
  bool is_leaving_ = false;
  bool has_left_ = false;
  bool is_hasty_ = false;
};

}  // namespace fermata::guest
