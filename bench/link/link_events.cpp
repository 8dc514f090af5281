// SPDX-License-Identifier: MIT
//
// How many serial events a second go from end to end of link v1 with an embedded machine: a byte is sent at its
// instant, the guest's interrupt handler takes it and sends it back, and the simulator's handler has it with its
// instant. See README.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "bench/host_facts.hpp"
#include "bench/link/linked_guests.hpp"
#include "bench/quantum_table.hpp"
#include "fermata/base/contract.hpp"
#include "fermata/machine/in_process_guest.hpp"
#include "fermata/sim/link_guest.hpp"
#include "fermata/time/units.hpp"

namespace {

using namespace fermata;
using namespace fermata::time::literals;

constexpr const char* method =
    "An event is an input or an output: a byte there, and the same byte back. A round runs each way once; figures are\n"
    "medians of the rounds after a warm-up. The guest's own work is in them.\n";

constexpr host::HostDuration limit = std::chrono::minutes(2);
constexpr time::Duration spacing = 2_us;  // of bytes: the guest has sent the last one back
constexpr int bytes_in_quantum = 1'000;

struct Options {
  int bytes = 200'000;
  int rounds = 5;
};

double events_per_second(sim::LinkGuest guest, int bytes) {
  std::int64_t echoes = 0;
  auto serial = guest.serial("serial0");
  serial.on_output(
      [&echoes](time::Instant, std::string_view text) { echoes += static_cast<std::int64_t>(text.size()); });
  time::Instant at = time::Instant::at(1_ms);
  static_cast<void>(guest.run_until(at, limit));  // the guest waits
  const host::HostClock& clock = host::HostClock::monotonic();
  const host::HostInstant begin = clock.now();
  for (int sent = 0; sent < bytes; sent += bytes_in_quantum) {
    for (int i = 0; i < bytes_in_quantum; ++i) {
      serial.send(at + spacing * i, "x");
    }
    at += spacing * bytes_in_quantum;
    static_cast<void>(guest.run_until(at, limit));
  }
  const host::HostInstant end = clock.now();
  static_cast<void>(guest.run_until(at + 1_ms, limit));
  base::expects(echoes == bytes && serial.dropped() == 0, "link_events: each byte has come back");
  static_cast<void>(guest.close());
  return 2.0 * bytes / std::chrono::duration<double>(end - begin).count();
}

double in_process(int bytes) {
  machine::InProcessGuest machine(bench::machine_config("echo"), {}, machine::Protocol::link);
  return events_per_second(sim::LinkGuest::attach(machine.connect(), {}), bytes);
}

template <sim::Transport transport>
double as_program(int bytes) {
  return events_per_second(sim::LinkGuest::launch(bench::machine_command("echo"), {.transport = transport}), bytes);
}

struct Way {
  const char* name;
  double (*measure)(int bytes);
};

void measure(const Options& options) {
  const Way ways[] = {{"in process", in_process},
                      {"shared memory", as_program<sim::Transport::shared_memory>},
                      {"socket", as_program<sim::Transport::unix_socket>}};
  std::vector<std::vector<double>> rates(std::size(ways));
  for (int round = 0; round <= options.rounds; ++round) {
    for (std::size_t i = 0; i < std::size(ways); ++i) {
      const double rate = ways[i].measure(options.bytes);
      if (round > 0) {
        rates[i].push_back(rate);
      }
    }
  }
  for (std::size_t i = 0; i < std::size(ways); ++i) {
    fmt::print("{:<16}{:>12.0f} events/s   (lowest {:.0f}, highest {:.0f})\n", ways[i].name, bench::median(rates[i]),
               std::ranges::min(rates[i]), std::ranges::max(rates[i]));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("How many serial events a second link v1 carries to an embedded machine and back.");
  app.add_option("--bytes", options.bytes, "Of a run; whole thousands")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "Those that count, after one that does not")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  options.bytes -= options.bytes % bytes_in_quantum;
  try {
    fmt::print("{}; {} bytes, {} rounds, load {} before\n{}\n", bench::describe_host(), options.bytes, options.rounds,
               bench::describe_load(), method);
    measure(options);
    fmt::print("load {} after\n", bench::describe_load());
  } catch (const std::exception& error) {
    fmt::print(stderr, "link_events: {}\n", error.what());
    return 1;
  }
  return 0;
}
