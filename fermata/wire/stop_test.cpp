// SPDX-License-Identifier: MIT
#include "fermata/wire/stop.hpp"

#include <gtest/gtest.h>

#include <set>

namespace fermata::wire {
namespace {

TEST(StopReason, EachHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  for (const StopReason reason :
       {StopReason::horizon, StopReason::output, StopReason::mmio, StopReason::full, StopReason::user,
        StopReason::reset, StopReason::powered_off, StopReason::panicked, StopReason::error}) {
    EXPECT_TRUE(words.insert(to_string(reason)).second);
    EXPECT_NE(to_string(reason), "unknown");
  }
}

TEST(StopReason, SomeEndTheGuest) {
  EXPECT_TRUE(ends_the_guest(StopReason::powered_off));
  EXPECT_TRUE(ends_the_guest(StopReason::panicked));
  EXPECT_TRUE(ends_the_guest(StopReason::error));
  EXPECT_FALSE(ends_the_guest(StopReason::horizon));
  EXPECT_FALSE(ends_the_guest(StopReason::reset));
}

}  // namespace
}  // namespace fermata::wire
