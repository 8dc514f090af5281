// SPDX-License-Identifier: MIT
//
// Many embedded machines in one process, one thread: what each costs in memory and what a quantum costs. See README.md.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/host_facts.hpp"
#include "bench/quantum_table.hpp"
#include "fermata/base/error.hpp"
#include "fermata/machine/in_process_guest.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/time/units.hpp"

namespace {

using namespace fermata;
using namespace fermata::time::literals;

constexpr std::uint64_t ram_size = std::uint64_t{64} * 1024;
constexpr host::HostDuration limit = std::chrono::seconds(10);
constexpr time::Duration quantum = 1_ms;  // the guest wakes once in each

// Targets of the project.
constexpr double most_us_per_quantum = 1.0;
constexpr double most_kib_beyond_ram = 100.0;

struct Options {
  unsigned machines = 1000;
  int quanta = 1000;
  int runs = 5;
};

struct Member {
  explicit Member(const std::shared_ptr<const machine::boot::BootPlan>& boot)
      : machine(machine::Config{.boot = boot}), handle(sim::Guest::attach(machine.connect())) {}

  machine::InProcessGuest machine;
  sim::Guest handle;
};

// Memory of this process that is really there, in KiB.
double resident_kib() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  file >> all >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

class Fleet {
 public:
  Fleet(const std::shared_ptr<const machine::boot::BootPlan>& boot, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      members_.push_back(std::make_unique<Member>(boot));
      members_.back()->machine.machine().serial().set_receiver(
          [this](time::Instant, std::span<const std::byte> bytes) { printed_ += bytes.size(); });
    }
  }

  // Grants everybody one quantum after the other, in turn, as a simulator of a fleet does; host time in seconds.
  double run(int quanta) {
    const host::HostClock& clock = host::HostClock::monotonic();
    const host::HostInstant start = clock.now();
    for (int i = 0; i < quanta; ++i) {
      for (const auto& member : members_) {
        member->handle.advance(quantum, limit);
      }
    }
    return std::chrono::duration<double>(clock.now() - start).count();
  }

  // The guests print at every 100th wake-up: proof that they woke.
  void expect_alive() const {
    if (printed_ == 0) {
      throw base::Error(base::ErrorCode::protocol_violation, "the guests printed nothing; `./dev test` may tell why");
    }
  }

 private:
  std::vector<std::unique_ptr<Member>> members_;
  std::size_t printed_ = 0;
};

const char* verdict(bool is_met) { return is_met ? "met" : "NOT MET"; }

using BootPlan = std::shared_ptr<const machine::boot::BootPlan>;

void measure_memory(const BootPlan& boot, const Options& options) {
  const double before = resident_kib();
  Fleet fleet(boot, options.machines);
  const double built = (resident_kib() - before) / options.machines;
  static_cast<void>(fleet.run(200));
  fleet.expect_alive();
  const double run = (resident_kib() - before) / options.machines;
  fmt::print(
      "memory of one of {}, the RAM that its guest touched included: {:.1f} KiB as built, {:.1f} KiB in use\n"
      "(target: {:.0f} KiB beyond RAM: {})\n\n",
      options.machines, built, run, most_kib_beyond_ram, verdict(run <= most_kib_beyond_ram));
}

void measure_time(const BootPlan& boot, const Options& options) {
  for (const unsigned count : {1U, 10U, 100U, options.machines}) {
    Fleet fleet(boot, count);
    const int quanta = std::max(options.quanta * static_cast<int>(options.machines / count), 100);
    std::vector<double> us;
    for (int i = 0; i < options.runs; ++i) {
      us.push_back(fleet.run(quanta) * 1e6 / quanta / count);
    }
    fleet.expect_alive();
    const double median = bench::median(us);
    fmt::print("{:5} machines: {:.3f} us of host time a machine and quantum (target: {:.0f} us: {})\n", count, median,
               most_us_per_quantum, verdict(median <= most_us_per_quantum));
    std::fflush(stdout);
  }
}

void run(const Options& options) {
  const BootPlan boot = machine::boot::plan_boot(
      {.kernel = machine::boot::read_named(std::string(BENCH_GUESTS) + "/idle.elf")}, ram_size, 1);
  fmt::print("{}; load {} before\n", bench::describe_host(), bench::describe_load());
  fmt::print("machines of {} KiB RAM, woken every {} of virtual time; quanta of {}; medians of {} runs\n\n",
             ram_size / 1024, time::to_string(quantum), time::to_string(quantum), options.runs);
  measure_memory(boot, options);
  measure_time(boot, options);
  fmt::print("\nload {} after\n", bench::describe_load());
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("What many embedded machines in one process cost.");
  app.add_option("--machines", options.machines, "How many")->check(CLI::Range(101, 100'000))->capture_default_str();
  app.add_option("--quanta", options.quanta, "Quanta of 1 ms for each machine and run")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--runs", options.runs, "Runs")->check(CLI::PositiveNumber)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "machine_fleet: {}\n", error.what());
    return 1;
  }
  return 0;
}
