// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "tests/recording/recordings.hpp"

namespace fermata::recording_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Diff, GuestTracesAreEqualAtEachQuantumAndEachEnd) {
  const TempFolder folder;
  const std::string reference = folder.path("reference");
  record_in_process(reference, "echo", Instant::at(20_ms), 20_ms, letters("abcdef"));
  for (const Duration quantum : {37_us, 1_ms}) {
    record_in_process(folder.path("in_process"), "echo", Instant::at(20_ms), quantum, letters("abcdef"));
    record_program(folder.path("simulators"), folder.path("guests"), "echo", Instant::at(20_ms), quantum,
                   letters("abcdef"));
    for (const char* other : {"in_process", "simulators", "guests"}) {
      const Outcome equal = fermata({"diff", reference, folder.path(other)});
      EXPECT_EQ(equal.status, host::ExitStatus{}) << other << equal.output << equal.errors;
      EXPECT_EQ(equal.output + equal.errors, "");
      EXPECT_EQ(fermata({"diff", "--all", reference, folder.path(other)}).status, host::ExitStatus{.code = 1}) << other;
    }
    EXPECT_EQ(fermata({"trace", "print", "--guest", reference}).output,
              fermata({"trace", "print", "--guest", folder.path("guests")}).output);
  }
  const std::string text = fermata({"trace", "print", "--guest", reference}).output;
  EXPECT_THAT(text, HasSubstr("0.000000000 channel 1 serial0 serial in out\n"));
  EXPECT_THAT(text, HasSubstr("0.006000000 input serial0 f\n"));
  EXPECT_THAT(text, HasSubstr(" output serial0 f\n"));
}

TEST(Diff, TheSameRunIsTheSameFile) {
  const TempFolder folder;
  record_in_process(folder.path("a"), "echo", Instant::at(20_ms), 100_us, letters("abcdef"));
  record_in_process(folder.path("b"), "echo", Instant::at(20_ms), 100_us, letters("abcdef"));
  EXPECT_EQ(read_file(folder.path("a")), read_file(folder.path("b")));
  EXPECT_EQ(fermata({"diff", "--all", folder.path("a"), folder.path("b")}).status, host::ExitStatus{});
}

TEST(Diff, ShowsExactlyTheInputThatWasChanged) {
  const TempFolder folder;
  record_in_process(folder.path("a"), "echo", Instant::at(20_ms), 1_ms, letters("abcdef"));
  record_in_process(folder.path("b"), "echo", Instant::at(20_ms), 300_us, letters("abcxef"));
  const Outcome different = fermata({"diff", "--context", "1", folder.path("a"), folder.path("b")});
  EXPECT_EQ(different.status, host::ExitStatus{.code = 1});
  EXPECT_THAT(different.output, HasSubstr("the first difference is at 0.004000000 s, on serial0\n"));
  EXPECT_THAT(different.output, HasSubstr(" output serial0 c\n- 0.004000000 input serial0 d\n"
                                          "+ 0.004000000 input serial0 x\n"));
  EXPECT_EQ(std::count(different.output.begin(), different.output.end(), '\n'), 6);
}

TEST(Diff, ADamagedOneIsTrouble) {
  const TempFolder folder;
  record_in_process(folder.path("a"), "echo", Instant::at(5_ms), 1_ms, letters("abc"));
  std::string bytes = read_file(folder.path("a"));
  std::ofstream(folder.path("cut"), std::ios::binary) << bytes.substr(0, bytes.size() - 40);
  const Outcome cut = fermata({"diff", folder.path("a"), folder.path("cut")});
  EXPECT_EQ(cut.status, host::ExitStatus{.code = 2});
  EXPECT_THAT(cut.errors, HasSubstr("was cut: it ends at offset"));
  char& wrong = bytes[bytes.size() - 30];
  wrong = static_cast<char>(wrong ^ 1);
  std::ofstream(folder.path("damaged"), std::ios::binary) << bytes;
  const Outcome damaged = fermata({"trace", "print", folder.path("damaged")});
  EXPECT_EQ(damaged.status, host::ExitStatus{.code = 1});
  EXPECT_THAT(damaged.errors, HasSubstr("is damaged in the block at offset"));
  EXPECT_THAT(damaged.output, HasSubstr("hello"));
  EXPECT_EQ(fermata({"diff", folder.path("a"), "/nowhere/at/all"}).status, host::ExitStatus{.code = 2});
  EXPECT_EQ(fermata({"diff", folder.path("a")}).status, host::ExitStatus{.code = 2});
  const Outcome text = fermata({"trace", "print", built_program("fermata")});
  EXPECT_EQ(text.status, host::ExitStatus{.code = 1});
  EXPECT_THAT(text.errors, HasSubstr("is no recording"));
}

}  // namespace
}  // namespace fermata::recording_test
