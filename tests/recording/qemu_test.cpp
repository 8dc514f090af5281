// SPDX-License-Identifier: MIT
//
// Recordings of a stock QEMU: made, compared, replayed.
#include <gmock/gmock.h>

#include "tests/qemu/support/linked_qemu.hpp"

namespace fermata::recording_test {
namespace {

using namespace qemu_test;
using ::testing::HasSubstr;
using time::Duration;
using time::Instant;

class RecordedQemu : public QemuTest {
 protected:
  void record(const std::string& path, Duration quantum) const {
    sim::LinkOptions link;
    link.record = path;
    LinkedQemu guest(qemu(), {.guest = "echo", .link = link});
    for (int i = 0; i < 6; ++i) {
      guest->serial("console").send(Instant::at(10_ms + i * 2'000'003_ns), std::string(1, static_cast<char>('a' + i)));
    }
    guest.run_in_quanta(Instant::at(40_ms), quantum);
    guest->close(limit);
  }
  [[nodiscard]] Outcome replay(const std::string& path, const std::string& guest) const {
    std::vector<std::string> arguments = {built_program("fermata"), "replay", "--link", "serial=console", path, "--"};
    const auto command = qemu().command_line("riscv64", guest);
    arguments.insert(arguments.end(), command.begin(), command.end());
    return run(arguments);
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, RecordedQemu, every_version(), version_name);

TEST_P(RecordedQemu, GuestTracesAreEqualAtEachQuantumAndInAReplay) {
  const TempFolder folder;
  record(folder.path("a"), 40_ms);
  record(folder.path("b"), 300_us);
  const Outcome diff = run({built_program("fermata"), "diff", folder.path("a"), folder.path("b")});
  EXPECT_EQ(diff.status, host::ExitStatus{}) << diff.output << diff.errors;
  EXPECT_THAT(run({built_program("fermata"), "trace", "print", "--guest", folder.path("a")}).output,
              HasSubstr("0.020000015 input console f\n"));
  for (const char* name : {"a", "b"}) {
    const Outcome same = replay(folder.path(name), "echo");
    EXPECT_EQ(same.status, host::ExitStatus{}) << same.output << same.errors;
  }
  EXPECT_EQ(replay(folder.path("a"), "time").status, host::ExitStatus{.code = 1});
}

}  // namespace
}  // namespace fermata::recording_test
