// SPDX-License-Identifier: MIT
#include "cli/ability_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace fermata::cli {
namespace {

using nlohmann::ordered_json;

std::string header(const QemuExamination& qemu) {
  std::string text = qemu.path + ": ";
  if (!qemu.failure.empty()) {
    return text + qemu.failure + "\n";
  }
  text += "QEMU " + qemu.version;
  text += qemu.package.empty() ? "" : " (" + qemu.package + ")";
  return text + ", " + qemu.target + (qemu.is_tested ? "\n" : ", not among the versions that Fermata is tested with\n");
}

}  // namespace

QemuExamination parse_examination(const std::string& path, const std::string& document) {
  QemuExamination qemu{.path = path};
  try {
    const auto json = nlohmann::json::parse(document);
    qemu.version = json.at("qemu_version");
    qemu.package = json.value("package", "");
    qemu.target = json.at("target");
    qemu.agent_version = json.value("agent_version", "");
    qemu.is_tested = json.value("tested", false);
    qemu.missing = json.value("missing", std::vector<std::string>());
    for (const auto& ability : json.at("abilities")) {
      qemu.abilities.push_back(
          {.name = ability.at("name"), .is_available = ability.at("available"), .reason = ability.value("reason", "")});
    }
  } catch (const nlohmann::json::exception& error) {
    qemu.failure = std::string("the agent's report cannot be read: ") + error.what();
  }
  return qemu;
}

std::string to_text(const std::vector<QemuExamination>& qemus, const host::KvmExamination& kvm) {
  std::string text;
  for (const QemuExamination& qemu : qemus) {
    text += header(qemu);
    std::size_t width = 0;
    for (const Ability& ability : qemu.abilities) {
      width = std::max(width, ability.name.size());
    }
    for (const Ability& ability : qemu.abilities) {
      text += fmt::format("  {:<{}}  {:<3}  {}\n", ability.name, width, ability.is_available ? "yes" : "no",
                          ability.reason);
    }
    if (!qemu.missing.empty()) {
      text += fmt::format("  not exported: {}\n", fmt::join(qemu.missing, ", "));
    }
    text += "\n";
  }
  return text + fmt::format("/dev/kvm: {}, {}\n", kvm.is_usable ? "usable" : "not usable", kvm.reason);
}

std::string to_json(const std::vector<QemuExamination>& qemus, const host::KvmExamination& kvm) {
  ordered_json list = ordered_json::array();
  for (const QemuExamination& qemu : qemus) {
    if (!qemu.failure.empty()) {
      list.push_back({{"path", qemu.path}, {"failure", qemu.failure}});
      continue;
    }
    ordered_json abilities = ordered_json::array();
    for (const Ability& ability : qemu.abilities) {
      abilities.push_back({{"name", ability.name}, {"available", ability.is_available}, {"reason", ability.reason}});
    }
    list.push_back({{"path", qemu.path},
                    {"qemu_version", qemu.version},
                    {"package", qemu.package},
                    {"target", qemu.target},
                    {"agent_version", qemu.agent_version},
                    {"tested", qemu.is_tested},
                    {"abilities", std::move(abilities)},
                    {"missing", qemu.missing}});
  }
  const ordered_json document{{"qemus", std::move(list)}, {"kvm", {{"usable", kvm.is_usable}, {"reason", kvm.reason}}}};
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace fermata::cli
