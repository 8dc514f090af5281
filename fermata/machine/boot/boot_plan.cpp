// SPDX-License-Identifier: MIT
#include "fermata/machine/boot/boot_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/machine/board_map.hpp"
#include "fermata/machine/boot/device_tree.hpp"
#include "fermata/machine/boot/reset_vector.hpp"

namespace fermata::machine::boot {
namespace {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr std::uint64_t smallest_ram = 64 * 1024;
constexpr std::uint64_t largest_ram = std::uint64_t{1} << 40;
constexpr const char* default_firmware = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin";

std::uint64_t align_down(std::uint64_t value, std::uint64_t unit) { return value / unit * unit; }
std::uint64_t align_up(std::uint64_t value, std::uint64_t unit) { return align_down(value + unit - 1, unit); }

[[noreturn]] void refuse(const std::string& why) { throw base::Error(base::ErrorCode::unsupported, why); }

struct NamedPiece {
  const Image* image;
  const Image::Piece* piece;
};

// Names what does not fit, or the first pair that overlaps.
void check(const BootPlan& plan) {
  std::vector<NamedPiece> all;
  for (const Image& image : plan.images) {
    for (const Image::Piece& piece : image.pieces) {
      const std::uint64_t offset = piece.at - board_map::ram_begin;
      if (offset >= plan.ram_size || piece.size > plan.ram_size - offset) {
        refuse(fmt::format(
            "{}: {:#x} bytes at {:#x} are beyond the machine's RAM, which is {:#x} to {:#x}; give it "
            "more memory (-m), or link the image elsewhere",
            image.name, piece.size, piece.at, board_map::ram_begin, board_map::ram_begin + plan.ram_size - 1));
      }
      all.push_back({&image, &piece});
    }
  }
  std::ranges::stable_sort(all, {}, [](const NamedPiece& part) { return part.piece->at; });
  for (std::size_t i = 1; i < all.size(); ++i) {
    const NamedPiece& before = all[i - 1];
    if (all[i].piece->at - before.piece->at < before.piece->size) {
      refuse(
          fmt::format("{} and {} overlap at {:#x}; give the machine more memory (-m), or place one of them elsewhere",
                      before.image->name, all[i].image->name, all[i].piece->at));
    }
  }
}

bus::Address device_tree_place(std::uint64_t ram_size, std::uint64_t size) {
  constexpr bus::Address end_of_32_bits = 3072 * mib;  // so that firmware in 32-bit mode could reach it
  const bus::Address end = std::min(board_map::ram_begin + ram_size, end_of_32_bits);
  return align_down(end - size, ram_size < 8 * mib ? page : 2 * mib);
}

// As QEMU places it; where that is no RAM or taken by the device tree, as high below the tree as it goes.
bus::Address initrd_place(const Image& kernel, std::uint64_t ram_size, std::uint64_t size, bus::Address device_tree) {
  const bus::Address usual = align_up(kernel.entry + std::min(ram_size / 2, 128 * mib), page);
  if (usual + size <= device_tree && usual >= kernel.end()) {
    return usual;
  }
  return size < device_tree ? align_down(device_tree - size, page) : usual;
}

void check_arguments(const BootFiles& files, std::uint64_t ram_size, unsigned harts) {
  if (ram_size % page != 0 || ram_size < smallest_ram || ram_size > largest_ram) {
    throw base::BadArgument(
        fmt::format("memory size (-m) of {} bytes; it is a multiple of 4 KiB from 64 KiB to 1 TiB", ram_size));
  }
  if (harts < 1 || harts > board_map::max_harts) {
    throw base::BadArgument(fmt::format("{} harts (-smp); 1 to {} are possible", harts, board_map::max_harts));
  }
  if (files.initrd && !files.kernel) {
    throw base::BadArgument("initrd (-initrd) without a kernel (-kernel); give both");
  }
  if (!files.append.empty() && !files.kernel) {
    throw base::BadArgument("kernel command line (-append) without a kernel (-kernel); give both");
  }
  if (!files.firmware && !files.kernel && files.more.empty()) {
    refuse("there is nothing to run: give a firmware (-bios) or a program (-kernel)");
  }
}

void add_device_tree(BootPlan& plan, const BootFiles& files, DeviceTreeOptions options, const Image* kernel) {
  if (files.initrd) {
    options.initrd.emplace();  // counts for the size, wherever it will be
  }
  const std::uint64_t size = make_device_tree(options).size();
  plan.device_tree = device_tree_place(plan.ram_size, size);
  if (files.initrd && !files.initrd->bytes->empty()) {
    const std::uint64_t initrd_size = files.initrd->bytes->size();
    const bus::Address at = initrd_place(*kernel, plan.ram_size, initrd_size, plan.device_tree);
    options.initrd = bus::AddressRange{.begin = at, .size = initrd_size};
    plan.images.push_back(raw_image(files.initrd->name, files.initrd->bytes, at));
  }
  auto tree = std::make_shared<const std::vector<std::byte>>(make_device_tree(options));
  plan.images.push_back(raw_image("the device tree", std::move(tree), plan.device_tree));
}

}  // namespace

NamedBytes read_named(const std::string& path) { return {.name = path, .bytes = read_bytes(path)}; }

std::shared_ptr<const BootPlan> plan_boot(const BootFiles& files, std::uint64_t ram_size, unsigned harts) {
  check_arguments(files, ram_size, harts);
  auto plan = std::make_shared<BootPlan>();
  plan->ram_size = ram_size;
  plan->harts = harts;
  ResetTargets targets{.start = board_map::ram_begin};
  bus::Address kernel_at = board_map::ram_begin;
  if (files.firmware) {
    plan->images.push_back(elf_or_raw_image(files.firmware->name, files.firmware->bytes, board_map::ram_begin));
    targets.start = plan->images.back().entry;
    kernel_at = align_up(plan->images.back().end(), 2 * mib);
  }
  std::optional<Image> kernel;
  if (files.kernel) {
    kernel = elf_or_raw_image(files.kernel->name, files.kernel->bytes, kernel_at);
    plan->images.push_back(*kernel);
    (files.firmware ? targets.next : targets.start) = kernel->entry;
  }
  plan->images.insert(plan->images.end(), files.more.begin(), files.more.end());
  const DeviceTreeOptions options{
      .harts = harts, .ram_size = ram_size, .bootargs = files.append, .initrd = {}, .rng_seed = files.rng_seed};
  add_device_tree(*plan, files, options, kernel ? &*kernel : nullptr);
  check(*plan);
  targets.device_tree = plan->device_tree;
  plan->rom = make_reset_rom(targets);
  return plan;
}

std::string find_default_firmware() {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(default_firmware, ignored)) {
    return default_firmware;
  }
  throw base::Error(base::ErrorCode::not_found,
                    fmt::format("OpenSBI was not found at {}; install Debian's package opensbi, or say -bios FILE, or "
                                "-bios none for a kernel that runs in machine mode",
                                default_firmware));
}

}  // namespace fermata::machine::boot
