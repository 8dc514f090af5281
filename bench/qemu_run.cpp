// SPDX-License-Identifier: MIT
#include "bench/qemu_run.hpp"

#include <fmt/format.h>
#include <stdio.h>

#include <array>
#include <memory>

#include "fermata/base/error.hpp"
#include "fermata/host/child_process.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/sim/qemu.hpp"

namespace fermata::bench {
namespace {

using namespace time::literals;
using namespace std::chrono_literals;

constexpr host::HostDuration run_limit = 10min;
constexpr host::HostDuration report_limit = 60s;
// In lockstep the guest gets that much more to do than is timed, so that it has not powered off before the last report.
constexpr time::Duration start_span = 1_us;
constexpr time::Duration spare_span = 1_us;

std::vector<std::string> command_line(const Workload& workload, time::Duration span) {
  return {workload.qemu, "-M",
          "virt",        "-nodefaults",
          "-display",    "none",
          "-bios",       "none",
          "-kernel",     fmt::format("{}/bench_{}.elf", BENCH_GUESTS, workload.guest),
          "-device",     fmt::format("loader,addr=0x80100000,data={},data-len=8", span.us_floor()),
          "-icount",     "shift=3,sleep=off",
          "-rtc",        "clock=vm"};
}

[[noreturn]] void throw_bad_run(const Workload& workload, const std::string& what) {
  throw base::Error(base::ErrorCode::host_failure,
                    fmt::format("guest {} on {}: {}; see what it printed", workload.guest, workload.qemu, what));
}

// Grants on until the guest has powered off. Idle after that, it may take some quanta before QEMU's main loop ends it.
void await_power_off(const Workload& workload, sim::Guest& guest) {
  const host::Deadline deadline(host::HostClock::monotonic(), report_limit);
  try {
    while (!deadline.has_passed()) {
      (void)guest.advance(1_ms, report_limit);
    }
  } catch (const base::Error& error) {
    const auto status = guest.close();
    if (error.code() == base::ErrorCode::peer_gone && status && status->is_success()) {
      return;
    }
    throw;
  }
  throw_bad_run(workload, "did not power off after its work");
}

}  // namespace

host::HostDuration run_alone(const Workload& workload, time::Duration span) {
  const host::HostClock& clock = host::HostClock::monotonic();
  const host::HostInstant start = clock.now();
  const host::ChildProcess process({.arguments = command_line(workload, span)});
  const auto status = process.wait(run_limit);
  const host::HostDuration took = clock.now() - start;
  if (!status || !status->is_success()) {
    throw_bad_run(workload, status ? host::to_string(*status) : "did not end");
  }
  return took;
}

host::HostDuration run_in_lockstep(const Workload& workload, time::Duration span, time::Duration quantum) {
  const time::Duration work = start_span + span + spare_span;
  auto guest = sim::Guest::launch({.command = sim::qemu_command(command_line(workload, work)), .name = workload.guest});
  (void)guest.advance(start_span, report_limit);

  const host::HostClock& clock = host::HostClock::monotonic();
  const host::HostInstant start = clock.now();
  for (std::int64_t left = span / quantum; left > 0; --left) {
    guest.grant(quantum);
    (void)guest.wait(report_limit);
  }
  const host::HostDuration took = clock.now() - start;

  if (guest.now() != time::Instant::at(start_span + span)) {
    throw_bad_run(workload, "went beyond a horizon");
  }
  await_power_off(workload, guest);
  return took;
}

std::string version_of(const std::string& qemu) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(("'" + qemu + "' --version").c_str(), "r"), ::pclose);
  std::array<char, 256> line{};
  if (pipe == nullptr || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) {
    throw base::Error(base::ErrorCode::not_found, qemu + " tells no version; name a QEMU that runs with --qemu");
  }
  constexpr std::string_view before = " version ";
  const std::string text(line.data());
  const auto at = text.find(before);
  return at == std::string::npos
             ? text
             : text.substr(at + before.size(), text.find_first_of(" (\n", at + before.size()) - (at + before.size()));
}

}  // namespace fermata::bench
