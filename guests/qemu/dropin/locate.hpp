// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "fermata/base/error.hpp"

namespace fermata::qemu {

/// There is no QEMU of the name that was asked for.
class QemuNotFound : public base::Error {
 public:
  explicit QemuNotFound(const std::string& what) : Error(base::ErrorCode::not_found, what) {}
};

/// Where things are looked for; taken from the process by `surroundings`, made up by tests.
struct Surroundings {
  std::filesystem::path self;  ///< this program
  std::string search_path;     ///< PATH
  std::string named_agent;     ///< FERMATA_QEMU_AGENT
};
[[nodiscard]] Surroundings surroundings();

/// True if a program called so stands for the QEMU of that name: a link that `fermata shim-dir` made.
[[nodiscard]] bool is_qemu_name(const std::string& name);

/// The path of the QEMU called `name`: a path as it is, a bare name looked up in PATH past every link to this program.
/// Throws QemuNotFound that names the Debian package.
[[nodiscard]] std::filesystem::path find_qemu(const std::string& name, const Surroundings& where);

/// The agent: `named` (--agent), else FERMATA_QEMU_AGENT, else where an installation has it. Throws base::Error
/// (not_found).
[[nodiscard]] std::filesystem::path find_agent(const std::optional<std::string>& named, const Surroundings& where);

/// The Debian package with the QEMU called `name`, e.g. "qemu-system-x86".
[[nodiscard]] std::string package_of(const std::string& name);

}  // namespace fermata::qemu
