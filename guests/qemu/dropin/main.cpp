// SPDX-License-Identifier: GPL-2.0-or-later
// fermata-qemu: a QEMU command line in, the real QEMU with the agent out.
//
//   parse (command_line) -> judge (rules) -> find QEMU and agent (locate, exports) -> close descriptors -> exec
//
// Never forks: a simulator waits for, and signals, the very process that it started.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/host/kvm.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "guests/qemu/dropin/command_line.hpp"
#include "guests/qemu/dropin/descriptors.hpp"
#include "guests/qemu/dropin/exports.hpp"
#include "guests/qemu/dropin/inexact.hpp"
#include "guests/qemu/dropin/locate.hpp"
#include "guests/qemu/dropin/program_options.hpp"
#include "guests/qemu/dropin/rules.hpp"

namespace fermata::qemu {
namespace {

constexpr int status_refused = 1;
constexpr int status_usage = 2;
constexpr int status_not_found = 127;

void complain(const std::string& text) { fmt::print(stderr, "fermata-qemu: {}\n", text); }

void append(std::vector<std::string>& list, const std::vector<std::string>& more) {
  list.insert(list.end(), more.begin(), more.end());
}

[[noreturn]] void execute(const std::filesystem::path& program, std::vector<std::string> command) {
  std::vector<char*> argv;
  for (std::string& argument : command) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  throw base::host_error("execute " + program.string(), errno);
}

// Executes, or prints what it would.
int start(const ProgramOptions& options, const std::filesystem::path& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), options.print_command ? program.string() : options.qemu);
  if (!options.print_command) {
    execute(program, std::move(arguments));
  }
  for (const std::string& argument : arguments) {
    fmt::print("{}\n", argument);
  }
  return 0;
}

std::string plugin_value(const std::filesystem::path& agent, const std::string& rest) {
  return "file=" + escape_commas(agent.string()) + "," + rest;
}

int examine(const ProgramOptions& options, const Surroundings& where) {
  const std::filesystem::path program = find_qemu(options.qemu, where);
  check_exports(program);
  const auto agent = find_agent(options.agent, where);
  return start(options, program,
               {"-M", "none", "-nodefaults", "-display", "none", "-monitor", "none", "-serial", "none", "-parallel",
                "none", "-accel", "tcg", "-icount", "shift=0,sleep=off", "-rtc", "clock=vm", "-plugin",
                plugin_value(agent, fmt::format("doctor={}", *options.doctor))});
}

// What lets the host's pace into the guest. What of it the agent has to know, as its options.
std::string judge_exactness(const ProgramOptions& options, const LinkOption& link, Way way,
                            const std::vector<std::string>& arguments) {
  if (way != Way::instructions) {
    if (link.protocol == LinkOption::Protocol::link) {
      complain(
          "note: not exact: each vCPU has a thread, so outputs have the instants at which the machine next stands, and "
          "two runs differ; -accel tcg -icount 3,sleep=off is exact");
    }
    return {};
  }
  const Inexact inexact = find_inexact(arguments);
  if (options.is_strict && !inexact.findings.empty()) {
    throw base::Error(base::ErrorCode::unsupported,
                      fmt::format("--strict: {}", fmt::join(inexact.findings, "\nfermata-qemu: --strict: ")));
  }
  std::string told;
  if (link.protocol == LinkOption::Protocol::link) {
    for (const std::string& finding : inexact.findings) {
      complain("note: not exact: " + finding);
    }
    for (const std::string& backend : inexact.late) {
      told += ",late=" + backend;
    }
  }
  return told;
}

// A channel's character device, and a serial port on it, where the command line has none.
void add_serials(const LinkOption& link, std::vector<std::string>& arguments) {
  const auto parsed = parse_options(arguments);
  for (const std::string& id : link.serials) {
    const auto names_it = [&id](const Option& option) {
      const auto pairs = parse_key_values(option.value.value_or(""), "backend");
      return option.name == "chardev" && std::ranges::find(pairs, KeyValue("id", id)) != pairs.end();
    };
    if (std::ranges::none_of(parsed, names_it)) {
      append(arguments, {"-chardev", "null,id=" + id, "-serial", "chardev:" + id});
    }
  }
}

void tell_notes(const ProgramOptions& options, const Ruling& ruling) {
  for (const std::string& note : ruling.notes) {
    complain("note: " + note);
  }
  const auto parsed = parse_options(options.arguments);
  if (std::ranges::find(parsed, "readconfig", &Option::name) != parsed.end()) {
    complain(
        "note: what stands in a -readconfig file is not read here; give -icount, -rtc, -accel and anything with a "
        "descriptor (fd=) on the command line");
  }
}

// What only some of the ways can do.
void check_way(const ProgramOptions& options, Way way) {
  const bool follows_host = way == Way::host_time || way == Way::kvm;
  const auto refuse = [](const std::string& why) { throw base::Error(base::ErrorCode::unsupported, why); };
  if (!options.dilation.empty() && !follows_host) {
    refuse("--dilation: only time that comes from the host's clock can be dilated (KVM, -accel tcg,thread=multi)");
  }
  if ((!options.slice.empty() || !options.instruction.empty()) && way != Way::instruction_slices) {
    refuse(
        "--slice, --instruction: only with --time instructions on multi-threaded TCG; with -icount N an instruction "
        "takes 2^N ns");
  }
  if (options.time_from_instructions && way == Way::instructions) {
    refuse(
        "--time instructions: chooses on multi-threaded TCG; add -accel tcg,thread=multi, or leave it out, because "
        "-icount counts instructions anyway");
  }
  if (options.is_strict && way != Way::instructions) {
    refuse(fmt::format("--strict: {} is not the same in every run", to_string(way)));
  }
  if (way == Way::kvm) {
    if (const host::KvmExamination kvm = host::examine_kvm(); !kvm.is_usable) {
      refuse(
          fmt::format("KVM: /dev/kvm is not usable, {}; without KVM say -accel tcg -icount 3,sleep=off", kvm.reason));
    }
  }
  if (options.tells_way) {
    complain(fmt::format("note: {}", to_string(way)));
  }
}

int run_linked(const ProgramOptions& options, const Settings& settings, const Surroundings& where) {
  const LinkOption& link = *settings.link;
  const host::KvmExamination kvm = host::examine_kvm();
  const Ruling ruling = judge(settings, options.qemu,
                              {.add_missing = options.add_missing,
                               .time_from_instructions = options.time_from_instructions,
                               .no_kvm = kvm.is_usable ? "" : kvm.reason});
  check_way(options, ruling.way);
  std::optional<transport::UnixSocket> connection;  // open until QEMU has taken our place
  if (!link.endpoint.path.empty()) {
    connection = transport::UnixSocket::connect(link.endpoint.path);
  }
  const int sock = connection                  ? connection->descriptor()
                   : link.endpoint.is_memory() ? link.endpoint.life_socket
                                               : link.endpoint.socket;
  check_link_socket(sock);
  const std::filesystem::path program = find_qemu(options.qemu, where);
  check_exports(program);
  const auto agent = find_agent(options.agent, where);
  tell_notes(options, ruling);
  std::vector<std::string> arguments = without_link(options.arguments);
  append(arguments, ruling.additions);
  add_serials(link, arguments);
  std::string told = link.endpoint.is_memory() ? fmt::format("memory={},life={}", link.endpoint.memory, sock)
                     : link.protocol == LinkOption::Protocol::link ? fmt::format("fd={}", sock)
                                                                   : fmt::format("sock={}", sock);
  told += link.endpoint.clocks < 0 ? "" : fmt::format(",clocks={},clock={}", link.endpoint.clocks, link.endpoint.clock);
  told += link.is_exit_at_zero ? ",zero=exit" : "";
  told += ruling.way == Way::instruction_slices ? ",time=instructions" : "";
  told += options.dilation.empty() ? "" : ",dilation=" + options.dilation;
  told += options.slice.empty() ? "" : ",slice=" + options.slice;
  told += options.instruction.empty() ? "" : ",instruction=" + options.instruction;
  told += options.stats ? fmt::format(",stats={}", *options.stats) : "";
  told += link.record.empty() ? "" : ",record=" + escape_commas(link.record);
  told += link.channels + judge_exactness(options, link, ruling.way, arguments);
  append(arguments, {"-plugin", plugin_value(agent, told)});
  close_all_but_at_exec(named_descriptors(arguments));
  return start(options, program, std::move(arguments));
}

int run(const ProgramOptions& options) {
  const Surroundings where = surroundings();
  if (options.doctor) {
    return examine(options, where);
  }
  const std::vector<Option> qemu_options = parse_options(options.arguments);
  const Settings settings = read_settings(qemu_options);
  if (settings.link && !settings.is_question) {
    return run_linked(options, settings, where);
  }
  return start(options, find_qemu(options.qemu, where), without_link(options.arguments));
}

int main_of(const std::string& invoked_as, std::vector<std::string> arguments) {
  ProgramOptions options;
  if (is_qemu_name(invoked_as)) {
    options.qemu = invoked_as;
    options.arguments = std::move(arguments);
  } else {
    try {
      options = parse_program_options(arguments);
    } catch (const base::BadArgument& error) {
      complain(error.what());
      return status_usage;
    }
  }
  if (options.wants_help) {
    fmt::print("{}", usage());
    return 0;
  }
  if (options.wants_version) {
    fmt::print("fermata-qemu {}\n", FERMATA_VERSION);
    return 0;
  }
  try {
    return run(options);
  } catch (const QemuNotFound& error) {
    complain(error.what());
    return status_not_found;
  } catch (const std::exception& error) {
    complain(error.what());
    return status_refused;
  }
}

}  // namespace
}  // namespace fermata::qemu

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  const std::string invoked_as = arguments.empty() ? "" : std::filesystem::path(arguments.front()).filename().string();
  if (!arguments.empty()) {
    arguments.erase(arguments.begin());
  }
  return fermata::qemu::main_of(invoked_as, std::move(arguments));
}
