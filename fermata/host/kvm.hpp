// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace fermata::host {

/// Whether this process may use the host's virtualisation (Linux's KVM), and why, for people.
struct KvmExamination {
  bool is_usable = false;
  std::string reason{};
};
[[nodiscard]] KvmExamination examine_kvm(const std::string& device = "/dev/kvm");

}  // namespace fermata::host
