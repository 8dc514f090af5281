// SPDX-License-Identifier: MIT
//
// What a quantum costs over link v1, and over the qqq socket beside it: each kind of guest, each transport. See
// README.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "bench/handshake_peers.hpp"
#include "bench/host_facts.hpp"
#include "bench/link/linked_guests.hpp"
#include "bench/quantum_table.hpp"
#include "fermata/base/contract.hpp"
#include "fermata/machine/in_process_guest.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/sim/link_guest.hpp"
#include "fermata/time/units.hpp"

namespace {

using namespace fermata;
using namespace fermata::time::literals;

constexpr const char* method =
    "A round runs each way once, the guest working all the time or sleeping all the time; a run is so many quanta, "
    "and\n"
    "then the same virtual time in one grant. The cost of a quantum is the difference, divided; figures are medians "
    "of\n"
    "the rounds after a warm-up, in ns of host time.\n";

constexpr host::HostDuration limit = std::chrono::minutes(2);
constexpr time::Duration start_span = 1_ms;

struct Options {
  std::vector<std::string> qemus{"qemu-system-riscv64"};
  std::string quantum = "10us";
  int quanta = 20'000;
  int rounds = 5;
  std::string only{};
  bool are_cores_taken = false;
};

// A guest as it is driven here.
class Driven {
 public:
  virtual ~Driven() = default;
  virtual void advance_to(time::Instant horizon) = 0;
  // From `at`, the last horizon.
  virtual void advance_in_quanta(time::Instant at, time::Instant end, time::Duration quantum) {
    while (at < end) {
      advance_to(at += quantum);
    }
  }
};

class OverLink final : public Driven {
 public:
  explicit OverLink(sim::LinkGuest guest) : guest_(std::move(guest)) {}
  ~OverLink() override { static_cast<void>(guest_.close()); }
  void advance_to(time::Instant horizon) override { static_cast<void>(guest_.run_until(horizon, limit)); }

 private:
  sim::LinkGuest guest_;
};

// The horizon is so many quanta ahead of where the guest last said to be.
class KeptAhead final : public Driven {
 public:
  KeptAhead(sim::LinkGuest guest, int quanta) : guest_(std::move(guest)), quanta_(quanta) {}
  ~KeptAhead() override { static_cast<void>(guest_.close()); }
  void advance_to(time::Instant horizon) override { static_cast<void>(guest_.run_until(horizon, limit)); }
  void advance_in_quanta(time::Instant at, time::Instant end, time::Duration quantum) override {
    int seen = 0;
    static_cast<void>(guest_.run_ahead(
        end, {.quantum = quantum, .distance = quantum * quanta_}, [&seen](time::Instant) { ++seen; }, limit));
    base::expects(seen == (end - at) / quantum, "link_quantum: the guest has told each quantum");
  }

 private:
  sim::LinkGuest guest_;
  int quanta_;
};

class InProcess final : public Driven {
 public:
  explicit InProcess(machine::Config config)
      : machine_(std::move(config), {}, machine::Protocol::link),
        guest_(sim::LinkGuest::attach(machine_.connect(), {})) {}
  void advance_to(time::Instant horizon) override { static_cast<void>(guest_.run_until(horizon, limit)); }

 private:
  machine::InProcessGuest machine_;
  sim::LinkGuest guest_;
};

class OverQqq final : public Driven {
 public:
  explicit OverQqq(host::Command command)
      : guest_(sim::Guest::launch({.command = std::move(command), .name = "qqq"})) {}
  ~OverQqq() override { static_cast<void>(guest_.close()); }
  void advance_to(time::Instant horizon) override {
    guest_.grant(horizon - guest_.now());
    static_cast<void>(guest_.wait(limit));
  }

 private:
  sim::Guest guest_;
};

struct Way {
  std::string name;
  std::unique_ptr<Driven> (*make)(const std::string& qemu, const std::string& guest);
};

std::unique_ptr<Driven> in_process(const std::string& /*qemu*/, const std::string& guest) {
  return std::make_unique<InProcess>(bench::machine_config(guest));
}
template <sim::Transport transport>
std::unique_ptr<Driven> machine_over(const std::string& /*qemu*/, const std::string& guest) {
  return std::make_unique<OverLink>(sim::LinkGuest::launch(bench::machine_command(guest), {.transport = transport}));
}
std::unique_ptr<Driven> qemu_over_qqq(const std::string& qemu, const std::string& guest) {
  return std::make_unique<OverQqq>(bench::qemu_command(qemu, guest));
}
template <sim::Transport transport>
std::unique_ptr<Driven> qemu_over(const std::string& qemu, const std::string& guest) {
  return std::make_unique<OverLink>(sim::LinkGuest::launch(bench::qemu_command(qemu, guest), {.transport = transport}));
}

template <int quanta>
std::unique_ptr<Driven> qemu_ahead(const std::string& qemu, const std::string& guest) {
  return std::make_unique<KeptAhead>(
      sim::LinkGuest::launch(bench::qemu_command(qemu, guest), {.transport = sim::Transport::shared_memory}), quanta);
}
std::unique_ptr<Driven> machine_ahead(const std::string& /*qemu*/, const std::string& guest) {
  return std::make_unique<KeptAhead>(
      sim::LinkGuest::launch(bench::machine_command(guest), {.transport = sim::Transport::shared_memory}), 4);
}
const Way machine_ways[] = {{"machine, in process", in_process},
                            {"machine, shared memory", machine_over<sim::Transport::shared_memory>},
                            {"machine, shared, ahead 4", machine_ahead},
                            {"machine, socket", machine_over<sim::Transport::unix_socket>}};
const Way qemu_ways[] = {{"QEMU, shared memory", qemu_over<sim::Transport::shared_memory>},
                         {"QEMU, shared, ahead 4", qemu_ahead<4>},
                         {"QEMU, shared, ahead 16", qemu_ahead<16>},
                         {"QEMU, socket", qemu_over<sim::Transport::unix_socket>},
                         {"QEMU, qqq socket", qemu_over_qqq}};

struct Cost {
  double quantum_ns;  // beyond the guest's own work
  double ratio;       // of the time in quanta to that in one grant
};

Cost run_once(const Way& way, const std::string& qemu, const std::string& guest, time::Duration quantum, int quanta) {
  const auto driven = way.make(qemu, guest);
  const host::HostClock& clock = host::HostClock::monotonic();
  time::Instant at = time::Instant::at(start_span);
  driven->advance_to(at);
  const host::HostInstant begin = clock.now();
  driven->advance_in_quanta(at, at + quantum * quanta, quantum);
  at += quantum * quanta;
  const host::HostInstant middle = clock.now();
  driven->advance_to(at += quantum * quanta);
  const host::HostInstant end = clock.now();
  const auto in_quanta = static_cast<double>((middle - begin).count());
  const auto at_once = static_cast<double>((end - middle).count());
  return {.quantum_ns = (in_quanta - at_once) / quanta, .ratio = in_quanta / at_once};
}

void measure(std::span<const Way> all_ways, const std::string& qemu, const Options& options) {
  std::vector<Way> ways;
  std::ranges::copy_if(all_ways, std::back_inserter(ways),
                       [&](const Way& way) { return way.name.find(options.only) != std::string::npos; });
  const time::Duration quantum = time::parse_duration(options.quantum);
  for (const char* guest : {"idle", "busy"}) {
    const std::string elf_name = std::string(guest) == "idle" ? "echo" : "busy";  // for 2 s
    std::vector<std::vector<double>> costs(ways.size());
    std::vector<std::vector<double>> ratios(ways.size());
    for (int round = 0; round <= options.rounds; ++round) {
      for (std::size_t i = 0; i < ways.size(); ++i) {
        const Cost cost = run_once(ways[i], qemu, elf_name, quantum, options.quanta);
        if (round > 0) {
          costs[i].push_back(cost.quantum_ns);
          ratios[i].push_back(cost.ratio);
        }
      }
    }
    for (std::size_t i = 0; i < ways.size(); ++i) {
      fmt::print("{:<26}{:<6}{:>10.0f} ns/quantum   (lowest {:.0f}, highest {:.0f})", ways[i].name, guest,
                 bench::median(costs[i]), std::ranges::min(costs[i]), std::ranges::max(costs[i]));
      const bool is_telling = std::string(guest) == "busy";  // an idle guest needs no time for one grant
      fmt::print("{}\n", is_telling ? fmt::format("   {:.2f} times one grant", bench::median(ratios[i])) : "");
      std::fflush(stdout);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("What a quantum costs over link v1, for each kind of guest and transport, and over qqq beside them.");
  app.add_option("--qemu", options.qemus, "A qemu-system-riscv64; may be repeated")->capture_default_str();
  app.add_option("--quantum", options.quantum, "What is granted at a time")->capture_default_str();
  app.add_option("--quanta", options.quanta, "Of a run")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--rounds", options.rounds, "Those that count, after one that does not")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--only", options.only, "Only ways whose name has this in it");
  app.add_flag("--cores-taken", options.are_cores_taken, "While a process keeps each core of the host busy");
  CLI11_PARSE(app, argc, argv);
  try {
    const bench::BusyCores others(options.are_cores_taken);
    fmt::print("{}{}; quantum {}, {} quanta, {} rounds, load {} before\n{}\n", bench::describe_host(),
               options.are_cores_taken ? ", each core taken by another process" : "", options.quantum, options.quanta,
               options.rounds, bench::describe_load(), method);
    measure(machine_ways, "", options);
    for (const std::string& qemu : options.qemus) {
      fmt::print("\n{}\n", qemu);
      measure(qemu_ways, qemu, options);
    }
    fmt::print("load {} after\n", bench::describe_load());
  } catch (const std::exception& error) {
    fmt::print(stderr, "link_quantum: {}\n", error.what());
    return 1;
  }
  return 0;
}
