// SPDX-License-Identifier: MIT
#include "fermata/sim/guest.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"
#include "fermata/transport/unix_socket.hpp"

namespace fermata::sim {
namespace {

// A guest that does not even read its grants: kilobytes of them fit into a socket.
constexpr host::HostDuration write_limit = std::chrono::seconds(10);
// Between the end of the connection and that of the process.
constexpr host::HostDuration exit_limit = std::chrono::seconds(2);

}  // namespace

struct Guest::Link {
  std::string name;
  trace::Sink* trace;
  std::unique_ptr<transport::Stream> stream;
  std::optional<host::ChildProcess> process;
  wire::QqqSimulatorSession session;
  time::Instant now;  // of the last report taken; the session may have received more
  std::size_t outstanding = 0;

  void record(trace::RecordKind kind, time::Instant at, const std::string& text) const {
    if (trace != nullptr) {
      trace->write({.at = at, .kind = kind, .text = text});
    }
  }

  void flush();
  std::optional<Report> take_report();
  [[nodiscard]] std::optional<Report> receive_within(host::HostDuration wait);
  [[nodiscard]] std::optional<Report> receive(host::HostDuration limit);
  [[noreturn]] void throw_gone();
  [[noreturn]] void throw_timed_out(host::HostDuration limit) const;
};

void Guest::Link::flush() {
  while (!session.outgoing().empty()) {
    const transport::IoResult result = stream->write(session.outgoing(), write_limit);
    session.sent(result.count);
    if (result.is_end) {
      throw_gone();
    }
    if (result.count == 0) {
      throw_timed_out(write_limit);
    }
  }
}

std::optional<Report> Guest::Link::take_report() {
  const auto report = session.take_report();
  if (report) {
    now = report->now;
    --outstanding;
    if (trace != nullptr) {
      record(trace::RecordKind::report, now,
             fmt::format("elapsed_us={} overshoot_us={}", report->elapsed.us_floor(), report->overshoot.us_floor()));
    }
  }
  return report;
}

// What has come so far; a report, if that completed one.
std::optional<Report> Guest::Link::receive_within(host::HostDuration wait) {
  std::array<std::byte, 256> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read, on a hot path
  const transport::IoResult result = stream->read(buffer, wait);
  session.receive(std::span(buffer).first(result.count));
  auto report = take_report();
  if (!report && result.is_end) {
    throw_gone();
  }
  return report;
}

// A report that was received before, or the first that comes within `limit`. Looks at the clock only if it has to wait.
std::optional<Report> Guest::Link::receive(host::HostDuration limit) {
  auto report = take_report();
  if (!report) {
    report = receive_within({});
  }
  if (report || limit <= host::HostDuration::zero()) {
    return report;
  }
  const host::Deadline deadline(host::HostClock::monotonic(), limit);
  do {
    report = receive_within(deadline.remaining());
  } while (!report && !deadline.has_passed());
  return report;
}

void Guest::Link::throw_gone() {
  std::string how = "it closed the connection";
  if (process) {
    const auto status = process->wait(exit_limit);
    how = status ? "its program ended with " + host::to_string(*status)
                 : "it closed the connection, but its program still runs";
  }
  record(trace::RecordKind::ended, now, how);
  throw base::Error(base::ErrorCode::peer_gone,
                    fmt::format("{} is gone at {} s of virtual time: {}; see what it printed for the reason", name,
                                time::to_seconds_string(now), how));
}

void Guest::Link::throw_timed_out(host::HostDuration limit) const {
  throw base::Error(
      base::ErrorCode::timed_out,
      fmt::format(
          "{} did not report within {} s of host time; it stood at {} s and has {} grant{} outstanding. It may be "
          "stopped by its user (QMP stop, a debugger), paused after a panic or shutdown, loop on an exception "
          "without ever finishing an instruction, or simply need longer: look at it, raise the limit, or end it",
          name, std::chrono::duration<double>(limit).count(), time::to_seconds_string(now), outstanding,
          outstanding == 1 ? "" : "s"));
}

Guest::Guest(std::unique_ptr<Link> link) : link_(std::move(link)) {}
Guest::Guest(Guest&&) noexcept = default;

Guest& Guest::operator=(Guest&& other) noexcept {
  std::swap(link_, other.link_);
  return *this;
}

Guest::~Guest() {
  if (link_ != nullptr) {
    link_->stream->close();  // the process's own handle ends it
  }
}

Guest Guest::launch(const LaunchOptions& options) {
  auto [ours, theirs] = transport::UnixSocket::make_pair();
  host::Command command = options.command;
  command.arguments.insert(command.arguments.end(), {"-qqq", fmt::format("sock={}", theirs.descriptor())});
  command.inherited_descriptors.push_back(theirs.descriptor());

  auto link = std::make_unique<Link>();
  link->name = options.name;
  link->trace = options.trace;
  link->process.emplace(command);
  link->stream = std::make_unique<transport::UnixSocket>(std::move(ours));
  return Guest(std::move(link));
}

Guest Guest::attach(std::unique_ptr<transport::Stream> stream, std::string name, trace::Sink* trace) {
  base::expects(stream != nullptr, "Guest: there is a stream to attach to");
  auto link = std::make_unique<Link>();
  link->name = std::move(name);
  link->trace = trace;
  link->stream = std::move(stream);
  return Guest(std::move(link));
}

void Guest::grant(time::Duration span) {
  link_->session.grant(span);
  ++link_->outstanding;
  if (link_->trace != nullptr) {
    link_->record(trace::RecordKind::grant, link_->now, fmt::format("span_us={}", span.us_floor()));
  }
  link_->flush();
}

std::optional<Report> Guest::poll() { return link_->receive({}); }

Report Guest::wait(host::HostDuration limit) {
  base::expects(link_->outstanding > 0, "Guest: a report is waited for only with a grant outstanding");
  if (auto report = link_->receive(limit)) {
    return *report;
  }
  link_->throw_timed_out(limit);
}

Report Guest::advance(time::Duration span, host::HostDuration limit) {
  grant(span);
  return wait(limit);
}

time::Instant Guest::now() const { return link_->now; }

std::size_t Guest::outstanding() const { return link_->outstanding; }

std::optional<host::ExitStatus> Guest::close(host::HostDuration grace) {
  link_->stream->close();
  if (!link_->process) {
    return std::nullopt;
  }
  if (const auto status = link_->process->wait(grace)) {
    return status;
  }
  return link_->process->terminate(grace);
}

std::optional<host::ExitStatus> Guest::exit_status() const {
  return link_->process ? link_->process->exit_status() : std::nullopt;
}

std::optional<pid_t> Guest::pid() const { return link_->process ? std::optional(link_->process->pid()) : std::nullopt; }

}  // namespace fermata::sim
