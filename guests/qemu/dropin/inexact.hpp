// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "guests/qemu/dropin/command_line.hpp"

namespace fermata::qemu {

/// What of a QEMU command line lets the host's pace into the guest.
struct Inexact {
  std::vector<std::string> findings{};  ///< for people: the option, what happens, what to say instead
  std::vector<std::string> late{};      ///< network backends whose card sends in QEMU's main thread
};

/// Looks for devices and options whose doings have no exact instants under instruction counting: network cards that
/// send from QEMU's main thread, host networks, disks, host serial lines, clocks and random numbers of the host.
[[nodiscard]] Inexact find_inexact(const std::vector<std::string>& arguments);

}  // namespace fermata::qemu
