// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fermata/machine/boot/image.hpp"

namespace fermata::machine::boot {

/// A file's content and the name to call it by in messages.
struct NamedBytes {
  std::string name;
  SharedBytes bytes;
};
/// Reads a file; the name is its path. Throws as `read_bytes`.
[[nodiscard]] NamedBytes read_named(const std::string& path);

/// What a machine is to run.
struct BootFiles {
  std::optional<NamedBytes> firmware{};  ///< `-bios`: ELF, or raw at the beginning of RAM
  std::optional<NamedBytes> kernel{};    ///< `-kernel`: ELF, or raw at the next 2 MiB behind the firmware
  std::optional<NamedBytes> initrd{};    ///< `-initrd`; needs a kernel
  std::string append{};                  ///< the kernel's command line
  std::vector<Image> more{};             ///< `-device loader`
  std::optional<std::uint64_t> rng_seed{};
};

/// What stands where when a machine of a certain size starts. Never changed, shared by all machines started from it.
struct BootPlan {
  std::uint64_t ram_size = 0;
  unsigned harts = 1;
  std::vector<Image> images;     ///< into RAM, the device tree among them; without overlap
  std::vector<std::byte> rom;    ///< the boot ROM's first bytes
  bus::Address device_tree = 0;  ///< where it stands
};

/// Decides where everything goes, as QEMU's `virt` does: the device tree at the last 2 MiB boundary below the end of
/// RAM and 3 GiB that leaves room for it (4 KiB boundary if RAM is smaller than 8 MiB), the initrd half of RAM or 128
/// MiB behind the kernel. `ram_size` is in bytes, a multiple of 4096. Throws base::Error (unsupported) naming both
/// parts if two overlap, the part that does not fit into RAM, or what is missing if there is nothing to run; as
/// `read_elf` does for damaged files; base::BadArgument for a size or number of harts (1 to 8) that cannot be.
[[nodiscard]] std::shared_ptr<const BootPlan> plan_boot(const BootFiles& files, std::uint64_t ram_size, unsigned harts);

/// The firmware that `-bios default` means: OpenSBI of Debian's package opensbi. Throws base::Error (not_found) that
/// says what to install.
[[nodiscard]] std::string find_default_firmware();

}  // namespace fermata::machine::boot
