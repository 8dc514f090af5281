// SPDX-License-Identifier: MIT
// fermata-machine: the embedded machine as an emulator with QEMU-style options.
//
//   options -> judge (setup) -> machine, loop, serial lines (emulation) -> run_linked | run_free
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "guests/machine/emulation.hpp"
#include "guests/machine/free_run.hpp"
#include "guests/machine/linked_run.hpp"
#include "guests/machine/options/options.hpp"
#include "guests/machine/options/usage.hpp"
#include "guests/machine/setup.hpp"
#include "guests/machine/signals.hpp"

namespace fermata::machine_program {
namespace {

constexpr int status_refused = 1;
constexpr int status_output_lost = 1;

// A simulator's own end of the link, inherited by mistake, would keep the end of the simulator from being seen
// (sync-protocol, "What real clients do").
void close_inherited(const transport::Endpoint& kept) {
  std::array<int, 4> descriptors{kept.socket, kept.memory, kept.life_socket, kept.clocks};
  std::ranges::sort(descriptors);
  unsigned first = STDERR_FILENO + 1;
  for (const int descriptor : descriptors) {
    const auto number = static_cast<unsigned>(descriptor);
    if (descriptor >= static_cast<int>(first)) {
      if (number > first) {
        ::close_range(first, number - 1, 0);
      }
      first = number + 1;
    }
  }
  ::close_range(first, ~0U, 0);
}

int run(const Options& options) {
  Signals::hold_back();
  const Ruling ruling = judge(options);
  for (const std::string& note : ruling.notes) {
    fmt::print(stderr, "fermata-machine: note: {}\n", note);
  }
  if (options.link) {
    close_inherited(options.link->endpoint);
  }
  Emulation emulation(options, ruling);
  if (!emulation.wait_for_serial_lines()) {
    return 0;
  }
  const int status = options.link ? run_linked(emulation, *options.link) : run_free(emulation, ruling);
  return status == 0 && emulation.has_lost_output() ? status_output_lost : status;
}

int main_of(const std::vector<std::string>& arguments) {
  try {
    const Options options = parse_options(arguments);
    if (options.wants_help) {
      fmt::print("{}", usage());
      return 0;
    }
    if (options.wants_version) {
      fmt::print("fermata-machine {}\n", FERMATA_VERSION);
      return 0;
    }
    return run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "fermata-machine: {}\n", error.what());
    return status_refused;
  }
}

}  // namespace
}  // namespace fermata::machine_program

int main(int argc, char** argv) {
  return fermata::machine_program::main_of(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}
