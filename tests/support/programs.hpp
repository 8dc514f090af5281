// SPDX-License-Identifier: MIT
//
// Programs and guests of this build, and running them. Everything that is started here ends with its handle.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "fermata/host/child_process.hpp"

namespace fermata::test_support {

/// Host time after which something that a test waits for counts as never coming.
inline constexpr host::HostDuration limit = std::chrono::seconds(60);

/// The path of a program of this build.
[[nodiscard]] std::string built_program(const std::string& name);
/// The path of a test guest.
[[nodiscard]] std::string guest_path(const std::string& arch, const std::string& name);

/// How a program ended and what it printed.
struct Outcome {
  std::optional<host::ExitStatus> status;  ///< nothing: it did not end within the limit
  std::string output;
  std::string errors;
};
[[nodiscard]] Outcome run(const std::vector<std::string>& arguments, const std::vector<int>& descriptors = {});

/// A variable of this process's environment, put back at the end.
class ScopedVariable {
 public:
  ScopedVariable(std::string name, const std::string& value);
  ~ScopedVariable();
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  std::string name_;
  std::optional<std::string> before_;
};

/// Two programs that use all the processor time they get.
class Load {
 public:
  Load();

 private:
  std::vector<host::ChildProcess> processes_;
};

}  // namespace fermata::test_support
