// SPDX-License-Identifier: MIT
#include "tests/support/programs.hpp"

#include <cstdlib>
#include <utility>

#include "tests/support/files.hpp"

namespace fermata::test_support {

std::string built_program(const std::string& name) { return FERMATA_TEST_BINDIR "/" + name; }

std::string guest_path(const std::string& arch, const std::string& name) {
  return FERMATA_TEST_GUESTS "/" + arch + "/" + name + ".elf";
}

Outcome run(const std::vector<std::string>& arguments, const std::vector<int>& descriptors) {
  const TempFolder folder;
  const host::UniqueFd output = create_file(folder.path("output"));
  const host::UniqueFd errors = create_file(folder.path("errors"));
  Outcome outcome;
  {
    const host::ChildProcess process({.arguments = arguments,
                                      .inherited_descriptors = descriptors,
                                      .standard_output = output.get(),
                                      .standard_error = errors.get()});
    outcome.status = process.wait(limit);
  }
  outcome.output = read_file(folder.path("output"));
  outcome.errors = read_file(folder.path("errors"));
  return outcome;
}

ScopedVariable::ScopedVariable(std::string name, const std::string& value) : name_(std::move(name)) {
  if (const char* before = std::getenv(name_.c_str()); before != nullptr) {
    before_ = before;
  }
  ::setenv(name_.c_str(), value.c_str(), 1);
}

ScopedVariable::~ScopedVariable() {
  if (before_) {
    ::setenv(name_.c_str(), before_->c_str(), 1);
  } else {
    ::unsetenv(name_.c_str());
  }
}

Load::Load() {
  for (int i = 0; i < 2; ++i) {
    processes_.emplace_back(host::Command{.arguments = {"sh", "-c", "while :; do :; done"}});
  }
}

}  // namespace fermata::test_support
