// SPDX-License-Identifier: MIT
#include "fermata/sim/guest.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/sim/connection.hpp"
#include "fermata/time/units.hpp"

namespace fermata::sim {
struct Guest::Link {
  Connection connection;
  wire::QqqSimulatorSession session{};
  std::size_t outstanding = 0;

  std::optional<Report> take_report();
  [[nodiscard]] std::optional<Report> receive_within(host::HostDuration wait);
  [[nodiscard]] std::optional<Report> receive(host::HostDuration limit);
};

std::optional<Report> Guest::Link::take_report() {
  const auto report = session.take_report();
  if (report) {
    connection.now = report->now;
    --outstanding;
    if (connection.trace != nullptr) {
      connection.record(
          trace::RecordKind::report, report->now,
          fmt::format("elapsed_us={} overshoot_us={}", report->elapsed.us_floor(), report->overshoot.us_floor()));
    }
  }
  return report;
}

// What has come so far; a report, if that completed one.
std::optional<Report> Guest::Link::receive_within(host::HostDuration wait) {
  std::array<std::byte, 256> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read, on a hot path
  const transport::IoResult result = connection.stream->read(buffer, wait);
  session.receive(std::span(buffer).first(result.count));
  auto report = take_report();
  if (!report && result.is_end) {
    connection.throw_gone();
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

Guest::Guest(std::unique_ptr<Link> link) : link_(std::move(link)) {}
Guest::Guest(Guest&&) noexcept = default;

Guest& Guest::operator=(Guest&& other) noexcept {
  std::swap(link_, other.link_);
  return *this;
}

Guest::~Guest() {
  if (link_ != nullptr) {
    link_->connection.stream->close();  // the process's own handle ends it
  }
}

Guest Guest::launch(const LaunchOptions& options) {
  return Guest(std::make_unique<Link>(
      Link{.connection = Connection::launch(options.command, {"-qqq", "sock"}, options.name, options.trace)}));
}

Guest Guest::attach(std::unique_ptr<transport::Stream> stream, std::string name, trace::Sink* trace) {
  base::expects(stream != nullptr, "Guest: there is a stream to attach to");
  return Guest(std::make_unique<Link>(
      Link{.connection = {.name = std::move(name), .trace = trace, .stream = std::move(stream)}}));
}

void Guest::grant(time::Duration span) {
  link_->session.grant(span);
  ++link_->outstanding;
  if (link_->connection.trace != nullptr) {
    link_->connection.record(trace::RecordKind::grant, link_->connection.now,
                             fmt::format("span_us={}", span.us_floor()));
  }
  if (!link_->connection.flush(link_->session, link_->outstanding)) {
    link_->connection.throw_gone();  // no report says more
  }
}

std::optional<Report> Guest::poll() { return link_->receive({}); }

Report Guest::wait(host::HostDuration limit) {
  base::expects(link_->outstanding > 0, "Guest: a report is waited for only with a grant outstanding");
  if (auto report = link_->receive(limit)) {
    return *report;
  }
  link_->connection.throw_timed_out("report", limit, link_->outstanding);
}

Report Guest::advance(time::Duration span, host::HostDuration limit) {
  grant(span);
  return wait(limit);
}

time::Instant Guest::now() const { return link_->connection.now; }

std::size_t Guest::outstanding() const { return link_->outstanding; }

std::optional<host::ExitStatus> Guest::close(host::HostDuration grace) { return link_->connection.close(grace); }

std::optional<host::ExitStatus> Guest::exit_status() const {
  return link_->connection.process ? link_->connection.process->exit_status() : std::nullopt;
}

std::optional<pid_t> Guest::pid() const {
  return link_->connection.process ? std::optional(link_->connection.process->pid()) : std::nullopt;
}

}  // namespace fermata::sim
