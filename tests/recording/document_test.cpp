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

void expect_equal(const std::string& path) {
  const Outcome other = run({FERMATA_PYTHON, "-B", FERMATA_READ_RECORDING, path});
  EXPECT_EQ(other.status, host::ExitStatus{}) << other.errors;
  EXPECT_EQ(other.output, common_lines(fermata({"trace", "print", path}).output));
  EXPECT_NE(other.output, "");
}

TEST(Document, SaysHowToReadARecording) {
  const TempFolder folder;
  record_in_process(folder.path("r"), "echo", Instant::at(20_ms), 1_ms, letters("ab\\\n\xff"));
  expect_equal(folder.path("r"));
  record_program(folder.path("s"), folder.path("g"), "time", Instant::at(40_ms), 300_us);
  expect_equal(folder.path("s"));
  expect_equal(folder.path("g"));
  {
    sim::LinkGuest guest =
        sim::LinkGuest::launch({.arguments = machine_with("exit3")}, {.record = folder.path("exit")});
    guest.run_until(Instant::at(1_s), limit);
  }
  expect_equal(folder.path("exit"));
}

}  // namespace
}  // namespace fermata::recording_test
