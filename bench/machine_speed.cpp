// SPDX-License-Identifier: MIT
//
// How fast the embedded machine executes, beside stock QEMUs with instruction counting on the same images. See
// README.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "bench/emulator_run.hpp"
#include "bench/host_facts.hpp"
#include "bench/qemu_run.hpp"
#include "bench/quantum_table.hpp"
#include "fermata/base/error.hpp"

namespace {

using namespace fermata;

constexpr const char* method =
    "Host time of the emulator's process, less that of a run of the same guest with no work; medians of the runs, in\n"
    "which the emulators take turns. MIPS are millions of guest instructions a second, the instructions as the "
    "embedded\n"
    "machine counts them. All emulators run the same image, and must get the same result.\n";

struct Work {
  std::string guest;
  std::uint64_t rounds;
  const char* what;
};

const std::vector<Work> works = {
    {"mix", 10'000, "integer code: lists, matrices, state machine, checksums"},
    {"memory", 100, "memory-bound: a random walk through 4 MiB, a strided copy"},
    {"interrupt", 200'000, "a timer interrupt every 625 instructions"},
};

struct Options {
  std::string machine = BENCH_MACHINE;
  std::vector<std::string> qemus;
  int runs = 5;
  bool is_markdown = false;
};

struct Row {
  std::vector<double> seconds;
  std::uint64_t result = 0;
  std::uint64_t instructions = 0;
};

std::vector<Row> measure(const std::vector<bench::Emulator>& emulators, const Work& work, int runs) {
  std::vector<Row> rows(emulators.size());
  for (int run = 0; run < runs + 1; ++run) {
    for (std::size_t i = 0; i < emulators.size(); ++i) {
      const bench::GuestRun idle = bench::run_guest(emulators[i], work.guest, 0);
      const bench::GuestRun busy = bench::run_guest(emulators[i], work.guest, work.rounds);
      if (run > 0) {  // the first warms up
        rows[i].seconds.push_back(std::chrono::duration<double>(busy.took - idle.took).count());
      }
      rows[i].result = busy.result;
      rows[i].instructions = busy.instructions;
    }
  }
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].result != rows[0].result) {
      throw base::Error(base::ErrorCode::protocol_violation,
                        fmt::format("bench_{}: {} computes {}, {} computes {}; one of them is wrong", work.guest,
                                    emulators[0].name, rows[0].result, emulators[i].name, rows[i].result));
    }
  }
  return rows;
}

void print_rows(const Work& work, const std::vector<bench::Emulator>& emulators, const std::vector<Row>& rows,
                bool is_markdown) {
  const double millions = static_cast<double>(rows[0].instructions) / 1e6;
  const double own = bench::median(rows[0].seconds);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double seconds = bench::median(rows[i].seconds);
    const std::string ratio = i == 0 ? "" : fmt::format("{:.2f}", seconds / own);
    fmt::print(
        fmt::runtime(is_markdown ? "| {} | {} | {:.3f} | {:.0f} | {} |\n" : "{:10} {:24} {:8.3f} s {:6.0f} {:>8}\n"),
        work.guest, emulators[i].name, seconds, millions / seconds, ratio);
  }
  if (!is_markdown) {
    fmt::print("           ({}; {:.0f} million instructions)\n", work.what, millions);
  }
  std::fflush(stdout);
}

void run(const Options& options) {
  std::vector<bench::Emulator> emulators = {{.name = "fermata-machine", .program = options.machine}};
  for (const std::string& qemu : options.qemus) {
    emulators.push_back({.name = "QEMU " + bench::version_of(qemu), .program = qemu});
  }
  fmt::print("{}; {} runs; load {} before\n{}\n", bench::describe_host(), options.runs, bench::describe_load(), method);
  fmt::print("{}", options.is_markdown ? "| guest | emulator | host time, s | MIPS | embedded machine is faster by |\n"
                                         "|---|---|---|---|---|\n"
                                       : "guest      emulator                 host time   MIPS    ratio\n");
  for (const Work& work : works) {
    print_rows(work, emulators, measure(emulators, work, options.runs), options.is_markdown);
  }
  fmt::print("\nload {} after\n", bench::describe_load());
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("How fast the embedded machine executes, beside stock QEMUs with instruction counting.");
  app.add_option("--machine", options.machine, "The fermata-machine")->capture_default_str();
  app.add_option("--qemu", options.qemus, "A qemu-system-riscv64 to compare with; may be repeated");
  app.add_option("--runs", options.runs, "Runs that count, after one that does not")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--markdown", options.is_markdown, "A table for a document");
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "machine_speed: {}\n", error.what());
    return 1;
  }
  return 0;
}
