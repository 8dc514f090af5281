// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "cli/ability_report.hpp"

namespace fermata::cli {

struct DoctorOptions {
  std::vector<std::string> qemus{};  ///< none: all that are found in PATH
  bool is_json = false;
};

/// The programs called qemu-system-* in the folders of `search_path`, each name once, as execvp would find it; links to
/// fermata-qemu are passed over.
[[nodiscard]] std::vector<std::string> find_qemus(const std::string& search_path);

/// Has the agent examine the QEMU at `path`. What goes wrong is told in the result.
[[nodiscard]] QemuExamination examine_qemu(const std::string& path);

/// `fermata doctor`: returns the program's exit status, 0 if every QEMU could be examined and there was one.
[[nodiscard]] int run_doctor(const DoctorOptions& options);

}  // namespace fermata::cli
