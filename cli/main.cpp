// SPDX-License-Identifier: MIT
// fermata: the program. Each subcommand stands in a file of its own; here they get their options.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/doctor.hpp"
#include "cli/exec.hpp"
#include "cli/options/span_option.hpp"
#include "cli/recordings/commands.hpp"
#include "cli/shim_dir.hpp"
#include "fermata/base/error.hpp"
#include "fermata/sim/pacer.hpp"
#include "fermata/time/units.hpp"

namespace fermata::cli {
namespace {

constexpr int status_failure = 1;
constexpr int status_usage = 2;
constexpr std::array commands{"exec", "doctor", "shim-dir", "trace", "diff", "replay"};

// What the chosen subcommand does.
using Action = std::function<int()>;

void add_exec(CLI::App& app, ExecOptions& options, Action& action) {
  CLI::App& command = *app.add_subcommand("exec",
                                          "Run a QEMU command line in lockstep with a clock-only simulator:\n"
                                          "  fermata exec [OPTIONS] -- qemu-system-x86_64 [QEMU-OPTION...]");
  add_span(command, "--quantum", "Virtual time granted at once (default 1ms)",
           [&options](time::Duration span) { options.quantum = span; });
  add_span(command, "--duration", "End after this much virtual time (default: when the guest ends)",
           [&options](time::Duration span) { options.duration = span; });
  add_span(command, "--limit",
           "Give up when the guest needs more host time than this for one quantum (default 60s; 0s: never)",
           [&options](time::Duration span) { options.limit = host::HostDuration(span.ns()); });
  command
      .add_option_function<std::string>(
          "--speed", [&options](const std::string& text) { options.speed = sim::parse_speed(text); },
          "Virtual time over real time at most: 1.0 is real time, 0.1 a tenth (default max: as fast as it goes)")
      ->type_name("NUMBER|max");
  command
      .add_option_function<std::string>(
          "--time",
          [&options](const std::string& text) {
            options.how.time = text == "instructions" ? sim::TimeFrom::instructions : sim::TimeFrom::host;
          },
          "With -accel tcg,thread=multi: virtual time from the host's clock (default) or from executed instructions")
      ->check(CLI::IsMember({"host", "instructions"}));
  command
      .add_option(
          "--dilation", options.how.dilation,
          "With KVM or thread=multi: N ns of virtual time in D ns of the host's; 1/10 shows the guest a machine "
          "10 times as fast")
      ->type_name("N[/D]");
  add_span(command, "--slice", "With --time instructions: how far vCPUs may be apart (default 200us); longer is faster",
           [&options](time::Duration span) { options.how.slice = span; });
  command
      .add_option_function<std::vector<std::string>>(
          "--instruction",
          [&options](const std::vector<std::string>& spans) {
            options.how.instruction.clear();
            std::ranges::transform(spans, std::back_inserter(options.how.instruction), time::parse_duration);
          },
          "With --time instructions: the time that one takes, by vCPU, the last for all further ones (default 8ns)")
      ->delimiter('/')
      ->type_name("SPAN[/SPAN...]");
  command.add_option("--qemu", options.qemu, "Start this QEMU instead of the one that the command names")
      ->type_name("PATH");
  command.add_option("--trace", options.trace, "Write all grants and reports to FILE")->type_name("FILE");
  command.add_option("--record", options.record, "Record them, for fermata trace and diff")->type_name("FILE");
  command.add_flag("--json", options.is_json,
                   "Print the summary as one line of JSON on standard output, after whatever the guest prints there");
  command.add_flag("--quiet", options.is_quiet, "No progress line, no summary");
  command.footer(
      "What lockstep needs and is missing is added (-icount shift=3,sleep=off -rtc clock=vm, the agent); what\n"
      "contradicts it is refused. QEMU's own options choose the way: -enable-kvm or -accel tcg,thread=multi take\n"
      "virtual time from the host's clock, otherwise instructions are counted; what was chosen is said. The summary "
      "goes to standard error. A SPAN is a number and a unit: 100us, 1ms, 2s.\n"
      "Exit status: 0 when the duration was reached; that of the guest's program when it ended by itself or did not\n"
      "start (128+N when signal N killed it, 127 when there is no such QEMU); 130 after an interrupt, 143 after\n"
      "SIGTERM; 1 if Fermata could not go on; 2 for wrong usage.");
  command.callback([&options, &action] { action = [&options] { return run_exec(options); }; });
}

void add_doctor(CLI::App& app, DoctorOptions& options, Action& action) {
  CLI::App& command = *app.add_subcommand("doctor", "Tell what can be done with each QEMU, and whether KVM is usable");
  command.add_option("qemu", options.qemus, "The QEMUs to examine (default: all in PATH)")->type_name("QEMU");
  command.add_flag("--json", options.is_json, "Print JSON");
  command.callback([&options, &action] { action = [&options] { return run_doctor(options); }; });
}

void add_shim_dir(CLI::App& app, Action& action) {
  CLI::App& command = *app.add_subcommand("shim-dir", "Print a folder of links named qemu-system-*, to be put in PATH");
  command.footer(
      "  PATH=\"$(fermata shim-dir):$PATH\" ./simulator\n"
      "lets a simulator that starts qemu-system-x86_64 -qqq sock=5 ... work unchanged on a stock QEMU.");
  command.callback([&action] { action = run_shim_dir; });
}

// `help exec` is `exec --help`.
std::vector<std::string> without_help_word(std::vector<std::string> arguments) {
  if (!arguments.empty() && arguments.front() == "help") {
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  return arguments;
}

// Takes what stands after the first `--`, which is not ours to read.
std::vector<std::string> take_guest_command(std::vector<std::string>& arguments) {
  const auto dashes = std::ranges::find(arguments, "--");
  std::vector<std::string> command(dashes == arguments.end() ? dashes : dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
  return command;
}

// What CLI11 would say less clearly, or nothing.
void expect_command(const std::vector<std::string>& arguments, const std::vector<std::string>& guest_command) {
  const std::string word = arguments.empty() ? "" : arguments.front();
  const bool is_known = std::ranges::find(commands, word) != std::end(commands);
  if (!word.empty() && !word.starts_with('-') && !is_known) {
    throw CLI::ValidationError(
        fmt::format("there is no command '{}'; the commands are {}", word, fmt::join(commands, ", ")));
  }
  const auto asks_for_help = [](const std::string& argument) { return argument == "--help" || argument == "-h"; };
  const bool needs_command = guest_command.empty() && std::ranges::none_of(arguments, asks_for_help);
  if (word == "exec" && needs_command) {
    throw CLI::ValidationError(
        "exec needs a QEMU command line after --, for instance fermata exec --duration 5s -- qemu-system-x86_64 "
        "-nographic");
  }
  if (word == "replay" && needs_command) {
    throw CLI::ValidationError(
        "replay needs the guest's command line after --, for instance fermata replay run.frec -- fermata-machine "
        "-kernel guest.elf -icount shift=3,sleep=off -rtc clock=vm");
  }
  if (word != "exec" && word != "replay" && !guest_command.empty()) {
    throw CLI::ValidationError("only exec and replay take a command after --");
  }
}

int main_of(std::vector<std::string> arguments) {
  CLI::App app{"Holds an emulated computer's virtual clock until the simulator says go", "fermata"};
  app.set_version_flag("--version", "fermata " FERMATA_VERSION);
  app.require_subcommand(1);
  ExecOptions exec;
  DoctorOptions doctor;
  RecordingOptions recordings;
  Action action;
  add_exec(app, exec, action);
  add_doctor(app, doctor, action);
  add_shim_dir(app, action);
  add_recording_commands(app, recordings, action);

  arguments = without_help_word(std::move(arguments));
  exec.command = recordings.replay.command = take_guest_command(arguments);
  const bool is_command = !arguments.empty() && std::ranges::find(commands, arguments.front()) != std::end(commands);
  const std::string help = is_command ? fmt::format("fermata {} --help", arguments.front()) : "fermata --help";
  try {
    expect_command(arguments, exec.command);
    std::ranges::reverse(arguments);  // as CLI11 wants them
    app.parse(std::move(arguments));
    return action();
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "fermata: {}; see {}\n", error.what(), help);
    return status_usage;
  } catch (const base::BadArgument& error) {
    fmt::print(stderr, "fermata: {}\n", error.what());
    return status_usage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "fermata: {}\n", error.what());
    return status_failure;
  }
}

}  // namespace
}  // namespace fermata::cli

int main(int argc, char** argv) {
  return fermata::cli::main_of(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
}
