// SPDX-License-Identifier: MIT
#include "cli/recordings/replay.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "cli/interrupts.hpp"
#include "cli/output.hpp"
#include "fermata/base/error.hpp"
#include "fermata/record/recording_stream.hpp"
#include "fermata/sim/machine_command.hpp"
#include "fermata/sim/qemu.hpp"
#include "fermata/sim/replay/replay.hpp"
#include "fermata/time/units.hpp"

namespace fermata::cli {
namespace {

constexpr int status_equal = 0;
constexpr int status_different = 1;
constexpr int status_trouble = 2;
constexpr host::HostDuration grace = std::chrono::seconds(5);

// A QEMU gets the agent and what else it lacks, as of exec; our own emulator need not be in PATH.
host::Command command_of(const std::vector<std::string>& arguments) {
  if (std::filesystem::path(arguments.front()).filename().string().starts_with("qemu-system-")) {
    return sim::qemu_command(arguments);
  }
  if (arguments.front() == "fermata-machine") {
    return sim::machine_command({arguments.begin() + 1, arguments.end()});
  }
  return {.arguments = arguments};
}

int tell(const ReplayOptions& options, const sim::Replay& replay) {
  if (replay.difference) {
    print_output(to_text(*replay.difference, options.file, "the replay"));
    return status_different;
  }
  const std::string how_far = fmt::format("{} events of the guest trace are equal, up to {} s", replay.equal,
                                          time::to_seconds_string(replay.reached));
  if (!replay.damage.empty()) {
    fmt::print(stderr, "fermata: {}; before that {}\n", replay.damage, how_far);
    return status_trouble;
  }
  print_output(how_far + "\n");
  return status_equal;
}

int replay(const ReplayOptions& options) {
  Interrupts interrupts;
  record::Reader reader(options.file);
  sim::Connection connection = sim::Connection::launch(
      command_of(options.command), {.option = "-link", .key = "fd", .more = options.link}, "the guest", nullptr);
  if (!options.record.empty()) {
    connection.stream = record::recorded(std::move(connection.stream), options.record, record::End::simulator);
  }
  const sim::Replay result =
      sim::replay(reader, connection,
                  {.limit = options.limit, .quantum = options.quantum, .context = options.context, .is_cancelled = [&] {
                     return interrupts.caught().has_value();
                   }});
  connection.close(grace);
  return result.is_cancelled ? 128 + *interrupts.caught() : tell(options, result);
}

}  // namespace

int run_replay(const ReplayOptions& options) {
  try {
    return replay(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "fermata: {}\n", error.what());
    return status_trouble;
  }
}

}  // namespace fermata::cli
