// SPDX-License-Identifier: MIT
//
// How well, and at what price, QEMUs are held whose clocks follow the host's. See ../README.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/handshake_peers.hpp"
#include "bench/held_clock/clock_drift.hpp"
#include "bench/held_clock/core_runs.hpp"
#include "bench/held_clock/quantum_runs.hpp"
#include "bench/host_facts.hpp"
#include "bench/qemu_run.hpp"
#include "bench/quantum_table.hpp"
#include "fermata/host/kvm.hpp"
#include "fermata/time/units.hpp"

namespace {

using namespace fermata;
using namespace fermata::time::literals;

struct Options {
  std::vector<std::string> qemus{"qemu-system-riscv64"};
  std::string quantum = "200us";
  std::int64_t quanta = 4000;
  std::int64_t rounds_of_work = 300'000;
  std::vector<std::string> slices{"50us", "200us", "1ms"};
  std::string drift_span = "10s";
  int runs = 5;
  bool with_load = true;
};

// What a QEMU is asked, with the cores free or each taken by another process.
class Series {
 public:
  Series(std::string qemus, const Options& options, bool is_loaded)
      : qemus_(std::move(qemus)), options_(options), load_(is_loaded ? "both taken" : "free") {}

  void measure_quanta(bool has_kvm) const;
  void measure_cores() const;
  void measure_drifts(bool has_kvm) const;

 private:
  std::string qemus_;
  const Options& options_;
  std::string load_;
};

// Median, and the extremes where they differ.
std::string spread(const std::vector<double>& values, int digits) {
  const auto [low, high] = std::ranges::minmax(values);
  return fmt::format("{:.{}f} ({:.{}f} - {:.{}f})", bench::median(values), digits, low, digits, high, digits);
}

std::vector<double> each(const std::vector<bench::QuantumRun>& runs, double bench::QuantumRun::*figure) {
  std::vector<double> values;
  std::ranges::transform(runs, std::back_inserter(values), [figure](const auto& run) { return run.*figure; });
  return values;
}

void print_quanta(const std::string& load, bench::HeldBy way, const std::vector<bench::QuantumRun>& runs) {
  using bench::QuantumRun;
  std::int64_t quanta = 0;
  std::int64_t inexact = 0;
  for (const QuantumRun& run : runs) {
    quanta += run.quanta;
    inexact += run.inexact;
  }
  const bool is_cut = std::ranges::any_of(runs, &QuantumRun::is_run_on_cut);
  fmt::print("| {} | {} | {} of {} | {:.0f} | {} | {}{} | {} |\n", bench::to_string(way), load, inexact, quanta,
             std::ranges::max(each(runs, &QuantumRun::error_max_us)), spread(each(runs, &QuantumRun::run_on_p50_us), 0),
             is_cut ? "over " : "", spread(each(runs, &QuantumRun::run_on_p99_us), 0),
             spread(each(runs, &QuantumRun::cost_us), 1));
  std::fflush(stdout);
}

void Series::measure_quanta(bool has_kvm) const {
  std::vector<bench::HeldBy> ways{bench::HeldBy::agent, bench::HeldBy::agent_memory, bench::HeldBy::plain};
  if (has_kvm) {
    ways.insert(ways.end(), {bench::HeldBy::agent_kvm, bench::HeldBy::plain_kvm});
  }
  std::vector<std::vector<bench::QuantumRun>> runs(ways.size());
  for (int i = 0; i < options_.runs; ++i) {
    for (std::size_t way = 0; way < ways.size(); ++way) {
      runs[way].push_back(
          bench::run_quanta(ways[way], qemus_, time::parse_duration(options_.quantum), options_.quanta));
    }
  }
  for (std::size_t way = 0; way < ways.size(); ++way) {
    print_quanta(load_, ways[way], runs[way]);
  }
}

void Series::measure_cores() const {
  std::vector<bench::CoreWay> ways{{.cores = bench::Cores::by_turns}, {.cores = bench::Cores::from_host}};
  if (!bench::version_of(bench::program_in(qemus_, "qemu-system-riscv64")).starts_with("7.")) {
    for (const std::string& slice : options_.slices) {
      ways.push_back({.cores = bench::Cores::from_instructions, .slice = time::parse_duration(slice)});
    }
  }
  for (const int vcpus : {2, 4}) {
    std::vector<std::vector<double>> seconds(ways.size());
    std::vector<std::vector<double>> ratios(ways.size());
    for (int i = 0; i < options_.runs; ++i) {
      for (std::size_t way = 0; way < ways.size(); ++way) {
        const auto took = bench::run_cores(ways[way], qemus_, vcpus, options_.rounds_of_work);
        seconds[way].push_back(std::chrono::duration<double>(took).count());
        ratios[way].push_back(seconds[way].back() / seconds[0].back());
      }
    }
    for (std::size_t way = 0; way < ways.size(); ++way) {
      fmt::print("| {} | {} | {} | {} | {} |\n", vcpus, bench::to_string(ways[way]), load_, spread(seconds[way], 2),
                 spread(ratios[way], 2));
    }
    std::fflush(stdout);
  }
}

void Series::measure_drifts(bool has_kvm) const {
  for (const bool by_kvm : {false, true}) {
    if (!by_kvm || has_kvm) {
      const bench::Drift drift = bench::measure_drift(by_kvm, qemus_, time::parse_duration(options_.drift_span));
      fmt::print("| {} | {} | {:.3f} | {:.1f} | {:.1f} | {:.5f} |\n",
                 by_kvm ? "kvmclock, KVM" : "time-stamp counter, multi-threaded TCG", load_,
                 static_cast<double>(drift.passed_ns) / 1e9, static_cast<double>(drift.off_ns) / 1e3,
                 static_cast<double>(drift.off_max_ns) / 1e3, drift.percent());
      std::fflush(stdout);
    }
  }
}

void print_head(const char* title, const std::vector<const char*>& columns) {
  fmt::print("\n{}\n\n", title);
  std::string rule;
  for (const char* column : columns) {
    fmt::print("| {} ", column);
    rule += "|---";
  }
  fmt::print("|\n{}|\n", rule);
}

// All of `measure` with free cores, then with taken ones.
template <typename Measure>
void both_ways(const std::string& qemus, const Options& options, const Measure& measure) {
  for (const bool is_loaded : {false, true}) {
    if (!is_loaded || options.with_load) {
      const bench::BusyCores others(is_loaded);
      measure(Series(qemus, options, is_loaded));
    }
  }
}

void measure_qemu(const std::string& qemu, const Options& options, bool has_kvm) {
  fmt::print("\n### QEMU {}, load {} before\n", bench::version_of(qemu), bench::describe_load());
  const std::string qemus = std::filesystem::path(qemu).parent_path();
  if (options.quanta > 0) {
    print_head("A guest that computes without a pause, held at each horizon",
               {"held by", "host's cores", "reports that were not the request", "largest error us", "run on, p50 us",
                "run on, p99 us", "cost, us/quantum"});
    both_ways(qemus, options, [has_kvm](const Series& series) { series.measure_quanta(has_kvm); });
  }
  if (options.rounds_of_work > 0) {
    print_head("The same work shared out over several vCPUs",
               {"vCPUs", "run", "host's cores", "host s", "ratio to by turns"});
    both_ways(qemus, options, [](const Series& series) { series.measure_cores(); });
  }
  if (time::parse_duration(options.drift_span) > 0_s) {
    print_head("The guest's own clock against virtual time",
               {"clock", "host's cores", "virtual s", "off at the end us", "off at most us", "%"});
    both_ways(qemus, options, [has_kvm](const Series& series) { series.measure_drifts(has_kvm); });
  }
  fmt::print("\nload {} after\n", bench::describe_load());
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("How well, and at what price, QEMUs are held whose clocks follow the host's.");
  app.add_option("--qemu", options.qemus, "A qemu-system-riscv64, a qemu-system-x86_64 beside it; may be repeated")
      ->capture_default_str();
  app.add_option("--quantum", options.quantum, "What is granted at a time")->capture_default_str();
  app.add_option("--quanta", options.quanta, "Of a run; 0: not this part")->capture_default_str();
  app.add_option("--work", options.rounds_of_work, "Rounds of work for several vCPUs; 0: not this part")
      ->capture_default_str();
  app.add_option("--slices", options.slices, "How far vCPUs may be apart there, with time from instructions")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--drift", options.drift_span, "Virtual time for drift; 0s: not this part")->capture_default_str();
  app.add_option("--runs", options.runs, "Runs of each, in turns")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_flag("!--no-load", options.with_load, "Only with the host's cores free");
  CLI11_PARSE(app, argc, argv);
  try {
    const host::KvmExamination kvm = host::examine_kvm();
    fmt::print("{}; quantum {}, {} quanta a run, {} runs in turns: medians (lowest - highest)\n",
               bench::describe_host(), options.quantum, options.quanta, options.runs);
    if (!kvm.is_usable) {
      fmt::print("KVM is left out: /dev/kvm is not usable: {}\n", kvm.reason);
    }
    for (const std::string& qemu : options.qemus) {
      measure_qemu(qemu, options, kvm.is_usable);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "held_clock: {}\n", error.what());
    return 1;
  }
  return 0;
}
