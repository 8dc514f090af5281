// SPDX-License-Identifier: MIT
#include "linux_controller.hpp"

#include <cerrno>
#include <cstdio>

#include "fermata/base/error.hpp"
#include "linux_guest.hpp"

namespace heated_room {
namespace {

namespace base = fermata::base;
namespace sim = fermata::sim;

static_assert(Controller::shift == linux_guest::shift);

// What Linux prints, as it comes; a file or the terminal.
class Console {
 public:
  explicit Console(const std::string& path)
      : file_(path.empty() ? nullptr : std::fopen(path.c_str(), "we")), out_(path.empty() ? stdout : file_.get()) {
    if (out_ == nullptr) {
      throw base::host_error("write " + path, errno);
    }
  }
  void put(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), out_);
    if (text.ends_with('\n')) {
      static_cast<void>(std::fflush(out_));  // whoever looks for the reason of a hang finds the last line
    }
  }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  std::unique_ptr<std::FILE, Closer> file_;
  std::FILE* out_;
};

class LinuxController final : public Controller {
 public:
  LinuxController(const LinuxSettings& settings, const Records& records)
      : settings_(settings),
        console_(settings.console_file),
        guest_(sim::LinkGuest::launch(linux_guest::command({.qemu = settings.qemu,
                                                            .kernel = settings.folder + "/vmlinuz",
                                                            .initramfs = settings.folder + "/initramfs.cpio.gz",
                                                            .made_by = "heated_room_guest"}),
                                      {.name = "the Linux guest",
                                       .channels = {"serial=console", "serial=plant"},
                                       .trace = records.trace,
                                       .record = records.recording})) {
    guest_.serial("console").on_output(
        [this](fermata::time::Instant /*at*/, std::string_view text) { console_.put(text); });
  }

  sim::LinkGuest& guest() override { return guest_; }
  std::string plant_channel() const override { return "plant"; }
  std::string software() const override { return "Linux"; }
  std::string where_to_look() const override {
    return "see its console" + (settings_.console_file.empty() ? "" : ", " + settings_.console_file);
  }

 private:
  LinuxSettings settings_;
  Console console_;
  sim::LinkGuest guest_;
};

}  // namespace

std::unique_ptr<Controller> launch_linux_controller(const LinuxSettings& settings, const Controller::Records& records) {
  return std::make_unique<LinuxController>(settings, records);
}

}  // namespace heated_room
