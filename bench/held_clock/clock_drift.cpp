// SPDX-License-Identifier: MIT
#include "bench/held_clock/clock_drift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <sstream>

#include "bench/held_clock/quantum_runs.hpp"
#include "cli/memory_file.hpp"
#include "fermata/base/error.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/sim/qemu.hpp"
#include "fermata/time/units.hpp"

namespace fermata::bench {
namespace {

using namespace time::literals;

constexpr host::HostDuration limit = std::chrono::minutes(1);
constexpr int first_look = 2;                  // that counts
constexpr time::Duration spare_span = 300_ms;  // before the first look, and for the last to be printed

// The number behind `label` in a line of the guest's.
std::int64_t value_of(const std::string& line, const std::string& label) {
  const std::size_t at = line.find(label);
  return at == std::string::npos ? 0 : std::stoll(line.substr(at + label.size()));
}

}  // namespace

Drift measure_drift(bool by_kvm, const std::string& qemus, time::Duration span) {
  const cli::MemoryFile output("guest's clocks");
  host::Command command = sim::qemu_command(
      {program_in(qemus, "qemu-system-x86_64"), "-M", "pc", "-nodefaults", "-display", "none", "-accel",
       by_kvm ? "kvm" : "tcg,thread=multi", "-kernel", fmt::format("{}/x86_64/clocks.elf", BENCH_ALL_GUESTS), "-serial",
       fmt::format("file:/dev/fd/{}", output.descriptor()), "-rtc", "clock=vm"});
  command.inherited_descriptors.push_back(output.descriptor());
  auto guest = sim::Guest::launch({.command = std::move(command), .name = "clocks"});
  for (time::Duration passed; passed < span + spare_span; passed += 1_ms) {
    static_cast<void>(guest.advance(1_ms, limit));
  }
  static_cast<void>(guest.close());

  Drift drift;
  int looks = 0;
  std::int64_t start_ns = 0;
  std::int64_t start_off_ns = 0;
  std::istringstream lines(output.content());
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" kvmclock=") == std::string::npos) {
      continue;  // the firmware's, or the last, cut short
    }
    const std::int64_t at_ns = value_of(line, "pm=");
    const std::int64_t off_ns = value_of(line, by_kvm ? "kvmclock=" : "tsc=") - at_ns;
    if (++looks <= first_look) {  // the first looks run through code that is yet to be translated
      start_ns = at_ns;
      start_off_ns = off_ns;
    }
    drift.passed_ns = at_ns - start_ns;
    drift.off_ns = off_ns - start_off_ns;
    drift.off_max_ns = std::max(drift.off_max_ns, std::abs(drift.off_ns));
  }
  if (looks <= first_look) {
    throw base::Error(base::ErrorCode::host_failure, "clocks: the guest printed too little: " + output.content());
  }
  return drift;
}

}  // namespace fermata::bench
