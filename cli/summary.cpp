// SPDX-License-Identifier: MIT
#include "cli/summary.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace fermata::cli {
namespace {

double seconds(host::HostDuration span) { return std::chrono::duration<double>(span).count(); }

std::string to_line(const char* what, host::HostDuration part, host::HostDuration whole) {
  const double percent = whole.count() > 0 ? 100.0 * seconds(part) / seconds(whole) : 0.0;
  return fmt::format("  {:<21}{:>10.3f} s {:>5.1f} %\n", what, seconds(part), percent);
}

}  // namespace

const char* to_string(Ending ending) {
  switch (ending) {
    case Ending::duration_reached: return "duration reached";
    case Ending::guest_ended: return "guest ended";
    case Ending::not_started: return "not started";
    case Ending::interrupted: return "interrupted";
    case Ending::failed: return "failed";
  }
  return "unknown";
}

// Each bucket holds what took less than the us that it is followed by.
std::optional<RunOn> run_on(const guest::Statistics& statistics) {
  std::uint64_t all = 0;
  for (const auto& bucket : statistics.run_on_us) {
    all += bucket.load();
  }
  if (all == 0) {
    return std::nullopt;
  }
  const auto quantile = [&](double share) {
    std::uint64_t counted = 0;
    for (std::size_t us = 0; us < statistics.run_on_us.size(); ++us) {
      counted += statistics.run_on_us[us].load();
      if (static_cast<double>(counted) >= share * static_cast<double>(all)) {
        return us + 1;
      }
    }
    return statistics.run_on_us.size();
  };
  return RunOn{.median_us = quantile(0.5), .p99_us = quantile(0.99)};
}

std::optional<double> Summary::ratio() const {
  if (host.total().count() <= 0 || quanta == 0) {
    return std::nullopt;
  }
  return static_cast<double>(virtual_time.ns()) / static_cast<double>(host.total().count());
}

double Summary::overshoot_mean_ns() const {
  return quanta == 0 ? 0.0 : static_cast<double>(overshoot_sum.ns()) / static_cast<double>(quanta);
}

std::string to_microsecond_string(time::Duration span) {
  const std::int64_t us = span.us_floor();
  return fmt::format("{}.{:06} s", us / 1'000'000, us % 1'000'000);
}

std::string to_text(const Summary& summary) {
  const HostTimes& host = summary.host;
  std::string text = fmt::format("fermata: {}{}{}\n", to_string(summary.ending),
                                 summary.ending_text.empty() ? "" : ": ", summary.ending_text);
  text += fmt::format("  virtual time         {}\n", to_microsecond_string(summary.virtual_time));
  text += fmt::format("  host time            {:.6f} s", seconds(host.total()));
  if (const auto ratio = summary.ratio()) {
    text += fmt::format(" (virtual time ran {:.3g} times as fast)", *ratio);
  }
  text += fmt::format("\n  quanta               {}\n", summary.quanta);
  text += fmt::format("  overshoot            max {} ns, mean {:.3g} ns\n", summary.overshoot_max.ns(),
                      summary.overshoot_mean_ns());
  if (summary.run_on) {
    text += fmt::format("  ran on while held    median {} us, 99 % {} us\n", summary.run_on->median_us,
                        summary.run_on->p99_us);
  }
  if (summary.greatest_lag) {
    text += fmt::format("  behind its pace      max {:.3f} ms\n", 1e3 * seconds(*summary.greatest_lag));
  }
  if (summary.quanta == 0) {
    return text;
  }
  text += "where the host time went\n";
  if (summary.has_guest_times) {
    text += to_line("start-up", host.start_up, host.total());
    text += to_line("guest running", host.running, host.total());
    text += to_line("waiting for grant", host.simulator, host.total());
    text += to_line("hand-shake", host.hand_shake, host.total());
  } else {
    text += to_line("guest and hand-shake", host.hand_shake, host.total());
    text += to_line("waiting for grant", host.simulator, host.total());
  }
  if (host.unfinished.count() > 0) {
    text += to_line("unfinished quantum", host.unfinished, host.total());
  }
  return text;
}

std::string to_json(const Summary& summary) {
  nlohmann::ordered_json host{{"total_ns", summary.host.total().count()}};
  if (summary.has_guest_times) {
    host["start_up_ns"] = summary.host.start_up.count();
    host["guest_running_ns"] = summary.host.running.count();
  }
  host["waiting_for_grant_ns"] = summary.host.simulator.count();
  host[summary.has_guest_times ? "hand_shake_ns" : "guest_and_hand_shake_ns"] = summary.host.hand_shake.count();
  host["unfinished_ns"] = summary.host.unfinished.count();
  nlohmann::ordered_json document{{"ending", to_string(summary.ending)},
                                  {"ending_text", summary.ending_text},
                                  {"exit_status", summary.exit_status},
                                  {"virtual_ns", summary.virtual_time.ns()},
                                  {"quanta", summary.quanta},
                                  {"overshoot_max_ns", summary.overshoot_max.ns()},
                                  {"overshoot_mean_ns", summary.overshoot_mean_ns()},
                                  {"host", std::move(host)}};
  if (summary.run_on) {
    document["run_on_median_us"] = summary.run_on->median_us;
    document["run_on_p99_us"] = summary.run_on->p99_us;
  }
  if (summary.greatest_lag) {
    document["greatest_lag_ns"] = summary.greatest_lag->count();
  }
  const auto ratio = summary.ratio();
  document["ratio"] = ratio ? nlohmann::ordered_json(*ratio) : nlohmann::ordered_json(nullptr);
  return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace fermata::cli
