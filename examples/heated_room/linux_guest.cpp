// SPDX-License-Identifier: MIT
#include "linux_guest.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/sim/qemu.hpp"
#include "serial_line.hpp"

namespace heated_room {
namespace {

namespace base = fermata::base;
namespace host = fermata::host;
namespace sim = fermata::sim;

void expect_file(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    throw base::Error(
        base::ErrorCode::not_found,
        "the Linux guest is not there (no " + path +
            "); build the target heated_room_guest, which fetches it, or name its folder with --linux-files");
  }
}

// See guest/README.md for the machine and the kernel's options.
host::Command guest_command(const LinuxGuestSettings& settings, int plant_descriptor) {
  const std::string kernel = settings.folder + "/vmlinuz";
  const std::string initramfs = settings.folder + "/initramfs.cpio.gz";
  expect_file(kernel);
  expect_file(initramfs);
  const std::string console =
      settings.console_file.empty() ? "stdio,id=console,signal=on" : "file,id=console,path=" + settings.console_file;
  host::Command command = sim::qemu_command({
      settings.qemu,
      "-M",
      "pc",
      "-cpu",
      "qemu64",
      "-m",
      "128",  // the machine,
      "-display",
      "none",
      "-nodefaults",
      "-no-reboot",  //
      "-kernel",
      kernel,
      "-initrd",
      initramfs,  // its software,
      "-append",  //
      "console=ttyS0 quiet panic=-1 cryptomgr.notests tsc=reliable tsc_early_khz=1000000 hpet=disable pmtmr=0",
      "-icount",
      "shift=3,sleep=off",
      "-rtc",
      "base=2026-01-01,clock=vm",
      "-seed",
      "1",  // its time and luck,
      "-chardev",
      console,
      "-serial",
      "chardev:console",  // its console,
      "-chardev",
      fmt::format("socket,id=plant,fd={}", plant_descriptor),
      "-serial",
      "chardev:plant"  // and the plant
  });
  command.inherited_descriptors.push_back(plant_descriptor);
  return command;
}

class LinuxGuest final : public ControllerGuest {
 public:
  LinuxGuest(const LinuxGuestSettings& settings, fermata::trace::Sink* trace)
      : console_file_(settings.console_file),
        guest_(sim::Guest::launch(
            {.command = guest_command(settings, serial_.guest_end()), .name = "the Linux guest", .trace = trace})) {
    serial_.close_guest_end();
  }

  sim::Guest& handle() override { return guest_; }
  std::string software() const override { return "Linux"; }
  std::string where_to_look() const override {
    return "see its console" + (console_file_.empty() ? "" : ", " + console_file_);
  }
  void send(std::string_view line) override { serial_.send(line); }
  std::optional<std::string> receive() override { return serial_.receive(); }
  std::optional<host::ExitStatus> close() override { return guest_.close(); }

 private:
  std::string console_file_;
  SerialLine serial_;
  sim::Guest guest_;
};

}  // namespace

std::unique_ptr<ControllerGuest> launch_linux_guest(const LinuxGuestSettings& settings, fermata::trace::Sink* trace) {
  return std::make_unique<LinuxGuest>(settings, trace);
}

}  // namespace heated_room
