// SPDX-License-Identifier: MIT
#include "bench/held_clock/core_runs.hpp"

#include <fmt/format.h>

#include <chrono>
#include <vector>

#include "bench/held_clock/quantum_runs.hpp"
#include "fermata/base/error.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/sim/qemu.hpp"
#include "fermata/time/units.hpp"

namespace fermata::bench {
namespace {

using namespace time::literals;

constexpr host::HostDuration limit = std::chrono::minutes(1);
constexpr host::HostDuration run_limit = std::chrono::minutes(5);

host::Command command(const CoreWay& way, const std::string& qemus, int vcpus, std::int64_t rounds) {
  std::vector<std::string> arguments{program_in(qemus, "qemu-system-riscv64"),
                                     "-M",
                                     "virt",
                                     "-nodefaults",
                                     "-display",
                                     "none",
                                     "-bios",
                                     "none",
                                     "-smp",
                                     std::to_string(vcpus),
                                     "-kernel",
                                     fmt::format("{}/riscv64/bench_cores.elf", BENCH_ALL_GUESTS),
                                     "-device",
                                     fmt::format("loader,addr=0x80100000,data={},data-len=8", rounds),
                                     "-device",
                                     fmt::format("loader,addr=0x80100008,data={},data-len=8", vcpus),
                                     "-rtc",
                                     "clock=vm"};
  if (way.cores == Cores::by_turns) {
    arguments.insert(arguments.end(), {"-icount", "shift=3,sleep=off"});
    return sim::qemu_command(std::move(arguments));
  }
  arguments.insert(arguments.end(), {"-accel", "tcg,thread=multi"});
  return sim::qemu_command(
      std::move(arguments),
      {.time = way.cores == Cores::from_host ? sim::TimeFrom::host : sim::TimeFrom::instructions, .slice = way.slice});
}

}  // namespace

std::string to_string(const CoreWay& way) {
  switch (way.cores) {
    case Cores::by_turns: return "one thread by turns, -icount 3,sleep=off";
    case Cores::from_instructions:
      return "a thread each, time from instructions, slices of " + (way.slice ? time::to_string(*way.slice) : "200us");
    case Cores::from_host: return "a thread each, time from the host";
  }
  return "";
}

host::HostDuration run_cores(const CoreWay& way, const std::string& qemus, int vcpus, std::int64_t rounds) {
  auto guest = sim::Guest::launch({.command = command(way, qemus, vcpus, rounds), .name = to_string(way)});
  static_cast<void>(guest.advance(1_us, limit));
  const host::HostClock& clock = host::HostClock::monotonic();
  const host::HostInstant start = clock.now();
  const host::Deadline deadline(clock, run_limit);
  try {
    while (!deadline.has_passed()) {
      static_cast<void>(guest.advance(1_ms, limit));
    }
  } catch (const base::Error& error) {
    const host::HostDuration took = clock.now() - start;
    const auto status = guest.close();
    if (error.code() == base::ErrorCode::peer_gone && status && status->is_success()) {
      return took;
    }
    throw;
  }
  throw base::Error(base::ErrorCode::timed_out,
                    fmt::format("{}: the guest was not done with its work within 5 minutes", to_string(way)));
}

}  // namespace fermata::bench
