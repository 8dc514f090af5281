// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace fermata::qemu {

/// Which of `symbols` the ELF program at `path` does not export dynamically. Nothing is missing in what is no ELF
/// program of this host (a wrapper script), or cannot be read: then QEMU itself will tell.
[[nodiscard]] std::vector<std::string> missing_exports(const std::filesystem::path& path,
                                                       std::span<const char* const> symbols);

/// Throws base::Error (unsupported) if the QEMU at `path` lacks what the agent cannot even be loaded without.
void check_exports(const std::filesystem::path& path);

}  // namespace fermata::qemu
