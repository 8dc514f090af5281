// SPDX-License-Identifier: MIT
#include "fermata/host/processor.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <cstddef>

#include <thread>

namespace fermata::host {
namespace {

cpu_set_t affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
  return set;
}

void keep_on(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(processor), &set);
  EXPECT_EQ(::sched_setaffinity(0, sizeof set, &set), 0);
}

TEST(Processor, AThreadLeavesTheOneItIsOnAndMayComeBack) {
  const cpu_set_t before = affinity();
  const int start = current_processor();
  ASSERT_GE(start, 0);
  if (CPU_COUNT(&before) < 2) {
    EXPECT_FALSE(move_off(start));
    GTEST_SKIP() << "this host has one processor";
  }
  for (int i = 0; i < 100; ++i) {
    move_off(current_processor());  // false if the host moved it in between
  }
  const cpu_set_t after = affinity();
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(Processor, WhoMayBeInOnePlaceOnlyStaysThere) {
  std::thread([] {
    const int here = current_processor();
    keep_on(here);
    EXPECT_FALSE(move_off(here));
    EXPECT_EQ(current_processor(), here);
  }).join();
}

TEST(Processor, WhoIsElsewhereStays) {
  std::thread([] {
    const int here = current_processor();
    keep_on(here);
    EXPECT_FALSE(move_off(here + 1));
    EXPECT_FALSE(move_off(-1));
    EXPECT_FALSE(move_off(1'000'000));
  }).join();
}

}  // namespace
}  // namespace fermata::host
