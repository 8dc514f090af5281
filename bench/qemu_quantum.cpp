// SPDX-License-Identifier: MIT
//
// Host time for the same virtual work on a stock QEMU, by itself and in lockstep. See README.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "bench/host_facts.hpp"
#include "bench/qemu_run.hpp"
#include "bench/quantum_table.hpp"
#include "fermata/time/units.hpp"

namespace {

using namespace fermata;
using namespace fermata::time::literals;

constexpr const char* method =
    "In lockstep: from the report of the first microsecond to the last report. Alone: the whole process, less a run "
    "of\n"
    "the same guest with no work. Each run is a triple (no work, alone, in lockstep), every other one in reverse "
    "order;\n"
    "figures are medians of the runs after a warm-up, us/quantum is (in lockstep - alone) / quanta.\n";

// Where waiting costs the host nothing the work can be made long enough for the cost of a long quantum to show.
constexpr std::int64_t fewest_quanta = 2000;

struct Options {
  std::vector<std::string> qemus{"qemu-system-riscv64"};
  std::vector<std::string> guests{"busy", "idle", "tick"};
  std::vector<std::string> quanta{"10us", "100us", "1ms", "10ms"};
  std::string span = "2s";
  int runs = 5;
  bool is_markdown = false;
};

bench::PairedRun run_once(const bench::Workload& workload, time::Duration span, time::Duration quantum, bool reversed) {
  bench::PairedRun run{};
  const auto alone = [&] {
    run.start_up = bench::run_alone(workload, 0_s);
    run.alone = bench::run_alone(workload, span);
  };
  if (!reversed) {
    alone();
  }
  run.in_lockstep = bench::run_in_lockstep(workload, span, quantum);
  if (reversed) {
    alone();
  }
  return run;
}

bench::Measurement measure(const bench::Workload& workload, const Options& options, time::Duration quantum) {
  time::Duration span = time::parse_duration(options.span);
  if (workload.guest != "busy") {
    span = std::max(span, quantum * fewest_quanta);
  }
  span = quantum * std::max<std::int64_t>(span / quantum, 1);

  bench::Measurement measurement{.guest = workload.guest, .quantum = quantum, .span = span, .runs = {}};
  (void)run_once(workload, span, quantum, false);
  for (int i = 0; i < options.runs; ++i) {
    measurement.runs.push_back(run_once(workload, span, quantum, i % 2 == 1));
  }
  return measurement;
}

void measure_qemu(const std::string& qemu, const Options& options) {
  const auto layout = options.is_markdown ? bench::Layout::markdown : bench::Layout::text;
  fmt::print("{}QEMU {}, load {} before\n\n", options.is_markdown ? "### " : "", bench::version_of(qemu),
             bench::describe_load());
  fmt::print("{}", bench::table_head(layout));
  std::vector<bench::Verdict> verdicts;
  for (const std::string& guest : options.guests) {
    for (const std::string& quantum : options.quanta) {
      const auto measurement = measure({.qemu = qemu, .guest = guest}, options, time::parse_duration(quantum));
      fmt::print("{}", bench::table_row(measurement, layout));
      std::fflush(stdout);
      std::ranges::copy(bench::judge(measurement), std::back_inserter(verdicts));
    }
  }
  fmt::print("\n");
  for (const bench::Verdict& verdict : verdicts) {
    fmt::print("{}{}: {}\n", options.is_markdown ? "- " : "", verdict.text, verdict.is_met ? "met" : "NOT MET");
  }
  fmt::print("\n");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Host time for the same virtual work on a stock QEMU, by itself and in lockstep.");
  app.add_option("--qemu", options.qemus, "A qemu-system-riscv64; may be repeated")->capture_default_str();
  app.add_option("--guest", options.guests, "busy, idle (one timer at the end) or tick (wakes every 1 ms)")
      ->check(CLI::IsMember({"busy", "idle", "tick"}))
      ->capture_default_str();
  app.add_option("--quantum", options.quanta, "What is granted at a time; may be repeated")->capture_default_str();
  app.add_option("--virtual", options.span, "Virtual time of a run; idle and tick take more for long quanta")
      ->capture_default_str();
  app.add_option("--runs", options.runs, "Runs that count, after one that does not")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--markdown", options.is_markdown, "Tables for a document");
  CLI11_PARSE(app, argc, argv);

  try {
    fmt::print("{}; {} runs\n{}\n", bench::describe_host(), options.runs, method);
    for (const std::string& qemu : options.qemus) {
      measure_qemu(qemu, options);
    }
    fmt::print("load {} after\n", bench::describe_load());
  } catch (const std::exception& error) {
    fmt::print(stderr, "qemu_quantum: {}\n", error.what());
    return 1;
  }
  return 0;
}
