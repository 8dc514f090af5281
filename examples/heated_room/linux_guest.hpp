// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "controller_guest.hpp"
#include "fermata/trace/sink.hpp"

namespace heated_room {

/// What the Linux guest is made of.
struct LinuxGuestSettings {
  std::string qemu = "qemu-system-x86_64";
  std::string folder{};        ///< with vmlinuz and initramfs.cpio.gz
  std::string console_file{};  ///< takes what the guest prints; empty: the terminal
};

/// Starts Debian's Linux in a stock QEMU, with the shell script guest/controller.sh as the controller. `trace`, if
/// there is one, outlives the guest. Throws base::Error if files are missing or QEMU cannot be started.
[[nodiscard]] std::unique_ptr<ControllerGuest> launch_linux_guest(const LinuxGuestSettings& settings,
                                                                  fermata::trace::Sink* trace);

}  // namespace heated_room
