// SPDX-License-Identifier: MIT
#include "tests/machine/program_fixture.hpp"

#include <algorithm>

namespace fermata::machine_test {
namespace {

sim::Guest launch(const TempFolder& folder, const std::string& guest, const std::vector<std::string>& more) {
  const host::UniqueFd messages = create_file(folder.path("messages"));
  sim::LaunchOptions options{.command = {.arguments = {built_program("fermata-machine"), "-bios", "none", "-nodefaults",
                                                       "-kernel", guest_path("riscv64", guest), "-serial",
                                                       "file:" + folder.path("serial"), "-rtc", "clock=vm"},
                                         .standard_error = messages.get()},
                             .name = guest};
  options.command.arguments.insert(options.command.arguments.end(), more.begin(), more.end());
  if (std::find(more.begin(), more.end(), "-icount") == more.end()) {
    options.command.arguments.insert(options.command.arguments.end(), {"-icount", "shift=3,sleep=off"});
  }
  return sim::Guest::launch(options);
}

}  // namespace

LinkedProgram::LinkedProgram(const std::string& guest, const std::vector<std::string>& more)
    : guest_(launch(folder_, guest, more)) {}

void LinkedProgram::advance_exactly(time::Duration span, int count) {
  for (int i = 0; i < count && !::testing::Test::HasFailure(); ++i) {
    const sim::Report report = guest_.advance(span, limit);
    EXPECT_EQ(report.elapsed.ns(), span.ns()) << messages();
    EXPECT_EQ(report.overshoot.ns(), 0);
  }
}

bool comes_true(const std::function<bool()>& condition, host::HostDuration within) {
  const host::Deadline deadline(host::HostClock::monotonic(), within);
  bool is_true = condition();
  while (!is_true && !deadline.has_passed()) {
    is_true = condition();
  }
  return is_true;
}

Outcome run_machine(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"sh", "-c", "exec \"$@\" </dev/null", "sh", built_program("fermata-machine")});
  return run(arguments);
}

}  // namespace fermata::machine_test
