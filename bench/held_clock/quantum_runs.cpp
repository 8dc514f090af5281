// SPDX-License-Identifier: MIT
#include "bench/held_clock/quantum_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <optional>

#include "cli/memory_file.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/sim/link_guest.hpp"
#include "fermata/sim/qemu.hpp"
#include "fermata/time/units.hpp"
#include "fermata/transport/unix_socket.hpp"

namespace fermata::bench {
namespace {

using namespace time::literals;

constexpr host::HostDuration limit = std::chrono::minutes(1);
constexpr std::int64_t warm_up = 100;  // quanta

bool is_plain(HeldBy way) { return way == HeldBy::plain || way == HeldBy::plain_kvm; }

std::vector<std::string> command_line(HeldBy way, const std::string& qemus) {
  std::vector<std::string> arguments;
  if (needs_kvm(way)) {
    arguments = {program_in(qemus, "qemu-system-x86_64"),
                 "-M",
                 "pc",
                 "-accel",
                 "kvm",
                 "-kernel",
                 fmt::format("{}/x86_64/spin.elf", BENCH_ALL_GUESTS)};
  } else {
    arguments = {program_in(qemus, "qemu-system-riscv64"),
                 "-M",
                 "virt",
                 "-bios",
                 "none",
                 "-accel",
                 "tcg,thread=multi",
                 "-kernel",
                 fmt::format("{}/riscv64/spin.elf", BENCH_ALL_GUESTS)};
  }
  const std::vector<std::string> rest{"-nodefaults", "-display", "none", "-serial", "null", "-rtc", "clock=vm"};
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  return arguments;
}

// A guest, and what is known of its run-on: by Fermata's agent from shared memory, else from the reports.
class HeldGuest {
 public:
  HeldGuest(HeldBy way, const std::string& qemus) {
    std::vector<std::string> arguments = command_line(way, qemus);
    if (!is_plain(way)) {
      statistics_.emplace();
      host::Command command = sim::qemu_command(std::move(arguments));
      command.arguments.insert(command.arguments.begin() + 1, {"--stats", std::to_string(statistics_->descriptor())});
      command.inherited_descriptors.push_back(statistics_->descriptor());
      if (way == HeldBy::agent_memory) {
        link_guest_.emplace(
            sim::LinkGuest::launch(command, {.name = to_string(way), .transport = sim::Transport::shared_memory}));
      } else {
        guest_.emplace(sim::Guest::launch({.command = std::move(command), .name = to_string(way)}));
      }
      return;
    }
    auto [ours, theirs] = transport::UnixSocket::make_pair();
    arguments.insert(arguments.end(), {"-plugin", fmt::format("{},sock={}", BENCH_PLAIN_AGENT, theirs.descriptor())});
    process_.emplace(host::Command{.arguments = std::move(arguments), .inherited_descriptors = {theirs.descriptor()}});
    guest_.emplace(sim::Guest::attach(std::make_unique<transport::UnixSocket>(std::move(ours)), to_string(way)));
  }
  ~HeldGuest() {
    if (guest_) {
      static_cast<void>(guest_->close());
    }
  }
  HeldGuest(const HeldGuest&) = delete;
  HeldGuest& operator=(const HeldGuest&) = delete;

  // The virtual time that the guest says has passed.
  time::Duration advance(time::Duration quantum) {
    if (guest_) {
      return guest_->advance(quantum, limit).elapsed;
    }
    const time::Instant before = link_guest_->now();
    return link_guest_->run_until(before + quantum, limit).now - before;
  }
  [[nodiscard]] bool has_statistics() const { return statistics_.has_value(); }
  // Microseconds of run-on so far, each with how often.
  [[nodiscard]] std::vector<std::uint64_t> run_on() const {
    const auto& counts = statistics_->counts().run_on_us;
    return {counts.begin(), counts.end()};
  }

 private:
  std::optional<cli::SharedStatistics> statistics_;
  std::optional<host::ChildProcess> process_;
  std::optional<sim::Guest> guest_;
  std::optional<sim::LinkGuest> link_guest_;  // instead
};

void count(std::vector<std::uint64_t>& counts, std::int64_t us) {
  const auto at = static_cast<std::size_t>(std::max<std::int64_t>(us, 0));
  counts.resize(std::max(counts.size(), at + 1));
  ++counts[at];
}

}  // namespace

const char* to_string(HeldBy way) {
  switch (way) {
    case HeldBy::agent: return "agent, multi-threaded TCG";
    case HeldBy::agent_memory: return "agent, multi-threaded TCG, shared memory";
    case HeldBy::agent_kvm: return "agent, KVM";
    case HeldBy::plain: return "plain design, multi-threaded TCG";
    case HeldBy::plain_kvm: return "plain design, KVM";
  }
  return "";
}

bool needs_kvm(HeldBy way) { return way == HeldBy::agent_kvm || way == HeldBy::plain_kvm; }

std::string program_in(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

double percentile(const std::vector<std::uint64_t>& counts, int percent) {
  const std::uint64_t all = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    seen += counts[i];
    if (seen != 0 && seen * 100 >= all * static_cast<std::uint64_t>(percent)) {
      return static_cast<double>(i + 1);
    }
  }
  return 0;
}

QuantumRun run_quanta(HeldBy way, const std::string& qemus, time::Duration quantum, std::int64_t quanta) {
  HeldGuest guest(way, qemus);
  for (std::int64_t i = 0; i < warm_up; ++i) {
    static_cast<void>(guest.advance(quantum));
  }
  std::vector<std::uint64_t> before;
  if (guest.has_statistics()) {
    before = guest.run_on();
  }
  QuantumRun run{.quanta = quanta};
  std::vector<std::uint64_t> beyond;
  time::Duration passed;
  const host::HostClock& clock = host::HostClock::monotonic();
  const host::HostInstant start = clock.now();
  for (std::int64_t i = 0; i < quanta; ++i) {
    const time::Duration elapsed = guest.advance(quantum);
    const time::Duration error = elapsed - quantum;
    passed += elapsed;
    run.inexact += error != time::Duration::zero() ? 1 : 0;
    run.error_max_us = std::max(run.error_max_us, static_cast<double>(std::abs(error.ns())) / 1e3);
    count(beyond, error.us_floor());
  }
  const host::HostDuration took = clock.now() - start;
  run.cost_us = static_cast<double>(took.count() - passed.ns()) / 1e3 / static_cast<double>(quanta);
  if (guest.has_statistics()) {
    beyond = guest.run_on();
    std::transform(beyond.begin(), beyond.end(), before.begin(), beyond.begin(), std::minus<>());
  }
  run.run_on_p50_us = percentile(beyond, 50);
  run.run_on_p99_us = percentile(beyond, 99);
  run.is_run_on_cut = guest.has_statistics() && run.run_on_p99_us >= static_cast<double>(beyond.size());
  return run;
}

}  // namespace fermata::bench
