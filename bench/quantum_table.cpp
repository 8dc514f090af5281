// SPDX-License-Identifier: MIT
#include "bench/quantum_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "fermata/base/contract.hpp"
#include "fermata/time/units.hpp"

namespace fermata::bench {
namespace {

using namespace time::literals;

// Start-up differs by some milliseconds from run to run.
constexpr double shortest_telling_s = 0.05;

constexpr double busy_ratio_at_1_ms = 1.15;
constexpr double busy_ratio_at_100_us = 1.6;
constexpr double cost_at_10_us = 20;

double seconds(host::HostDuration span) { return std::chrono::duration<double>(span).count(); }

template <typename Value>
std::vector<double> each(const Measurement& measurement, Value value) {
  std::vector<double> values;
  for (const PairedRun& run : measurement.runs) {
    values.push_back(value(run));
  }
  return values;
}

}  // namespace

double median(std::vector<double> values) {
  base::expects(!values.empty(), "median: there are values");
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Summary::Summary(const Measurement& measurement)
    : alone_s(median(each(measurement, [](const PairedRun& run) { return seconds(run.work_alone()); }))),
      lockstep_s(median(each(measurement, [](const PairedRun& run) { return seconds(run.in_lockstep); }))) {
  if (alone_s >= shortest_telling_s) {
    ratio = median(
        each(measurement, [](const PairedRun& run) { return seconds(run.in_lockstep) / seconds(run.work_alone()); }));
  }
  const auto quanta = static_cast<double>(measurement.span / measurement.quantum);
  const auto costs = each(measurement, [quanta](const PairedRun& run) {
    return seconds(run.in_lockstep - run.work_alone()) * 1e6 / quanta;
  });
  cost_us = median(costs);
  const auto [low, high] = std::minmax_element(costs.begin(), costs.end());
  cost_low_us = *low;
  cost_high_us = *high;
}

std::vector<Verdict> judge(const Measurement& measurement) {
  const Summary summary(measurement);
  const std::string what = fmt::format("{}, quantum {}", measurement.guest, time::to_string(measurement.quantum));
  std::vector<Verdict> verdicts;
  const auto judge_ratio = [&](double target) {
    if (summary.ratio) {
      verdicts.push_back({fmt::format("{}: {:.2f} times the time alone, target {:.2f}", what, *summary.ratio, target),
                          *summary.ratio <= target});
    }
  };
  if (measurement.guest == "busy" && measurement.quantum == 1_ms) {
    judge_ratio(busy_ratio_at_1_ms);
  }
  if (measurement.guest == "busy" && measurement.quantum == 100_us) {
    judge_ratio(busy_ratio_at_100_us);
  }
  if (measurement.quantum == 10_us) {
    verdicts.push_back({fmt::format("{}: {:.1f} us per quantum, target {:.0f}", what, summary.cost_us, cost_at_10_us),
                        summary.cost_us <= cost_at_10_us});
  }
  return verdicts;
}

std::string table_head(Layout layout) {
  constexpr std::array<const char*, 8> columns{"guest",         "quantum", "virtual s",  "alone s",
                                               "in lockstep s", "ratio",   "us/quantum", "from - to"};
  if (layout == Layout::markdown) {
    return fmt::format("| {} |\n|---|---|---|---|---|---|---|---|\n", fmt::join(columns, " | "));
  }
  return fmt::format("{:<6}{:>8}{:>11}{:>10}{:>15}{:>8}{:>12}{:>18}\n", columns[0], columns[1], columns[2], columns[3],
                     columns[4], columns[5], columns[6], columns[7]);
}

std::string table_row(const Measurement& measurement, Layout layout) {
  const Summary summary(measurement);
  const std::string ratio = summary.ratio ? fmt::format("{:.2f}", *summary.ratio) : "-";
  const std::string range = fmt::format("{:.1f} - {:.1f}", summary.cost_low_us, summary.cost_high_us);
  const double span_s = static_cast<double>(measurement.span.ns()) / 1e9;
  constexpr const char* markdown_row = "| {} | {} | {:.4g} | {:.3f} | {:.3f} | {} | {:.1f} | {} |\n";
  constexpr const char* text_row = "{:<6}{:>8}{:>11.4g}{:>10.3f}{:>15.3f}{:>8}{:>12.1f}{:>18}\n";
  return fmt::format(fmt::runtime(layout == Layout::markdown ? markdown_row : text_row), measurement.guest,
                     time::to_string(measurement.quantum), span_s, summary.alone_s, summary.lockstep_s, ratio,
                     summary.cost_us, range);
}

}  // namespace fermata::bench
