// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "controller.hpp"

namespace heated_room {

/// What the Linux guest is made of.
struct LinuxSettings {
  std::string qemu = "qemu-system-x86_64";
  std::string folder{};        ///< with vmlinuz and initramfs.cpio.gz
  std::string console_file{};  ///< takes what the guest prints; empty: standard output
};

/// Starts Debian's Linux in a stock QEMU, with the shell script guest/controller.sh as the controller. Throws
/// base::Error if files are missing, the console's cannot be written or QEMU cannot be started.
[[nodiscard]] std::unique_ptr<Controller> launch_linux_controller(const LinuxSettings& settings,
                                                                  const Controller::Records& records);

}  // namespace heated_room
