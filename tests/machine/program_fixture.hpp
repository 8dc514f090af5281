// SPDX-License-Identifier: MIT
//
// What the tests of fermata-machine share. Everything that is started here ends with its handle.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fermata/sim/guest.hpp"
#include "fermata/time/instant.hpp"

namespace fermata::machine_test {

using namespace std::chrono_literals;
using namespace time::literals;

/// Host time after which something that a test waits for counts as never coming.
inline constexpr host::HostDuration limit = 60s;

/// A folder of its own that goes with its handle.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
};

[[nodiscard]] std::string read_file(const std::string& path);
/// The path of a riscv64 test guest.
[[nodiscard]] std::string guest_path(const std::string& name);
/// The path of a program of this build.
[[nodiscard]] std::string built_program(const std::string& name);

/// fermata-machine under this process's clock, its serial line into a file.
class LinkedProgram {
 public:
  explicit LinkedProgram(const std::string& guest, const std::vector<std::string>& more = {});

  /// Grants and waits; the report is exactly as long as the grant.
  void advance_exactly(time::Duration span, int count = 1);
  [[nodiscard]] sim::Guest& guest() { return guest_; }
  [[nodiscard]] std::string output() const { return read_file(folder_.path("serial")); }
  [[nodiscard]] std::string messages() const { return read_file(folder_.path("messages")); }

 private:
  TempFolder folder_;
  sim::Guest guest_;
};

/// How a program ended and what it printed.
struct Outcome {
  std::optional<host::ExitStatus> status;  ///< nothing: it did not end within the limit
  std::string output;
  std::string errors;
};
[[nodiscard]] Outcome run(const std::vector<std::string>& arguments);
/// fermata-machine with these arguments, standard input empty.
[[nodiscard]] Outcome run_machine(std::vector<std::string> arguments);

}  // namespace fermata::machine_test
