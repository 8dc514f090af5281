// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fermata/bus/window.hpp"

namespace fermata::machine::boot {

/// What differs from machine to machine in the device tree.
struct DeviceTreeOptions {
  unsigned harts = 1;  ///< 1 to 8
  std::uint64_t ram_size = 0;
  std::string bootargs{};                     ///< the kernel's command line
  std::optional<bus::AddressRange> initrd{};  ///< where it was loaded
  std::optional<std::uint64_t> rng_seed{};    ///< of /chosen/rng-seed; none without
};

/// The board as a flattened device tree (Devicetree Specification v0.4), packed. Names and compatible strings are those
/// of QEMU's `virt`, so that firmware and kernels written for it find everything. The same options give the same bytes.
/// Throws base::BadArgument for a bootargs text that is too long (64 KiB).
[[nodiscard]] std::vector<std::byte> make_device_tree(const DeviceTreeOptions& options);

}  // namespace fermata::machine::boot
