// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "fermata/host/child_process.hpp"

namespace linux_guest {

/// QEMU's -icount shift: an instruction is 8 ns of virtual time.
inline constexpr unsigned shift = 3;

/// What boots, beside what README.md tells: Debian's kernel for amd64 with an initramfs.
struct Software {
  std::string qemu = "qemu-system-x86_64";
  std::string kernel;                  ///< a file
  std::string initramfs;               ///< a file
  std::string made_by;                 ///< the build target that makes the two, for the message that they are missing
  std::string kernel_options{};        ///< further ones
  std::vector<std::string> devices{};  ///< of the machine's, as options of QEMU's
};

/// The command that boots it under a simulator's clock, for sim::LinkGuest::launch; the console is the first `serial`
/// channel. Whatever would let the host's pace in is refused. Throws base::Error (not_found) if a file or fermata-qemu
/// is missing.
[[nodiscard]] fermata::host::Command command(const Software& software);

}  // namespace linux_guest
