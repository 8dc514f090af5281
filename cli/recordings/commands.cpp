// SPDX-License-Identifier: MIT
#include "cli/recordings/commands.hpp"

#include <string>

#include "cli/options/span_option.hpp"

namespace fermata::cli {
namespace {

using Action = std::function<int()>;

ExportOptions::Format parse_format(const std::string& name) {
  if (name != "chrome" && name != "pcapng") {
    throw CLI::ValidationError("--format", name + ": it is chrome or pcapng");
  }
  return name == "chrome" ? ExportOptions::Format::chrome : ExportOptions::Format::pcapng;
}

void add_trace(CLI::App& app, RecordingOptions& options, Action& action) {
  CLI::App& trace = *app.add_subcommand("trace", "Print a recording, or export it for other programs");
  trace.require_subcommand(1);

  CLI::App& print =
      *trace.add_subcommand("print", "Print a recording, one line a message, in the order in which they went");
  print.add_option("file", options.print.file, "The recording")->type_name("FILE")->required();
  print.add_flag("--guest", options.print.is_guest_only,
                 "Print the guest trace instead: channels, inputs, outputs and what becomes of the guest, in order of "
                 "their instants; it is what diff compares");
  print.footer("Exit status: 0; 1 if the recording was cut or is damaged, and then everything before that is printed.");
  print.callback([&options, &action] { action = [&options] { return run_print(options.print); }; });

  CLI::App& exported = *trace.add_subcommand("export", "Convert a recording for other programs");
  exported
      .add_option_function<std::string>(
          "--format", [&options](const std::string& name) { options.exported.format = parse_format(name); },
          "chrome: trace-event JSON, for Perfetto and chrome://tracing; pcapng: the frames of the Ethernet channels, "
          "for Wireshark and tshark")
      ->type_name("chrome|pcapng")
      ->required();
  exported.add_option("-o,--output", options.exported.output, "Where to (default: standard output)")->type_name("OUT");
  exported.add_option("file", options.exported.file, "The recording")->type_name("FILE")->required();
  exported.footer("Times are virtual, since the guest's start. Exit status: as of trace print.");
  exported.callback([&options, &action] { action = [&options] { return run_export(options.exported); }; });
}

void add_diff(CLI::App& app, DiffOptions& options, Action& action) {
  CLI::App& command = *app.add_subcommand("diff", "Show the first difference between two recordings");
  command.add_option("a", options.first, "A recording")->type_name("A")->required();
  command.add_option("b", options.second, "Another")->type_name("B")->required();
  command.add_flag("--all", options.is_all,
                   "Compare grants and reports, too, which depend on the quantum, in the order in which they went");
  command.add_option("--context", options.context, "Lines to show before the difference (default 5)")->type_name("N");
  command.footer(
      "What is compared is the guest trace: channels, inputs, outputs and what becomes of the guest, with their\n"
      "instants. It is the same for each quantum, transport and end of the link.\n"
      "Exit status: 0 equal, 1 different, 2 trouble, such as a damaged file.");
  command.callback([&options, &action] { action = [&options] { return run_diff(options); }; });
}

void add_replay(CLI::App& app, ReplayOptions& options, Action& action) {
  CLI::App& command = *app.add_subcommand("replay",
                                          "Run a guest from a recording, without its simulator, and compare:\n"
                                          "  fermata replay [OPTIONS] FILE -- fermata-machine [OPTION...]");
  command.add_option("file", options.file, "The recording")->type_name("FILE")->required();
  add_span(command, "--quantum", "Grant no more than this at once (default: as in the recording)",
           [&options](time::Duration span) { options.quantum = span; });
  add_span(command, "--limit", "Give up when the guest needs more host time than this for one grant (default 60s)",
           [&options](time::Duration span) { options.limit = host::HostDuration(span.ns()); });
  command
      .add_option("--link", options.link,
                  "What goes behind -link fd=N, such as lines=13:14 for fermata-machine, serial=console for QEMU; it "
                  "may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
  command.add_option("--record", options.record, "Record the replay as well")->type_name("FILE");
  command.add_option("--context", options.context, "Lines to show before the difference (default 5)")->type_name("N");
  command.footer(
      "The program is started with -link fd=N behind its options and gets the inputs of the recording at their "
      "instants.\n"
      "What lockstep needs and a QEMU or fermata-machine lacks is added (the agent, -icount, -rtc clock=vm).\n"
      "Its guest trace is compared with the recording's as it comes.\n"
      "Exit status: 0 equal, 1 different, 2 trouble; 130 after an interrupt, 143 after SIGTERM.");
  command.callback([&options, &action] { action = [&options] { return run_replay(options); }; });
}

}  // namespace

void add_recording_commands(CLI::App& app, RecordingOptions& options, Action& action) {
  add_trace(app, options, action);
  add_diff(app, options.diff, action);
  add_replay(app, options.replay, action);
}

}  // namespace fermata::cli
