// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/program_options.hpp"

#include <algorithm>
#include <charconv>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

int parse_descriptor(const std::string& option, const std::string& text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) {
    throw base::BadArgument(option + " " + text + ": needs the number of an open descriptor");
  }
  return number;
}

// True for instructions.
bool parse_time(const std::string& text) {
  if (text != "host" && text != "instructions") {
    throw base::BadArgument("--time " + text + ": virtual time comes from host or instructions");
  }
  return text == "instructions";
}

// What the numbers may be is the agent's to say; it goes into a list with commas.
const std::string& parse_dilation(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789/") != std::string::npos) {
    throw base::BadArgument("--dilation " + text + ": is N or N/D, each from 1 to 10^12");
  }
  return text;
}

// A span, or several; the same holds.
const std::string& parse_spans(const std::string& option, const std::string& text, bool is_list) {
  const auto is_taken = [is_list](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || (is_list && c == '/');
  };
  if (text.empty() || !std::ranges::all_of(text, is_taken)) {
    throw base::BadArgument(option + " " + text + ": needs " +
                            (is_list ? "a span, or one for each vCPU: 8ns/16ns" : "a span: 200us"));
  }
  return text;
}

}  // namespace

ProgramOptions parse_program_options(const std::vector<std::string>& arguments) {
  ProgramOptions options;
  auto at = arguments.begin();
  const auto value = [&](const std::string& option) -> const std::string& {
    if (++at == arguments.end()) {
      throw base::BadArgument(option + " needs a value; see fermata-qemu --help");
    }
    return *at;
  };
  for (; at != arguments.end() && at->starts_with('-'); ++at) {
    if (*at == "--") {
      ++at;
      break;
    }
    if (*at == "--add-missing") {
      options.add_missing = true;
    } else if (*at == "--strict") {
      options.is_strict = true;
    } else if (*at == "--print-command") {
      options.print_command = true;
    } else if (*at == "--tell-way") {
      options.tells_way = true;
    } else if (*at == "--time") {
      options.time_from_instructions = parse_time(value("--time"));
    } else if (*at == "--dilation") {
      options.dilation = parse_dilation(value("--dilation"));
    } else if (*at == "--slice") {
      options.slice = parse_spans("--slice", value("--slice"), false);
    } else if (*at == "--instruction") {
      options.instruction = parse_spans("--instruction", value("--instruction"), true);
    } else if (*at == "--agent") {
      options.agent = value("--agent");
    } else if (*at == "--stats") {
      options.stats = parse_descriptor("--stats", value("--stats"));
    } else if (*at == "--doctor") {
      options.doctor = parse_descriptor("--doctor", value("--doctor"));
    } else if (*at == "--help" || *at == "-h") {
      options.wants_help = true;
    } else if (*at == "--version") {
      options.wants_version = true;
    } else {
      throw base::BadArgument("unknown option " + *at +
                              "; QEMU's options come after the QEMU: fermata-qemu qemu-system-x86_64 -qqq sock=5 ...");
    }
  }
  if (at != arguments.end()) {
    options.qemu = *at;
    options.arguments.assign(at + 1, arguments.end());
  } else if (!options.wants_help && !options.wants_version) {
    throw base::BadArgument("no QEMU named; say for instance fermata-qemu qemu-system-x86_64 -qqq sock=5 ...");
  }
  return options;
}

const char* usage() {
  return "Usage: fermata-qemu [OPTION...] QEMU [QEMU-OPTION...]\n"
         "\n"
         "Starts the stock QEMU in its own place (it execs, it does not fork). With -qqq sock=N among QEMU's options\n"
         "(or -external_sim sock=N), QEMU's virtual clock follows the simulator at the other end of descriptor N, a\n"
         "connected UNIX stream socket. That demands -rtc clock=vm, and -icount N,sleep=off (exact), -enable-kvm or\n"
         "-accel tcg,thread=multi (time from the host's clock). Without -qqq everything is passed on unchanged.\n"
         "\n"
         "  -qqq sock=N[,zero=exit]  zero=exit: a request of 0 us ends QEMU; it is answered at once otherwise\n"
         "  -link fd=N|path=P|memory=M,life=L[,CHANNEL...]  the same over link v1, which carries I/O at exact virtual\n"
         "                    instants: N as above, P a listening socket, M and L shared memory. CHANNELs:\n"
         "      serial=ID         the character device ID; -chardev null,id=ID -serial chardev:ID is added if absent\n"
         "      ethernet=ID       a network backend ID, for -device e1000,netdev=ID\n"
         "      line=NAME:NUMBER[:TYPE]  an input of the interrupt controller, or of the one of QEMU's device type "
         "TYPE\n"
         "      device=FILE@BASE[:NUMBER[:TYPE]][/OPTIONS]  no channel: a device model that is loaded into QEMU\n"
         "      record=FILE       no channel either: FILE takes a recording, for fermata trace, diff and replay\n"
         "      window=NAME@BASE+SIZE, ports=NAME@BASE+SIZE  addresses, or x86 I/O ports, that the simulator answers "
         "for\n"
         "      clocks=C,clock=I  no channel either: shared clocks, of which number I is this guest's; it keeps to "
         "others\n"
         "      dma=NAME          the guest's memory, which the simulator reads and writes at exact instants\n"
         "\n"
         "Options:\n"
         "  --add-missing    add -icount shift=3,sleep=off and -rtc clock=vm where absent\n"
         "  --strict         refuse what lets the host's pace into the guest; without it, -link has notes about that\n"
         "  --time WHERE     with thread=multi: virtual time from host (the default) or from instructions\n"
         "  --dilation N[/D] with KVM or thread=multi: N ns of virtual time in D ns of the host's; with 1/10 the "
         "guest\n"
         "                   sees a machine 10 times as fast\n"
         "  --slice SPAN     with --time instructions: how far vCPUs may be apart (default 200us); longer is faster\n"
         "  --instruction SPAN[/SPAN...]  with --time instructions: the time that one takes, by vCPU, the last for "
         "all\n"
         "                   further ones (default 8ns)\n"
         "  --tell-way       say on standard error where virtual time comes from\n"
         "  --agent FILE     the agent that QEMU loads (else FERMATA_QEMU_AGENT, else the installed one)\n"
         "  --stats FD       shared memory in which the agent counts\n"
         "  --print-command  print the command that would be executed, one argument a line, and exit\n"
         "  --doctor FD      have the agent examine QEMU and write a JSON report to FD\n"
         "  --help, --version\n"
         "\n"
         "Called by the name of a QEMU (a link, see fermata shim-dir) it takes no options of its own and finds the\n"
         "QEMU of that name further down the PATH.\n"
         "\n"
         "Exit status: QEMU's; 1 if the command line is refused, 2 for wrong usage, 127 if QEMU is not found.\n";
}

}  // namespace fermata::qemu
