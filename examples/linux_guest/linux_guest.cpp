// SPDX-License-Identifier: MIT
#include "linux_guest.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/sim/qemu.hpp"

namespace linux_guest {
namespace {

namespace base = fermata::base;
namespace sim = fermata::sim;

const std::string& expect_file(const std::string& path, const std::string& made_by) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    throw base::Error(base::ErrorCode::not_found,
                      fmt::format("the Linux guest is not there (no {}); build the target {}, which fetches it, or "
                                  "name its folder with --linux-files",
                                  path, made_by));
  }
  return path;
}

}  // namespace

// See README.md for the reasons.
fermata::host::Command command(const Software& software) {
  std::string kernel_options =
      "console=ttyS0 quiet panic=-1 cryptomgr.notests tsc=reliable tsc_early_khz=1000000 hpet=disable pmtmr=0";
  if (!software.kernel_options.empty()) {
    kernel_options += ' ' + software.kernel_options;
  }
  const std::string icount = fmt::format("shift={},sleep=off", shift);
  const std::string& kernel = expect_file(software.kernel, software.made_by);
  const std::string& initramfs = expect_file(software.initramfs, software.made_by);
  std::vector<std::string> arguments{software.qemu, "-M", "pc", "-cpu", "qemu64", "-m", "128"};
  arguments.insert(arguments.end(), {"-display", "none", "-nodefaults", "-no-reboot"});
  arguments.insert(arguments.end(), {"-kernel", kernel, "-initrd", initramfs, "-append", kernel_options});
  arguments.insert(arguments.end(), {"-icount", icount, "-rtc", "base=2026-01-01,clock=vm", "-seed", "1"});
  arguments.insert(arguments.end(), software.devices.begin(), software.devices.end());
  return sim::qemu_command(std::move(arguments), {.inexact = sim::Inexact::refuse});
}

}  // namespace linux_guest
