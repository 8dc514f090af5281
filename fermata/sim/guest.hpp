// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fermata/host/child_process.hpp"
#include "fermata/host/clock.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/trace/sink.hpp"
#include "fermata/transport/stream.hpp"
#include "fermata/wire/qqq_simulator_session.hpp"

namespace fermata::sim {

using wire::Report;

/// How to start a guest's program. `-qqq sock=N` is appended to the command, N being the link's descriptor.
struct LaunchOptions {
  host::Command command;         ///< an emulator that speaks qqq: `qemu_command(…)` for a stock QEMU
  std::string name = "guest";    ///< what messages call it
  trace::Sink* trace = nullptr;  ///< takes grants and reports; must outlive the guest
};

/// The simulator's handle on one guest: grants virtual time and takes the reports.
///
///   guest.grant(1_ms);                  // the guest runs...
///   plant.advance(1_ms);                // ...while the simulator does
///   const Report report = guest.wait(5s);
///
/// The guest's program ends with the handle, and with this process however that ends. A guest that has ended or lies
/// shows as base::Error from the call that finds it; the handle stays good for `close` and destruction only. Calls are
/// for one thread at a time; different guests are independent.
class Guest {
 public:
  /// Starts the program, which stands at instant 0 until the first grant. Throws base::Error (not_found, host_failure)
  /// if it cannot be started; one that starts and then refuses its options shows at the first `wait`.
  [[nodiscard]] static Guest launch(const LaunchOptions& options);
  /// A guest at the other end of `stream`, whose life is not this handle's business.
  [[nodiscard]] static Guest attach(std::unique_ptr<transport::Stream> stream, std::string name = "guest",
                                    trace::Sink* trace = nullptr);

  Guest(Guest&&) noexcept;
  Guest& operator=(Guest&&) noexcept;
  ~Guest();

  /// Lets the guest advance by `span` and returns at once. More than one grant may be outstanding. Throws
  /// base::BadArgument unless `span` is a whole number of microseconds from 0 to 2^32-1; base::Error (peer_gone) if the
  /// guest has ended.
  void grant(time::Duration span);
  /// The oldest report not taken yet, if it is there. Throws base::Error (peer_gone, protocol_violation).
  [[nodiscard]] std::optional<Report> poll();
  /// The same, waiting for it at most `limit` of host time. Needs an outstanding grant. Throws base::Error: timed_out
  /// (says who was waited for and what may hold it; waiting again is fine), peer_gone, protocol_violation.
  Report wait(host::HostDuration limit);
  /// `grant` and `wait` in one.
  Report advance(time::Duration span, host::HostDuration limit);

  /// Where the guest stands: the sum of all reports taken.
  [[nodiscard]] time::Instant now() const;
  /// Grants whose report has not been taken yet.
  [[nodiscard]] std::size_t outstanding() const;

  /// Ends the guest in order: closes the link, gives it `grace` to exit, then SIGTERM and as much again, then SIGKILL.
  /// Returns how its program ended; nothing for an attached one. Again is harmless.
  std::optional<host::ExitStatus> close(host::HostDuration grace = std::chrono::seconds(5));
  /// How its program ended by itself, if it has.
  [[nodiscard]] std::optional<host::ExitStatus> exit_status() const;
  /// Its program, for signals and /proc; nothing for an attached guest.
  [[nodiscard]] std::optional<pid_t> pid() const;

 private:
  struct Link;
  explicit Guest(std::unique_ptr<Link> link);

  std::unique_ptr<Link> link_;
};

}  // namespace fermata::sim
