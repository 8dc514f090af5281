// SPDX-License-Identifier: MIT
//
// A reader that was written from docs/trace-format.md alone sees what ours sees.
#include <gmock/gmock.h>

#include <set>
#include <sstream>

#include "tests/recording/recordings.hpp"

namespace fermata::recording_test {
namespace {

// The lines that the other reader prints, too.
std::string common_lines(const std::string& text) {
  const std::set<std::string> common = {"input", "output", "grant", "report"};
  std::istringstream stream(text);
  std::string lines;
  for (std::string line; std::getline(stream, line);) {
    std::string instant;
    std::string kind;
    std::istringstream(line) >> instant >> kind;
    lines += common.contains(kind) ? line + "\n" : "";
  }
  return lines;
}

TEST(Document, SaysHowToReadARecording) {
  const TempFolder folder;
  record_in_process(folder.path("r"), "echo", Instant::at(20_ms), 1_ms, letters("ab\\\n\xff"));
  record_program(folder.path("s"), folder.path("g"), "time", Instant::at(40_ms), 300_us);
  {
    sim::LinkGuest guest =
        sim::LinkGuest::launch({.arguments = machine_with("exit3")}, {.record = folder.path("exit")});
    guest.run_until(Instant::at(1_s), limit);
  }
  std::vector<std::string> other = {FERMATA_PYTHON, "-B", FERMATA_READ_RECORDING};
  std::string ours;
  for (const char* name : {"r", "s", "g", "exit"}) {
    other.push_back(folder.path(name));
    const std::string lines = common_lines(fermata({"trace", "print", folder.path(name)}).output);
    EXPECT_NE(lines, "") << name;
    ours += lines;
  }
  const Outcome outcome = run(other);
  EXPECT_EQ(outcome.status, host::ExitStatus{}) << outcome.errors;
  EXPECT_EQ(outcome.output, ours);
}

}  // namespace
}  // namespace fermata::recording_test
