// SPDX-License-Identifier: MIT
#include "tests/machine/program_fixture.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "fermata/base/error.hpp"
#include "fermata/host/unique_fd.hpp"

namespace fermata::machine_test {
namespace {

host::UniqueFd create(const std::string& path) {
  host::UniqueFd fd(::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
  if (!fd.is_open()) {
    throw base::host_error("create " + path, errno);
  }
  return fd;
}

sim::Guest launch(const TempFolder& folder, const std::string& guest, const std::vector<std::string>& more) {
  const host::UniqueFd messages = create(folder.path("messages"));
  sim::LaunchOptions options{
      .command = {.arguments = {built_program("fermata-machine"), "-bios", "none", "-nodefaults", "-kernel",
                                guest_path(guest), "-serial", "file:" + folder.path("serial"), "-rtc", "clock=vm"},
                  .standard_error = messages.get()},
      .name = guest};
  options.command.arguments.insert(options.command.arguments.end(), more.begin(), more.end());
  if (std::find(more.begin(), more.end(), "-icount") == more.end()) {
    options.command.arguments.insert(options.command.arguments.end(), {"-icount", "shift=3,sleep=off"});
  }
  return sim::Guest::launch(options);
}

}  // namespace

TempFolder::TempFolder() {
  std::string name = std::filesystem::temp_directory_path() / "fermata-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    throw base::host_error("make a folder " + name, errno);
  }
  folder_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string guest_path(const std::string& name) { return FERMATA_TEST_GUESTS "/riscv64/" + name + ".elf"; }

std::string built_program(const std::string& name) { return FERMATA_TEST_BINDIR "/" + name; }

LinkedProgram::LinkedProgram(const std::string& guest, const std::vector<std::string>& more)
    : guest_(launch(folder_, guest, more)) {}

void LinkedProgram::advance_exactly(time::Duration span, int count) {
  for (int i = 0; i < count && !::testing::Test::HasFailure(); ++i) {
    const sim::Report report = guest_.advance(span, limit);
    EXPECT_EQ(report.elapsed.ns(), span.ns()) << messages();
    EXPECT_EQ(report.overshoot.ns(), 0);
  }
}

Outcome run(const std::vector<std::string>& arguments) {
  const TempFolder folder;
  const host::UniqueFd output = create(folder.path("output"));
  const host::UniqueFd errors = create(folder.path("errors"));
  Outcome outcome;
  {
    const host::ChildProcess process(
        {.arguments = arguments, .standard_output = output.get(), .standard_error = errors.get()});
    outcome.status = process.wait(limit);
  }
  outcome.output = read_file(folder.path("output"));
  outcome.errors = read_file(folder.path("errors"));
  return outcome;
}

Outcome run_machine(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"sh", "-c", "exec \"$@\" </dev/null", "sh", built_program("fermata-machine")});
  return run(arguments);
}

}  // namespace fermata::machine_test
