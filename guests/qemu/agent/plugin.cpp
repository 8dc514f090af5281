// SPDX-License-Identifier: GPL-2.0-or-later
//
// What QEMU sees of the agent: a TCG plugin that registers no instrumentation. It is the way into the process, on every
// accelerator; the rest is QEMU's own functions. The order of events:
//   constructor          QEMU opens the file: the plugin API version that it will ask for is set to one that it takes
//   qemu_plugin_install  options and symbols are checked; accelerator, chardevs and netdevs exist
//   machine-init-done    behaviour is checked, the machine is taken over; no instruction has run
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>

#include "fermata/base/error.hpp"
#include "guests/qemu/agent/agent_options.hpp"
#include "guests/qemu/agent/machine.hpp"
#include "guests/qemu/agent/threaded/threaded_machine.hpp"
#include "guests/qemu/stock/doctor.hpp"
#include "guests/qemu/stock/plugin_api.hpp"
#include "guests/qemu/stock/probes.hpp"

namespace fermata::qemu {
namespace {

void tell(const std::string& line) { std::fprintf(stderr, "fermata: %s\n", line.c_str()); }

Machine* machine = nullptr;  // the plugin interface hands nothing through to the notifier

void write_report(int descriptor, const std::string& report) {
  std::size_t written = 0;
  while (written < report.size()) {
    const ssize_t count = ::write(descriptor, report.data() + written, report.size() - written);
    if (count <= 0) {
      std::exit(EXIT_FAILURE);
    }
    written += static_cast<std::size_t>(count);
  }
}

struct Examination {
  SymbolSearch search;
  int descriptor = -1;
  std::string target;
};
Examination* examination = nullptr;

[[noreturn]] void examine_and_exit() {
  const bool is_complete = examination->search.missing.empty();
  const auto failures = is_complete ? failed_probes(examination->search.symbols, false) : std::vector<std::string>{};
  write_report(examination->descriptor, examine(examination->search, program_lookup(), examination->target, failures));
  std::exit(EXIT_SUCCESS);
}

void notify_when_ready(const Symbols& symbols, void (*ready)(QemuNotifier*, void*)) {
  static QemuNotifier notifier{};
  notifier.notify = ready;
  symbols.qemu_add_machine_init_done_notifier(&notifier);
}

// The accelerator has been set up: it tells which of the ways it is.
std::unique_ptr<Machine> make_machine(std::uint64_t plugin, const AgentOptions& options, const Symbols& symbols) {
  return *symbols.use_icount != 0 ? make_counted_machine(options, symbols)
                                  : make_threaded_machine(plugin, options, symbols);
}

void install(std::uint64_t plugin, const PluginInfo& info, std::span<const char* const> arguments) {
  const AgentOptions options = parse_agent_options(arguments);
  SymbolSearch search = find_symbols(program_lookup());
  if (options.doctor) {
    examination = new Examination{std::move(search), *options.doctor, info.target_name};
    if (examination->search.symbols.qemu_add_machine_init_done_notifier == nullptr) {
      examine_and_exit();
    }
    notify_when_ready(examination->search.symbols, [](QemuNotifier*, void*) { examine_and_exit(); });
    return;
  }
  if (!search.missing.empty()) {
    std::string names;
    for (const std::string& name : search.missing) {
      names += " " + name;
    }
    throw base::Error(base::ErrorCode::unsupported,
                      "this QEMU (" + to_string(query_version(search.symbols)) + ") does not export:" + names +
                          "; Fermata needs a QEMU built with modules, as distributions ship it");
  }
  machine = make_machine(plugin, options, search.symbols).release();
  ::on_exit([](int status, void* /*unused*/) { machine->ended(status); }, nullptr);
  notify_when_ready(search.symbols, [](QemuNotifier*, void*) {
    try {
      machine->take_over();
    } catch (const std::exception& error) {  // QEMU is C: nothing may pass through it
      tell(error.what());
      std::exit(EXIT_FAILURE);
    }
  });
}

}  // namespace
}  // namespace fermata::qemu

extern "C" {

[[gnu::visibility("default")]] int qemu_plugin_version = 1;

[[gnu::constructor]] static void choose_plugin_api() {
  using namespace fermata::qemu;
  qemu_plugin_version =
      plugin_api_for(query_version(find_symbols(program_lookup()).symbols), std::getenv(plugin_api_variable));
}

[[gnu::visibility("default")]] int qemu_plugin_install(std::uint64_t id, const fermata::qemu::PluginInfo* info,
                                                       int argc, char** argv) {
  try {
    fermata::qemu::install(id, *info, std::span<const char* const>(argv, static_cast<std::size_t>(argc)));
    return 0;
  } catch (const std::exception& error) {
    fermata::qemu::tell(error.what());
    return 1;
  }
}

}  // extern "C"
