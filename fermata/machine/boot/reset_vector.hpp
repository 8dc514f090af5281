// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "fermata/bus/window.hpp"

namespace fermata::machine::boot {

/// Where a reset leads.
struct ResetTargets {
  bus::Address start = 0;        ///< first instruction beyond the ROM: firmware, or a kernel without one
  bus::Address device_tree = 0;  ///< passed in a1
  bus::Address next = 0;         ///< what firmware starts in supervisor mode; 0 for nothing
};

/// The content of the boot ROM, from its first byte on: six instructions that enter `start` with a0 = hart, a1 = device
/// tree, a2 = the structure by which OpenSBI's fw_dynamic learns what to start (version 2 of it). As many instructions
/// as QEMU's boot ROM has, so that virtual time agrees from the first instruction on.
[[nodiscard]] std::vector<std::byte> make_reset_rom(const ResetTargets& targets);

}  // namespace fermata::machine::boot
