// SPDX-License-Identifier: MIT
//
// What is the embedded machine's own in link v1: several harts, and what its options refuse. All that both kinds of
// guest have is in tests/link_conformance.
#include <gmock/gmock.h>

#include "tests/machine/link/linked_guest.hpp"

namespace fermata::machine_test {
namespace {

using time::Duration;
using time::Instant;

// Where the guest `window` looks for it.
machine::ExternalWindow::Config board_window() {
  return {.name = "board", .range = {.begin = 0x1001'0000, .size = 0x1000}};
}

TEST(LinkedHarts, TakeTurnsAroundAStallAsAroundADevice) {
  std::pair<std::vector<std::int64_t>, Outputs> reference;
  for (const unsigned harts : {1U, 2U}) {
    for (const Duration quantum : {10_ms, 33_us}) {
      LinkedGuest guest(Kind::in_process, {.guest = "window", .windows = {board_window()}, .harts = harts});
      std::pair<std::vector<std::int64_t>, Outputs> seen;
      guest.collect(seen.second);
      guest->mmio("board").on_read([&](Instant at, std::uint64_t, unsigned) {
        seen.first.push_back(at.since_origin().ns());
        return sim::MmioValue(7, at + 12'345_ns);
      });
      guest.run_in_quanta(Instant::at(10_ms), quantum);
      if (quantum == 10_ms) {
        reference = seen;
        ASSERT_GT(seen.first.size(), 5U);
      }
      EXPECT_EQ(seen, reference) << harts << ' ' << quantum.ns();
    }
  }
}

TEST(LinkedHarts, AreKeptAheadWithoutShowingIt) {
  LinkedGuest unasked(Kind::in_process, {.guest = "time", .harts = 2});
  Outputs reference;
  unasked.collect(reference);
  unasked->run_until(Instant::at(40_ms), limit);
  ASSERT_FALSE(reference.empty());
  LinkedGuest guest(Kind::in_process, {.guest = "time", .harts = 2});
  Outputs outputs;
  guest.collect(outputs);
  guest->run_ahead(
      Instant::at(40_ms), {.quantum = 37_us, .distance = 37_us * 4}, [](Instant) {}, limit);
  EXPECT_EQ(outputs, reference);
}

TEST(LinkProgram, RefusesLinesThatTheBoardHasItself) {
  const Outcome refused = run_machine({"-bios", "none", "-kernel", guest_path("riscv64", "spin"), "-rtc", "clock=vm",
                                       "-icount", "3,sleep=off", "-link", "fd=0,lines=12"});
  EXPECT_EQ(refused.status, host::ExitStatus{.code = 1});
  EXPECT_THAT(refused.errors, ::testing::HasSubstr("PLIC source from 13 to 95"));
}

TEST(LinkProgram, RefusesWindowsWhereTheBoardHasSomething) {
  const Outcome refused = run_machine({"-bios", "none", "-kernel", guest_path("riscv64", "spin"), "-rtc", "clock=vm",
                                       "-icount", "3,sleep=off", "-link", "fd=0,windows=mine@0x10000000+8"});
  EXPECT_EQ(refused.status, host::ExitStatus{.code = 1});
  EXPECT_THAT(refused.errors, ::testing::HasSubstr("`mine`"));
  EXPECT_THAT(refused.errors, ::testing::HasSubstr("overlap `uart`"));
}

TEST(LinkProgram, ASocketThatNobodyListensAtIsNamed) {
  const Outcome refused = run_machine({"-bios", "none", "-kernel", guest_path("riscv64", "spin"), "-rtc", "clock=vm",
                                       "-icount", "3,sleep=off", "-link", "path=/nowhere/at/all"});
  EXPECT_EQ(refused.status, host::ExitStatus{.code = 1});
  EXPECT_THAT(refused.errors, ::testing::HasSubstr("nobody listens at the socket /nowhere/at/all"));
}

}  // namespace
}  // namespace fermata::machine_test
