// SPDX-License-Identifier: MIT
// The simplest simulator there is: it grants one quantum, waits for the report, and grants the next.
#include "cli/exec.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/interrupts.hpp"
#include "cli/memory_file.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/recordings/exec_recording.hpp"
#include "cli/summary.hpp"
#include "fermata/base/error.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/sim/pacer.hpp"
#include "fermata/sim/qemu.hpp"
#include "fermata/trace/sink.hpp"

namespace fermata::cli {
namespace {

// How soon a signal is noticed and the progress line refreshed while a report is awaited.
constexpr host::HostDuration glance = std::chrono::milliseconds(100);

host::Command guest_command(const ExecOptions& options, int statistics) {
  std::vector<std::string> arguments = options.command;
  if (!options.qemu.empty()) {
    arguments.front() = options.qemu;
  }
  sim::QemuOptions how = options.how;
  how.tells_way = !options.is_quiet;
  host::Command command = sim::qemu_command(std::move(arguments), how);
  command.arguments.insert(command.arguments.begin() + 1, {"--stats", std::to_string(statistics)});
  command.inherited_descriptors.push_back(statistics);
  return command;
}

bool talks_to_standard_output(const ExecOptions& options) {
  return std::ranges::any_of(options.command, [](const std::string& argument) {
    return argument == "-nographic" || argument == "--nographic" || argument.find("stdio") != std::string::npos;
  });
}

bool shows_progress(const ExecOptions& options) {
  const bool is_written_over = ::isatty(STDOUT_FILENO) == 1 && talks_to_standard_output(options);
  return !options.is_quiet && ::isatty(STDERR_FILENO) == 1 && !is_written_over;
}

int to_exit_status(const host::ExitStatus& status) { return status.signal != 0 ? 128 + status.signal : status.code; }

class Run {
 public:
  explicit Run(const ExecOptions& options)
      : options_(options),
        pace_(options.quantum, options.duration),
        trace_(options.trace.empty() ? nullptr : std::make_unique<trace::TextFileSink>(options.trace)),
        recording_(options.record.empty() ? nullptr : std::make_unique<ExecRecording>(options.record)),
        started_(clock_.now()),
        reported_(started_),
        pacer_(options.speed ? std::optional<sim::Pacer>(*options.speed) : std::nullopt),
        progress_(shows_progress(options) ? stderr : nullptr, options.duration, clock_),
        guest_(sim::Guest::launch({.command = guest_command(options, statistics_.descriptor()),
                                   .name = "the guest",
                                   .trace = trace_.get()})) {}

  Summary run() {
    try {
      grant_all();
    } catch (const base::Error& error) {
      end_by(error);
    }
    progress_.clear();
    // One that did not answer will hardly obey either.
    const auto status = summary_.ending == Ending::failed ? guest_.close(std::chrono::seconds(1)) : guest_.close();
    if (summary_.ending == Ending::duration_reached && status && !status->is_success()) {
      summary_.ending_text = "the guest did not end in order: " + host::to_string(*status);
    }
    if (trace_ != nullptr) {
      trace_->close();
    }
    if (recording_ != nullptr && summary_.ending != Ending::failed) {
      recording_->close();
    }
    count_up();
    return summary_;
  }

 private:
  void grant_all() {
    host::HostInstant granted = started_;  // the first round trip contains the start-up
    while (const auto span = pace_.next(guest_.now())) {
      if (recording_ != nullptr) {
        recording_->grant(guest_.now() + *span);
      }
      guest_.grant(*span);
      const auto report = await_report();
      if (!report) {
        summary_.ending = Ending::interrupted;
        summary_.exit_status = 128 + *interrupts_.caught();
        summary_.host.unfinished = clock_.now() - reported_;
        return;
      }
      if (recording_ != nullptr) {
        recording_->report(guest_.now());
      }
      reported_ = clock_.now();
      waited_ += reported_ - granted;
      if (summary_.quanta++ == 0) {
        summary_.host.start_up = waited_ - running();
      }
      summary_.overshoot_max = std::max(summary_.overshoot_max, report->overshoot);
      summary_.overshoot_sum += report->overshoot;
      progress_.update(guest_.now().since_origin());
      if (pacer_) {
        pacer_->wait(guest_.now(), [this] { return interrupts_.caught().has_value(); });
      }
      granted = clock_.now();
      summary_.host.simulator += granted - reported_;
    }
    summary_.ending = Ending::duration_reached;
  }

  // Nothing when a signal came.
  std::optional<sim::Report> await_report() {
    const bool has_limit = options_.limit > host::HostDuration::zero();
    const host::Deadline deadline(clock_, options_.limit);
    if (clock_.now() - looked_ >= glance) {
      looked_ = clock_.now();
      if (interrupts_.caught()) {
        return std::nullopt;
      }
    }
    for (;;) {
      try {
        return guest_.wait(has_limit ? std::min(glance, deadline.remaining()) : glance);
      } catch (const base::Error& error) {
        if (error.code() != base::ErrorCode::timed_out) {
          throw;
        }
      }
      if (has_limit && deadline.has_passed()) {
        throw_timed_out();
      }
      if (interrupts_.caught()) {
        return std::nullopt;
      }
      progress_.update(guest_.now().since_origin());
    }
  }

  [[noreturn]] void throw_timed_out() const {
    throw base::Error(
        base::ErrorCode::timed_out,
        fmt::format("the guest did not report within {:.6g} s of host time; it may be stopped by its user (QMP stop, a "
                    "debugger), paused after a panic or shutdown, or loop on an exception without ever finishing an "
                    "instruction; if it simply needs longer, raise --limit",
                    std::chrono::duration<double>(options_.limit).count()));
  }

  void end_by(const base::Error& error) {
    summary_.host.unfinished = clock_.now() - reported_;
    const auto status = guest_.exit_status();
    if (interrupts_.caught()) {  // a terminal's interrupt goes to the guest as well
      summary_.ending = Ending::interrupted;
      summary_.exit_status = 128 + *interrupts_.caught();
    } else if (error.code() == base::ErrorCode::peer_gone && status) {
      const bool has_run = summary_.quanta > 0 || has_taken_a_grant() || status->is_success();
      summary_.ending = has_run ? Ending::guest_ended : Ending::not_started;
      summary_.ending_text =
          fmt::format("its program ended {} with {}", has_run ? "by itself" : "before it took its first grant",
                      host::to_string(*status));
      summary_.ending_text += has_run ? "" : "; see what it printed";
      summary_.exit_status = to_exit_status(*status);
    } else {
      summary_.ending = Ending::failed;
      summary_.ending_text = error.what();
      summary_.exit_status = 1;
    }
  }

  [[nodiscard]] bool has_taken_a_grant() const {
    return statistics_.is_used() && statistics_.counts().holding_ns.load() > 0;
  }

  [[nodiscard]] host::HostDuration running() const {
    const std::uint64_t ns = statistics_.is_used() ? statistics_.counts().running_ns.load() : 0;
    return std::min(host::HostDuration(ns), waited_);
  }

  void count_up() {
    summary_.virtual_time = guest_.now().since_origin();
    summary_.greatest_lag = pacer_ ? std::optional(pacer_->greatest_lag()) : std::nullopt;
    summary_.has_guest_times = statistics_.is_used() && summary_.quanta > 0;
    if (!summary_.has_guest_times) {
      summary_.host.start_up = {};
      summary_.host.hand_shake = waited_;
      return;
    }
    const auto ns = [](const std::atomic<std::uint64_t>& count) {
      return time::Duration::nanoseconds(static_cast<std::int64_t>(count.load()));
    };
    summary_.overshoot_max = std::max(summary_.overshoot_max, ns(statistics_.counts().overshoot_max_ns));
    summary_.overshoot_sum = std::max(summary_.overshoot_sum, ns(statistics_.counts().overshoot_sum_ns));
    summary_.host.running = std::min(running(), waited_ - summary_.host.start_up);
    summary_.host.hand_shake = waited_ - summary_.host.start_up - summary_.host.running;
    summary_.run_on = run_on(statistics_.counts());
  }

  const ExecOptions& options_;
  const host::HostClock& clock_ = host::HostClock::monotonic();
  Pace pace_;
  Interrupts interrupts_;
  SharedStatistics statistics_;
  std::unique_ptr<trace::TextFileSink> trace_;
  std::unique_ptr<ExecRecording> recording_;
  host::HostInstant started_;
  host::HostInstant reported_;
  host::HostInstant looked_;
  host::HostDuration waited_{};
  std::optional<sim::Pacer> pacer_;
  Progress progress_;
  Summary summary_;
  sim::Guest guest_;
};

}  // namespace

namespace {

// With --json a guest that could not even be launched is a document, too.
Summary run_or_fail(const ExecOptions& options) {
  if (!options.is_json) {
    return Run(options).run();
  }
  try {
    return Run(options).run();
  } catch (const base::Error& error) {
    return {.ending = Ending::failed, .ending_text = error.what(), .exit_status = 1};
  }
}

}  // namespace

int run_exec(const ExecOptions& options) {
  const Summary summary = run_or_fail(options);
  if (options.is_json) {
    // The guest may have left a line unfinished; to JSON a line end before it means nothing.
    print_output(fmt::format("{}{}\n", talks_to_standard_output(options) ? "\n" : "", to_json(summary)));
  } else if (!options.is_quiet) {
    fmt::print(stderr, "{}", to_text(summary));
  }
  if ((options.is_json || options.is_quiet) && summary.ending == Ending::failed) {
    fmt::print(stderr, "fermata: {}\n", summary.ending_text);
  }
  return summary.exit_status;
}

}  // namespace fermata::cli
