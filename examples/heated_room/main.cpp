// SPDX-License-Identifier: MIT
//
// A heated room and a guest that controls its heater, in lockstep: see README.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "experiment.hpp"
#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"
#include "fermata/trace/sink.hpp"
#include "linux_controller.hpp"
#include "machine_controller.hpp"
#include "report.hpp"

namespace heated_room {
namespace {

struct Options {
  Settings settings;
  std::string guest = "machine";
  std::string firmware = HEATED_ROOM_FIRMWARE;
  LinuxSettings linux_settings{.folder = HEATED_ROOM_GUEST};
  std::string output = HEATED_ROOM_OUTPUT;
  std::string trace;
  std::string recording;
  bool is_console_shown = false;

  [[nodiscard]] bool is_linux() const { return guest == "linux"; }
};

// An option that takes a span such as 10ms.
void add_span(CLI::App& app, const std::string& name, Duration& into, const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [&into, name](const std::string& text) {
           try {
             into = fermata::time::parse_duration(text);
           } catch (const fermata::base::BadArgument& error) {
             throw CLI::ValidationError(name, error.what());
           }
           if (into <= Duration::zero() || into > 86400_s) {
             throw CLI::ValidationError(name, "takes more than none and at most a day");
           }
         },
         help)
      ->default_str(fermata::time::to_string(into))
      ->type_name("TIME");
}

void add_experiment_options(CLI::App& app, Options& options, Duration& limit) {
  add_span(app, "--duration", options.settings.duration,
           "virtual time of control, after the guest has booted; rounded up to whole seconds");
  add_span(app, "--quantum", options.settings.quantum, "virtual time that the guest is granted at most at once");
  add_span(app, "--limit", limit, "host time to wait for one report");
  app.add_option("--seed", options.settings.seed, "of the weather's noise")->capture_default_str();
  app.add_option("--output", options.output, "folder for the samples, the plot and the guest's console")
      ->capture_default_str();
  app.add_option("--trace", options.trace, "file for every grant, report and byte, as text");
  app.add_option("--record", options.recording, "file for a recording of the link, for fermata trace, diff and replay");
}

void add_guest_options(CLI::App& app, Options& options) {
  app.add_option("--guest", options.guest,
                 "machine: firmware on the embedded machine, in this process; linux: Debian's Linux in a stock QEMU")
      ->check(CLI::IsMember({"machine", "linux"}))
      ->capture_default_str();
  app.add_option("--firmware", options.firmware, "ELF file that the machine runs")->capture_default_str();
  app.add_option("--qemu", options.linux_settings.qemu, "the QEMU that runs Linux")->capture_default_str();
  app.add_option("--linux-files", options.linux_settings.folder, "folder with Linux's vmlinuz and initramfs.cpio.gz")
      ->capture_default_str();
  app.add_flag("--console", options.is_console_shown, "show Linux's console instead of writing it to a file");
}

// An option of the guest that is not run would go unnoticed otherwise.
void refuse_options_of_the_other_guest(const CLI::App& app, const Options& options) {
  const auto refuse = [&app](const char* name, const char* guest) {
    if (app.count(name) > 0) {
      throw CLI::ValidationError(name, fmt::format("is for --guest {}", guest));
    }
  };
  if (options.is_linux()) {
    refuse("--firmware", "machine");
    return;
  }
  for (const char* const name : {"--qemu", "--linux-files", "--console"}) {
    refuse(name, "linux");
  }
}

// Nothing if the program is to end with the status given.
std::optional<Options> read_options(int argc, char** argv, int& status) {
  Options options;
  Duration limit = 60_s;
  CLI::App app("A heated room and a guest that controls its heater, in lockstep.", "heated_room");
  add_experiment_options(app, options, limit);
  add_guest_options(app, options);
  try {
    app.parse(argc, argv);
    refuse_options_of_the_other_guest(app, options);
  } catch (const CLI::ParseError& error) {
    status = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  options.settings.limit = fermata::host::HostDuration(limit.ns());
  if (!options.is_console_shown) {
    options.linux_settings.console_file = options.output + "/console.txt";
  }
  return options;
}

int run(const Options& options) {
  std::filesystem::create_directories(options.output);
  std::optional<fermata::trace::TextFileSink> trace;
  if (!options.trace.empty()) {
    trace.emplace(options.trace);
  }
  const Controller::Records records{.trace = trace ? &*trace : nullptr, .recording = options.recording};
  const std::unique_ptr<Controller> controller = options.is_linux()
                                                     ? launch_linux_controller(options.linux_settings, records)
                                                     : make_machine_controller(options.firmware, records);
  // Some twenty rows, however long the run.
  Report report(controller->software(), options.output + "/heated_room.csv",
                std::max(options.settings.duration, 20_s) / 20_s * 1_s);
  Experiment experiment(options.settings, *controller, report);
  const Outcome outcome = experiment.run();
  if (trace) {
    trace->close();
  }
  const bool is_good = report.finish(outcome);
  plot(options.output, options.is_linux()
                           ? "A heated room, controlled by Linux in QEMU, in lockstep"
                           : "A heated room, controlled by firmware on the embedded machine, in lockstep");
  return is_good ? 0 : 1;
}

}  // namespace
}  // namespace heated_room

int main(int argc, char** argv) {
  try {
    int status = 0;
    const auto options = heated_room::read_options(argc, argv, status);
    return options ? heated_room::run(*options) : status;
  } catch (const std::exception& error) {
    fmt::print(stderr, "\nheated_room: {}\n", error.what());
    return 1;
  }
}
