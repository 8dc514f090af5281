// SPDX-License-Identifier: GPL-2.0-or-later
//
// What QEMU sees of the agent: a TCG plugin that registers no instrumentation. It is the way into the process, on every
// accelerator; the rest is QEMU's own functions. The order of events:
//   constructor          QEMU opens the file: the plugin API version that it will ask for is set to one that it takes
//   qemu_plugin_install  options and symbols are checked; accelerator, chardevs and netdevs exist
//   machine-init-done    behaviour is checked, the machine is taken over; no instruction has run
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/guest/follower.hpp"
#include "fermata/record/recording_stream.hpp"
#include "fermata/transport/endpoint.hpp"
#include "guests/qemu/agent/agent_options.hpp"
#include "guests/qemu/agent/icount_executor.hpp"
#include "guests/qemu/agent/link/channels.hpp"
#include "guests/qemu/agent/link/goodbye.hpp"
#include "guests/qemu/agent/link/stock_channels.hpp"
#include "guests/qemu/agent/watcher.hpp"
#include "guests/qemu/stock/doctor.hpp"
#include "guests/qemu/stock/plugin_api.hpp"
#include "guests/qemu/stock/probes.hpp"
#include "guests/qemu/stock/quiet_clock.hpp"
#include "guests/qemu/stock/stock_qemu.hpp"

namespace fermata::qemu {
namespace {

void tell(const std::string& line) { std::fprintf(stderr, "fermata: %s\n", line.c_str()); }

guest::Statistics* map_statistics(std::optional<int> descriptor) {
  if (!descriptor) {
    return nullptr;
  }
  struct stat file {};
  if (::fstat(*descriptor, &file) < 0 || file.st_size < static_cast<off_t>(sizeof(guest::Statistics))) {
    throw base::BadArgument("stats=" + std::to_string(*descriptor) + ": needs a memory file of at least " +
                            std::to_string(sizeof(guest::Statistics)) + " bytes");
  }
  void* memory = ::mmap(nullptr, sizeof(guest::Statistics), PROT_READ | PROT_WRITE, MAP_SHARED, *descriptor, 0);
  if (memory == MAP_FAILED) {
    throw base::host_error("map the statistics' memory", errno);
  }
  return static_cast<guest::Statistics*>(memory);
}

// Everything that lives in a QEMU under a simulator's clock. Never destroyed: QEMU's threads call into it until the
// process is gone, and exit() must not run a destructor under them.
class Agent {
 public:
  Agent(const AgentOptions& options, const SymbolSearch& search)
      : options_(options),
        symbols_(search.symbols),
        endpoint_(transport::open(options.endpoint)),
        qemu_(symbols_),
        executor_(qemu_) {
    if (options.protocol == AgentOptions::Protocol::link) {
      devices_.emplace(options.channels, program_lookup());
    }
  }

  void take_over_machine() {
    check_machine();
    make_session();
    if (!options_.record.empty()) {
      endpoint_.stream = record::recorded(std::move(endpoint_.stream), options_.record, record::End::guest);
    }
    follower_.emplace(*session_, *endpoint_.stream, executor_,
                      guest::Follower::Options{.statistics = map_statistics(options_.stats)});
    executor_.set_follower(*follower_);
    qemu_.connect(executor_);
    qemu_.set_quiet_clock(quiet_clock_);
    if (const std::string shortfall = quiet_clock_.install(); !shortfall.empty() && std::getenv("FERMATA_VERBOSE")) {
      tell("note: each quantum wakes QEMU's main thread, because " + shortfall);
    }
    const bool may_say_goodbye = options_.protocol == AgentOptions::Protocol::link && !options_.endpoint.is_memory();
    watch_peer(
        endpoint_.hangup,
        [this] {
          qemu_.lock();
          qemu_.request_quit(executor_.has_left_for_a_fault());
          qemu_.unlock();
        },
        may_say_goodbye ? std::function<bool()>([this] { return link::has_goodbye(endpoint_.hangup); }) : nullptr);
  }

  // On QEMU's way out; its threads have stopped if it goes in order.
  void ended(int exit_status) {
    executor_.ended(exit_status);
    try {
      endpoint_.stream->close();  // a recording gets its end
    } catch (const base::Error& error) {
      tell(error.what());
    }
  }

 private:
  void check_machine() const {
    const std::vector<std::string> failures = failed_probes(symbols_, true);
    for (const std::string& failure : failures) {
      tell(failure);
    }
    if (!failures.empty()) {
      tell("QEMU " + to_string(query_version(symbols_)) + " cannot be held at virtual instants as it was started");
      std::exit(EXIT_FAILURE);
    }
    if (const QemuVersionTriple version = query_version(symbols_); !is_tested_version(version)) {
      tell("note: QEMU " + to_string(version) + " is none that Fermata was tested with; all checks passed");
    }
  }

  void make_session() {
    if (!devices_) {
      session_ = std::make_unique<wire::QqqGuestSession>(options_.zero);
      return;
    }
    if (devices_->has_windows()) {
      qemu_.set_clock_shift(shift_.emplace(symbols_, program_lookup()));
    }
    channels_.emplace(
        qemu_, executor_, devices_->snapshots(),
        devices_->open(link::WindowEnd::Wait{
            .may_wait = [this] { return executor_.may_wait_within_instruction(); },
            .until = [this](const auto& is_answered) { return executor_.wait_within_instruction(is_answered); }}));
    devices_->add_devices(symbols_, qemu_);
    for (const auto& device : devices_->devices()) {
      channels_->add_device(*device);
    }
    session_ = channels_->make_session("QEMU " + to_string(query_version(symbols_)));
  }

  AgentOptions options_;
  Symbols symbols_;
  transport::OpenedEndpoint endpoint_;
  StockQemu qemu_;
  QuietClock quiet_clock_{symbols_};
  IcountExecutor executor_;
  std::optional<link::StockChannels> devices_;  // of a link v1 session, as are the next
  std::optional<ClockShift> shift_;
  std::optional<link::Channels> channels_;
  std::unique_ptr<wire::GuestSession> session_;
  std::optional<guest::Follower> follower_;
};

Agent* agent = nullptr;  // the plugin interface hands nothing through to the notifier

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

void install(const PluginInfo& info, std::span<const char* const> arguments) {
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
  agent = new Agent(options, search);
  ::on_exit([](int status, void* /*unused*/) { agent->ended(status); }, nullptr);
  notify_when_ready(search.symbols, [](QemuNotifier*, void*) {
    try {
      agent->take_over_machine();
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

[[gnu::visibility("default")]] int qemu_plugin_install(std::uint64_t /*id*/, const fermata::qemu::PluginInfo* info,
                                                       int argc, char** argv) {
  try {
    fermata::qemu::install(*info, std::span<const char* const>(argv, static_cast<std::size_t>(argc)));
    return 0;
  } catch (const std::exception& error) {
    fermata::qemu::tell(error.what());
    return 1;
  }
}

}  // extern "C"
