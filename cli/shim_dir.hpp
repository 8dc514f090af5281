// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace fermata::cli {

/// The folder of links named qemu-system-* to `program` (fermata-qemu): the one beside an installation, or else one in
/// `cache` that is made, or completed, now. Any number of processes may do so at once. Throws base::Error
/// (host_failure) if it cannot be written.
[[nodiscard]] std::filesystem::path make_shim_dir(const std::filesystem::path& program,
                                                  const std::filesystem::path& cache);

/// The user's cache folder by the XDG rules. Throws base::Error (not_found) if neither XDG_CACHE_HOME nor HOME says.
[[nodiscard]] std::filesystem::path cache_folder();

/// `fermata shim-dir`: prints the folder. Returns the program's exit status.
[[nodiscard]] int run_shim_dir();

}  // namespace fermata::cli
