// SPDX-License-Identifier: MIT
//
// What the tests of fermata-machine share. Everything that is started here ends with its handle.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "fermata/host/clock.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/time/instant.hpp"
#include "tests/support/files.hpp"
#include "tests/support/programs.hpp"

namespace fermata::machine_test {

using namespace std::chrono_literals;
using namespace time::literals;
using namespace test_support;

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

/// Waits until it does, looking again and again; false if it has not within the limit.
[[nodiscard]] bool comes_true(const std::function<bool()>& condition, host::HostDuration within = limit);

/// fermata-machine with these arguments, standard input empty.
[[nodiscard]] Outcome run_machine(std::vector<std::string> arguments);

}  // namespace fermata::machine_test
