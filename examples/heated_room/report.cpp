// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "fermata/base/error.hpp"
#include "fermata/host/child_process.hpp"
#include "fermata/time/units.hpp"

namespace heated_room {
namespace {

namespace base = fermata::base;
namespace host = fermata::host;
using fermata::time::to_seconds_string;

double milliseconds(Duration span) { return static_cast<double>(span.ns()) * 1e-6; }
double microseconds(Duration span) { return static_cast<double>(span.ns()) * 1e-3; }
double seconds(Duration span) { return static_cast<double>(span.ns()) * 1e-9; }
double seconds(host::HostDuration span) { return std::chrono::duration<double>(span).count(); }

const char* verdict(bool is_good) { return is_good ? "ok" : "FAILED"; }

}  // namespace

Report::Report(std::string software, std::string csv_path, Duration between_rows)
    : software_(std::move(software)),
      csv_path_(std::move(csv_path)),
      csv_(std::fopen(csv_path_.c_str(), "we")),
      between_rows_(between_rows),
      is_terminal_(::isatty(STDOUT_FILENO) == 1) {
  if (csv_ == nullptr) {
    throw base::host_error("write " + csv_path_, errno);
  }
  fmt::print(csv_.get(), "answered_s,uptime_s,difference_ms,answer_us,sent_c,air_c,walls_c,outside_c,heater\n");
}

void Report::on_booting(Instant now) {
  if (now >= next_progress_) {
    fmt::print("{}booting {}: {:5.1f} s of virtual time{}", is_terminal_ ? "\r" : "", software_,
               seconds(now.since_origin()), is_terminal_ ? "" : "\n");
    static_cast<void>(std::fflush(stdout));
    next_progress_ = now + (is_terminal_ ? 100_ms : 1_s);
  }
}

void Report::on_ready(Instant now) {
  next_row_ = now;
  fmt::print("{}{} is up and its controller ready at {} s\n\n", is_terminal_ ? "\r" : "", software_,
             to_seconds_string(now));
  fmt::print("  the answer      took        guest's   clocks    told   room   walls  outside  heater\n");
  fmt::print("  left at                     uptime    differ\n");
  fmt::print("  s               us          s         ms        C      C      C      C\n");
}

void Report::on_sample(const Sample& sample) {
  fmt::print(csv_.get(), "{},{},{:.6f},{:.3f},{:.3f},{:.6f},{:.6f},{:.6f},{:d}\n",
             to_seconds_string(sample.clock.answered), to_seconds_string(sample.clock.uptime),
             milliseconds(sample.difference), microseconds(sample.clock.answered - sample.clock.asked),
             sample.sent_mc * 1e-3, sample.room.air_c, sample.room.walls_c, sample.outside_c, sample.is_heating);
  if (was_heating_ && !sample.is_heating && !has_settled_) {
    has_settled_ = true;
    least_c_ = greatest_c_ = sample.room.air_c;
  }
  least_c_ = std::min(least_c_, sample.room.air_c);
  greatest_c_ = std::max(greatest_c_, sample.room.air_c);
  switched_on_ += sample.is_heating && !was_heating_ ? 1 : 0;
  was_heating_ = sample.is_heating;
  if (sample.clock.answered >= next_row_) {
    print_row(sample);
    next_row_ += between_rows_;
  }
}

void Report::print_row(const Sample& sample) const {
  fmt::print("  {:<14}  {:<10.3f}  {:<8.2f}  {:<+8.3f}  {:5.2f}  {:5.2f}  {:5.2f}  {:5.2f}    {}\n",
             to_seconds_string(sample.clock.answered), microseconds(sample.clock.answered - sample.clock.asked),
             seconds(sample.clock.uptime), milliseconds(sample.difference), sample.sent_mc * 1e-3, sample.room.air_c,
             sample.room.walls_c, sample.outside_c, sample.is_heating ? "on" : "off");
  static_cast<void>(std::fflush(stdout));
}

bool Report::finish(const Outcome& outcome) {
  std::FILE* const file = csv_.release();
  const bool has_error = std::ferror(file) != 0;
  if (std::fclose(file) != 0 || has_error) {
    throw base::host_error("write " + csv_path_, errno);
  }
  const ClockCheck& clock = outcome.clock;
  const Duration room_differs = outcome.plant_time - outcome.granted.since_origin();
  const bool is_together = room_differs >= Duration::zero() && room_differs < Controller::instruction;
  const bool is_exact = outcome.greatest_overshoot < Controller::instruction;
  const bool agrees = clock.samples() > 0 && clock.beyond_bound() == 0;
  const bool ended = outcome.exit_status == 0;
  const Duration controlled = outcome.granted - outcome.ready;

  fmt::print("\nthe controller       was ready at {} s\n", to_seconds_string(outcome.ready));
  fmt::print("simulator's time     {} s, in {} grants\n", to_seconds_string(outcome.granted), outcome.grants);
  fmt::print("the room's time      {} s: {}\n", to_seconds_string(outcome.plant_time), verdict(is_together));
  fmt::print(
      "the guest            stood at most {} beyond a horizon, where less than an instruction is allowed, {}: {}\n",
      fermata::time::to_string(outcome.greatest_overshoot), fermata::time::to_string(Controller::instruction),
      verdict(is_exact));
  fmt::print(
      "the guest's clock    differs by {:+.3f} to {:+.3f} ms over {} samples, {:+.3f} ms at the end; bound {:.1f} ms: "
      "{}\n",
      milliseconds(clock.least()), milliseconds(clock.greatest()), clock.samples(), milliseconds(clock.last()),
      milliseconds(ClockCheck::bound), verdict(agrees));
  fmt::print("                     it began {:.3f} s after the simulator's; answers took {:.3f} to {:.3f} us: {}\n",
             seconds(clock.offset()), microseconds(clock.shortest_answer()), microseconds(clock.longest_answer()),
             verdict(clock.answers_in_time()));
  if (has_settled_) {
    fmt::print("the room             {:.2f} to {:.2f} C once warm; the heater was switched on {} times\n", least_c_,
               greatest_c_, switched_on_);
  } else {
    fmt::print("the room             not warm yet; run longer\n");
  }
  fmt::print("the end              the guest switched itself off with status {}: {}\n", outcome.exit_status,
             verdict(ended));
  fmt::print("host time            {:.2f} s to boot, {:.2f} s for {:.0f} s of control: {:.1f} times real time\n",
             seconds(outcome.boot_cost), seconds(outcome.control_cost), seconds(controlled),
             seconds(controlled) / std::max(seconds(outcome.control_cost), 1e-9));
  fmt::print("every sample         {}\n", csv_path_);
  return is_together && is_exact && agrees && clock.answers_in_time() && ended;
}

bool plot(const std::string& folder, const std::string& title) {
  try {
    host::ChildProcess gnuplot({.arguments = {"gnuplot", "-e",
                                              fmt::format("folder='{}'; title='{}'; bound={:.3f}", folder, title,
                                                          milliseconds(ClockCheck::bound)),
                                              HEATED_ROOM_PLOT_SCRIPT}});
    const auto status = gnuplot.wait(std::chrono::seconds(60));
    if (status && status->is_success()) {
      fmt::print("plot                 {0}/heated_room.svg, {0}/heated_room.png\n", folder);
      return true;
    }
    fmt::print("plot                 none: gnuplot {}\n", status ? "failed, " + host::to_string(*status) : "hangs");
  } catch (const base::Error& error) {
    fmt::print("plot                 none: {}\n", error.what());
  }
  return false;
}

}  // namespace heated_room
