// SPDX-License-Identifier: MIT
#include "fermata/machine/hart_group.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "fermata/machine/machine.hpp"
#include "fermata/machine/testing/programs.hpp"

namespace fermata::machine {
namespace {

using namespace time::literals;
using time::Instant;

std::string output_of(unsigned harts, const std::vector<time::Duration>& quanta) {
  trace::MemorySink trace;
  Config config;
  config.boot = testing::plan_of(testing::compare_harts(100_us), harts);
  config.trace = &trace;
  Machine machine(std::move(config));
  std::size_t next = 0;
  while (machine.now() < Instant::at(20_ms)) {
    machine.run_until(std::min(machine.now() + quanta[next++ % quanta.size()], Instant::at(20_ms)));
  }
  std::string text;
  for (const trace::Record& record : trace.records()) {
    text += to_line(record) + "\n";
  }
  return text;
}

TEST(HartGroup, HowARunIsCutDoesNotChangeWhoExecutesWhen) {
  for (const unsigned harts : {2U, 3U, 8U}) {
    const std::string whole = output_of(harts, {20_ms});
    EXPECT_GT(std::ranges::count(whole, '\n'), 100);
    EXPECT_EQ(output_of(harts, {10_us}), whole) << harts;
    EXPECT_EQ(output_of(harts, {7_us, 33_us, 1_us}), whole) << harts;
    EXPECT_EQ(output_of(harts, {999'999_ns}), whole) << harts;
  }
}

TEST(HartGroup, ATurnEndsAtItsLengthAndAHartThatWaitsGivesItUp) {
  // Hart 0 sleeps between its ticks, hart 1 has all the rest: 125 instructions a microsecond.
  Machine machine(Config{.boot = testing::plan_of(testing::compare_harts(1_ms), 2)});
  machine.run_until(Instant::at(10_ms));
  std::uint64_t count = 0;
  const auto place = machine.board().memory().ram_at(0x80010040);
  std::memcpy(&count, place->ram->data() + place->offset, sizeof count);
  // Four instructions a round; hart 0's few do not count much.
  EXPECT_GT(count, 310'000U);
  EXPECT_LT(count, 312'500U);
  EXPECT_EQ(machine.instruction_time().executed(), 1'250'000U);
}

TEST(HartGroup, AHartThatTrapsForEverLeavesTheOthersAlone) {
  // Hart 0 traps for ever, hart 1 counts.
  using namespace riscv::testing;
  const testing::Program program{csrrs(t0, 0xf14, zero), bne(t0, zero, 12), csrrw(zero, 0x305, zero), ebreak,
                                 addi(a0, a0, 1),        jal(zero, -4)};
  Machine machine(Config{.boot = testing::plan_of(program, 2)});
  EXPECT_EQ(machine.run_until(Instant::at(1_ms)).reason, StopReason::horizon);
  EXPECT_GT(machine.harts().at(1).x(10), 50'000U);
}

TEST(HartGroup, IsStuckWhereTheOthersWait) {
  using namespace riscv::testing;
  const testing::Program program{csrrs(t0, 0xf14, zero), bne(t0, zero, 12), csrrw(zero, 0x305, zero), ebreak, wfi,
                                 jal(zero, -4)};
  Machine machine(Config{.boot = testing::plan_of(program, 2)});
  EXPECT_EQ(machine.run_until(Instant::at(1_ms)).reason, StopReason::stuck);
}

TEST(HartGroup, LeavingEndsTheNextRunUntilItIsAcknowledged) {
  for (const unsigned harts : {1U, 2U}) {
    Machine machine(Config{.boot = testing::plan_of(testing::endless_loop(), harts)});
    HartGroup& group = machine.harts();
    group.acknowledge_leave();
    ASSERT_EQ(group.choose(), HartGroup::State::runnable);
    group.run(100);
    EXPECT_EQ(machine.instruction_time().executed(), 100U);
    group.leave();
    for (int i = 0; i < 3; ++i) {
      group.run(100);
      EXPECT_EQ(machine.instruction_time().executed(), 100U);
    }
    group.acknowledge_leave();
    group.run(100);
    EXPECT_EQ(machine.instruction_time().executed(), 200U);
  }
}

TEST(HartGroupDeathTest, NoHartsAreAProgrammingError) {
  EXPECT_DEATH(HartGroup(0, riscv::Hart::Ports{}), "1 to 8 harts");
}

}  // namespace
}  // namespace fermata::machine
