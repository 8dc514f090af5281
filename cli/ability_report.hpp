// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "fermata/host/kvm.hpp"

namespace fermata::cli {

/// Something that a guest may be able to do, and why it is or is not.
struct Ability {
  std::string name;
  bool is_available = false;
  std::string reason{};
};

/// What is known about one QEMU.
struct QemuExamination {
  std::string path;
  std::string version{};
  std::string package{};
  std::string target{};
  std::string agent_version{};
  bool is_tested = false;
  std::vector<Ability> abilities{};
  std::vector<std::string> missing{};  ///< symbols
  std::string failure{};               ///< why nothing is known; empty if it is
};

/// Reads the document that the agent writes. One that cannot be read becomes a `failure`.
[[nodiscard]] QemuExamination parse_examination(const std::string& path, const std::string& document);

[[nodiscard]] std::string to_text(const std::vector<QemuExamination>& qemus, const host::KvmExamination& kvm);
[[nodiscard]] std::string to_json(const std::vector<QemuExamination>& qemus, const host::KvmExamination& kvm);

}  // namespace fermata::cli
