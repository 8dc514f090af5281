// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/doctor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "guests/qemu/stock/io/symbols.hpp"
#include "guests/qemu/stock/stock_qemu.hpp"
#include "guests/qemu/stock/time/symbols.hpp"

namespace fermata::qemu {
namespace {

// What they need in the way of behaviour is found out when a machine of the kind starts.
nlohmann::json time_entry(TimeFeature feature, const SymbolLookup& lookup) {
  const std::vector<std::string> missing = missing_for(feature, lookup);
  const std::string reason = missing.empty() ? "this QEMU exports what it needs"
                                             : fmt::format("this QEMU does not export {}", fmt::join(missing, ", "));
  return {{"name", to_string(feature)}, {"available", missing.empty()}, {"reason", reason}};
}

// Of link v1. They count instructions, too.
nlohmann::json io_entry(IoFeature feature, const SymbolLookup& lookup, bool can_count) {
  const std::vector<std::string> missing = missing_for(feature, lookup);
  const std::string reason = !missing.empty() ? fmt::format("this QEMU does not export {}", fmt::join(missing, ", "))
                             : can_count      ? "this QEMU exports what it needs"
                                              : "needs instruction counting";
  return {{"name", to_string(feature)}, {"available", missing.empty() && can_count}, {"reason", reason}};
}

nlohmann::json instruction_counting(const SymbolSearch& search, const std::vector<std::string>& failures) {
  std::string reason = "all checks passed";
  if (!search.missing.empty()) {
    reason = fmt::format("this QEMU does not export {}", fmt::join(search.missing, ", "));
  } else if (!failures.empty()) {
    reason = fmt::format("{}", fmt::join(failures, "; "));
  }
  return {
      {"name", "instruction counting"}, {"available", search.missing.empty() && failures.empty()}, {"reason", reason}};
}

}  // namespace

bool is_tested_version(const QemuVersionTriple& version) {
  constexpr std::array<std::pair<std::int64_t, std::int64_t>, 3> tested = {{{7, 2}, {10, 0}, {11, 1}}};
  return std::ranges::find(tested, std::pair(version.major, version.minor)) != tested.end();
}

std::string to_string(const QemuVersionTriple& version) {
  return version.major == 0 ? "unknown" : fmt::format("{}.{}.{}", version.major, version.minor, version.micro);
}

std::string examine(const SymbolSearch& search, const SymbolLookup& lookup, const std::string& target,
                    const std::vector<std::string>& failures) {
  const QemuVersionTriple version = query_version(search.symbols);
  nlohmann::json report{{"qemu_version", to_string(version)},
                        {"package", query_package(search.symbols)},
                        {"target", target},
                        {"agent_version", FERMATA_VERSION},
                        {"tested", is_tested_version(version)},
                        {"missing", search.missing},
                        {"abilities", nlohmann::json::array({instruction_counting(search, failures)})}};
  for (const IoFeature feature : {IoFeature::serial, IoFeature::ethernet, IoFeature::lines, IoFeature::windows,
                                  IoFeature::memory, IoFeature::snapshots}) {
    report["abilities"].push_back(io_entry(feature, lookup, search.missing.empty() && failures.empty()));
  }
  for (const TimeFeature feature : {TimeFeature::host_time, TimeFeature::instruction_time, TimeFeature::kvm}) {
    report["abilities"].push_back(time_entry(feature, lookup));
  }
  return report.dump();
}

}  // namespace fermata::qemu
