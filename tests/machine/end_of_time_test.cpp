// SPDX-License-Identifier: MIT
//
// A guest that sleeps until shortly before 2^63 ns: the program says that time has ended, and ends.
#include <gmock/gmock.h>

#include "tests/machine/program_fixture.hpp"

namespace fermata::machine_test {
namespace {

using ::testing::HasSubstr;

Outcome sleep_until_nearly_the_end(const std::string& shift) {
  return run_machine({"-bios", "none", "-kernel", guest_path("riscv64", "bench_idle"), "-device",
                      "loader,addr=0x80100000,data=9223372036854735,data-len=8", "-icount", shift + ",sleep=off"});
}

TEST(EndOfTime, IsToldAndEndsTheProgram) {
  const Outcome outcome = sleep_until_nearly_the_end("10");
  EXPECT_EQ(outcome.status, (host::ExitStatus{.code = 1}));
  EXPECT_THAT(outcome.errors, HasSubstr("fermata-machine: virtual time has come to its end"));
}

TEST(EndOfTime, AGuestThatEndsBeforeItSeesNothingOfIt) {
  const Outcome outcome = sleep_until_nearly_the_end("0");
  EXPECT_EQ(outcome.status, host::ExitStatus{}) << outcome.errors;
  EXPECT_EQ(outcome.errors, "");
}

}  // namespace
}  // namespace fermata::machine_test
