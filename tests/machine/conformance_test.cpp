// SPDX-License-Identifier: MIT
//
// fermata-machine under a simulator's clock: exact reports at each quantum, the same output whatever the quantum.
#include "tests/machine/program_fixture.hpp"

namespace fermata::machine_test {
namespace {

class EachQuantum : public ::testing::TestWithParam<std::int64_t> {
 protected:
  [[nodiscard]] static time::Duration quantum() { return time::Duration::microseconds(GetParam()); }
  [[nodiscard]] static int count_for(time::Duration span) { return static_cast<int>(span / quantum()); }
};

INSTANTIATE_TEST_SUITE_P(Quantum, EachQuantum, ::testing::Values(10, 100, 1000, 10'000),
                         [](const auto& param_info) { return std::to_string(param_info.param) + "us"; });

TEST_P(EachQuantum, ReportsAreExactForGuestsThatComputeAndThatSleep) {
  for (const char* name : {"spin", "idle", "time"}) {
    LinkedProgram program(name);
    program.advance_exactly(quantum(), std::min(count_for(200_ms), 2000));
  }
}

TEST_P(EachQuantum, TheGuestSeesTheSameTimes) {
  // As stock QEMU prints them under the same options.
  LinkedProgram program("time");
  program.advance_exactly(quantum(), count_for(40_ms));
  EXPECT_EQ(program.output(), "t=10005200\nt=20002000\nt=30000800\n");
}

TEST_P(EachQuantum, SeveralHartsTakeTheSameTurns) {
  LinkedProgram reference("smp", {"-smp", "2"});
  reference.advance_exactly(20_ms);
  LinkedProgram program("smp", {"-smp", "2"});
  program.advance_exactly(quantum(), count_for(20_ms));
  EXPECT_EQ(program.output(), reference.output());
  EXPECT_GT(reference.output().size(), 500U);
}

TEST(Conformance, OutputIsThereWhenTheReportIs) {
  LinkedProgram program("idle");
  program.advance_exactly(100_ms);
  EXPECT_EQ(program.output(), "");
  program.advance_exactly(1_ms);
  EXPECT_EQ(program.output(), "t=100000300\n");
}

TEST(Conformance, GrantsThatComeEarlyAreAllAnswered) {
  LinkedProgram program("idle");
  for (int i = 0; i < 20; ++i) {
    program.guest().grant(3_ms);
  }
  for (int i = 1; i <= 20; ++i) {
    EXPECT_EQ(program.guest().wait(limit).now, time::Instant::at(i * 3_ms));
  }
}

TEST(Conformance, AGrantOfZeroIsAnsweredAtOnce) {
  LinkedProgram program("spin");
  program.advance_exactly(0_us);
  program.advance_exactly(1_ms);
  program.advance_exactly(0_us);
  EXPECT_EQ(program.guest().now(), time::Instant::at(1_ms));
}

TEST(Conformance, EachShiftKeepsToTheGrants) {
  for (const char* icount : {"0,sleep=off", "1,sleep=off", "10,sleep=off"}) {
    LinkedProgram program("time", {"-icount", icount});
    // At 1024 ns an instruction no quantum ends on an instruction's boundary: reports carry the rest.
    const bool is_coarse = std::string(icount).starts_with("10");
    for (int i = 1; i <= 20; ++i) {
      const sim::Report report = program.guest().advance(1_ms, limit);
      EXPECT_GE(report.elapsed, 1_ms);
      EXPECT_LE(report.overshoot, is_coarse ? 2_us : 0_us) << icount;
    }
  }
}

TEST(Conformance, TwoRunsAreByteIdentical) {
  const auto once = [] {
    LinkedProgram program("smp", {"-smp", "4"});
    program.advance_exactly(1_ms, 50);
    return program.output();
  };
  const std::string first = once();
  EXPECT_EQ(once(), first);
  EXPECT_NE(first, "");
}

}  // namespace
}  // namespace fermata::machine_test
